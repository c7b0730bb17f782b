"""Rebuttals (Article 15): from what a party hands in to the adjusted measure."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.commands.rebuttals import app
from customs_risk.oversight.alarms import raise_alarms
from customs_risk.settings import Settings, settings
from customs_risk.treat import measures, policy, rebuttals
from customs_risk.treat.rebuttals import Document, UnusableRebuttal
from tests.integration.measures_stage import (
    BY,
    GUARANTEE,
    OTHER,
    SUSPENSION,
    TODAY,
    inspect,
    now_is,
    propose_on,
    rows,
    state,
)

pytestmark = pytest.mark.timeout(900)
PROOF = (Document("report.pdf", "ab" * 32, "laboratory_report"),)
WORDS = {"by": OTHER, "review_en": "the payments match", "review_zh": "付汇与申报一致"}
SAID = {"claim": "low", "statement": "我司付汇凭证齐全", "by": BY}


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        now_is(opened, TODAY)
        yield opened


def case(connection: psycopg.Connection, number: str) -> tuple[object, ...]:
    ((*told,),) = rows(
        connection,
        """select status, documents, reviewed_by, reviewed_as, adjusted_measure_id is not null
        from treatment.rebuttals where rebuttal_id = %s""",
        number,
    )
    return tuple(told)


def test_a_rebuttal_adjusts_the_measure_and_the_party_is_told(
    connection: psycopg.Connection,
) -> None:
    measure = propose_on("P1")
    number = rebuttals.receive(measure, "P1", documents=PROOF, **SAID)
    assert case(connection, number)[:2] == ("open", 1)
    adjusted = rebuttals.review(
        number, "adjusted", value_after={"guarantee_pct_of_duty": 40}, **WORDS
    )
    assert adjusted
    assert (state(connection, measure), state(connection, adjusted)) == ("superseded", "in_force")
    ((after, evidence, supersedes),) = rows(
        connection,
        "select value_after, evidence, supersedes from treatment.measures where measure_id = %s",
        adjusted,
    )
    assert (after, supersedes) == ({"guarantee_pct_of_duty": 40}, measure)
    assert evidence["rebuttal"] == number
    assert case(connection, number) == ("adjusted", 1, OTHER, "person", True)
    told = rows(
        connection,
        """select payload ->> 'event', payload ->> 'message' from ops.outbox
        where kind = 'measure' and payload ->> 'addressee' = 'P1' order by message_id""",
    )
    assert {event for event, _ in told} == {"begins", "adjusted", "rebuttal_adjusted"}
    assert all("一" in message or "付汇" in message for _, message in told)
    with pytest.raises(UnusableRebuttal, match="no open case"):
        rebuttals.review(number, "lifted", **WORDS)


def test_whoever_proposed_the_measure_does_not_review_it(connection: psycopg.Connection) -> None:
    measure = propose_on("P2")
    number = rebuttals.receive(measure, "P2", documents=PROOF, **SAID)
    with pytest.raises(UnusableRebuttal, match="cannot review"):
        rebuttals.review(number, "lifted", **(WORDS | {"by": BY}))
    # and nothing of it was kept
    assert (state(connection, measure), case(connection, number)[0]) == ("in_force", "open")
    with pytest.raises(UnusableRebuttal, match="both languages"):
        rebuttals.review(number, "lifted", **(WORDS | {"review_zh": " "}))
    with pytest.raises(measures.UnusableMeasure, match="nothing would change"):
        rebuttals.review(number, "adjusted", **WORDS)
    rebuttals.review(number, "lifted", **WORDS)
    assert (state(connection, measure), case(connection, number)[0]) == ("lifted", "lifted")


def test_what_cannot_be_looked_into_is_noted_with_why(connection: psycopg.Connection) -> None:
    measure, waiting = propose_on("P3"), propose_on("P3", SUSPENSION)
    for number, party, documents, why in (
        ("M-0", "P3", PROOF, "no such measure"),
        (waiting, "P3", PROOF, "not in force"),
        (measure, "P4", PROOF, "another party"),
        (measure, "P3", (), "nothing was handed in"),
    ):
        with pytest.raises(UnusableRebuttal, match=why):
            rebuttals.receive(number, party, documents=documents, **SAID)
    noted = """select refusal, status from treatment.rebuttals
        where party_id in ('P3', 'P4') order by refusal"""
    assert rows(connection, noted) == [
        ("no_evidence", "refused"), ("no_such_measure", "refused"),
        ("not_concerned", "refused"), ("not_in_force", "refused"),
    ]  # fmt: skip


def deliver(home: Settings, name: str, *submissions: dict[str, object]) -> None:
    folder = home.inbox / "rebuttals"
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in submissions)
    (folder / f"rebuttals_{name}.ndjson").write_text(lines, encoding="utf-8")
    steps.collect("rebuttals")


def submission(measure: str, party: str, at: str, *digests: str, **told: object) -> dict:
    documents = [{"name": "凭证.pdf", "kind": "payment", "sha256": each} for each in digests]
    return {
        "measure_id": measure, "party_id": party, "submitted_at": f"2026-06-30T{at}+08:00",
        "claim": "absent", "statement": "无此风险", "documents": documents, **told,
    }  # fmt: skip


def test_what_parties_deliver_opens_one_case_and_adds_to_it(
    connection: psycopg.Connection, standing_warehouse: Settings
) -> None:
    measure, other = propose_on("P5"), propose_on("P6")
    deliver(
        standing_warehouse, "20260701T091000",
        submission(measure, "P5", "10:00:00", "11" * 32),
        submission(measure, "P5", "11:00:00", "22" * 32),
        # what is no digest proves nothing
        submission(other, "P6", "10:00:00", "x"),
    )  # fmt: skip
    assert rebuttals.take_in() == 2
    assert rebuttals.take_in() == 0
    found = """select party_id, status, documents, refusal from treatment.rebuttals
        where party_id in ('P5', 'P6') order by party_id, opened_at"""
    assert rows(connection, found) == [("P5", "open", 2, None), ("P6", "refused", 0, "no_evidence")]
    deliver(
        standing_warehouse, "20260701T092000",
        submission(measure, "P5", "12:00:00", "22" * 32, "33" * 32),
    )  # fmt: skip
    assert rebuttals.take_in() == 0
    assert rows(connection, found)[0] == ("P5", "open", 3, None)


def test_a_case_that_nobody_reviews_in_time_is_an_alarm(connection: psycopg.Connection) -> None:
    measure = propose_on("P7")
    number = rebuttals.receive(measure, "P7", documents=PROOF, **SAID)
    now_is(connection, TODAY + timedelta(days=15))
    raise_alarms()
    alarm = (
        "select cleared_at is null from ops.alarms where kind = 'overdue_rebuttal' and subject = %s"
    )
    assert rows(connection, alarm, number) == [(True,)]
    assert case(connection, number)[0] == "overdue"
    rebuttals.review(number, "upheld", **WORDS)
    raise_alarms()
    assert rows(connection, alarm, number) == [(False,)]
    assert state(connection, measure) == "in_force"


def test_the_policy_weighs_what_inspections_found_and_marks_it(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOMS_RISK_APPROVALS", "policy")
    settings.cache_clear()
    day = (TODAY + timedelta(days=10)).date()
    # of everybody one in ten has something; of one the same, of another a quarter, of a third all
    for n in range(300):
        inspect(connection, 1000 + n, "crowd", day, "undervaluation" if n % 10 == 0 else None)
    for party, found, of in (("usual", 3, 30), ("raised", 7, 30), ("bad", 15, 15)):
        for n in range(of):
            kind = "undervaluation" if n < found else "ipr"
            inspect(connection, 2000 + 100 * ord(party[0]) + n, party, day, kind)
    proposed = {party: propose_on(party, by="rule:x") for party in ("usual", "raised", "bad")}
    words = propose_on(
        "raised", GUARANTEE, by="rule:x", action="require_conformity",
        value_before={"proof": "none"}, value_after={"proof": "each"},
    )  # fmt: skip
    cases = {
        number: rebuttals.receive(measure, party, documents=PROOF, **SAID)
        for number, (party, measure) in enumerate([*proposed.items(), ("raised", words)])
    }
    policy.review_waiting()
    settings.cache_clear()
    outcomes = [case(connection, number) for number in cases.values()]
    assert [outcome for outcome, *_ in outcomes] == ["lifted", "adjusted", "upheld", "adjusted"]
    assert {(by, marked) for _, _, by, marked, _ in outcomes} == {("policy:rebuttals", "policy")}
    adjusted = """select value_after, ends_at from treatment.measures where supersedes = %s"""
    ((halved, end),) = rows(connection, adjusted, proposed["raised"])
    assert (halved, end) == ({"guarantee_pct_of_duty": 50}, GUARANTEE.ends_at)
    # what has no figure ends in half the time that was left: of 60 days 15 are gone
    ((same, end),) = rows(connection, adjusted, words)
    assert (same, end) == ({"proof": "each"}, TODAY + timedelta(days=37, hours=12))
    assert state(connection, proposed["bad"]) == "in_force"


def test_rebuttals_are_handled_on_the_command_line(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    document = tmp_path / "invoice.pdf"
    document.write_bytes(b"invoice")
    measure = propose_on("P9")

    def customs_risk(*line: str) -> str:
        result = CliRunner().invoke(app, line)
        assert result.exit_code == 0, result.output
        return result.output

    number = customs_risk(
        "receive", measure, "P9", "--claim", "low", "--statement", "s", "--document",
        str(document), "--by", BY,
    ).split(":")[0]  # fmt: skip
    assert number in customs_risk("list")
    assert "invoice.pdf" in customs_risk("show", number)
    customs_risk(
        "review", number, "adjusted", "--after", '{"guarantee_pct_of_duty": 30}', "--by", OTHER,
        "--reason", "partly", "--reason-zh", "部分成立",
    )  # fmt: skip
    assert number not in customs_risk("list")
    assert case(connection, number)[0] == "adjusted"
