"""The standing rules: what follows from evidence, and what ends when it ceases."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import psycopg
import pytest

from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.treat import approvals, measures
from customs_risk.treat.standing import propose_measures, rules
from tests.integration.measures_stage import (
    OTHER,
    POST,
    TODAY,
    ZONE,
    inspect,
    now_is,
    rows,
    state,
)

pytestmark = pytest.mark.timeout(900)
DAY = TODAY.date()
NUMBERS = iter(range(1, 10_000))
OF_RULE = """
    select measure_id, kind, action, subject_kind, risk_domain from treatment.measures
    where rule_code = %s and subject_key = %s order by kind_no, action
"""


@pytest.fixture
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        yield opened


def results(
    connection: psycopg.Connection,
    party: str,
    on: date,
    *findings: str | None,
    **goods: str,
) -> None:
    for finding in findings:
        inspect(connection, next(NUMBERS), party, on, finding, **goods)


def later(connection: psycopg.Connection, days: float) -> date:
    """Let some days pass since the beginning; return the business day."""
    now_is(connection, TODAY + timedelta(days=days))
    return (TODAY + timedelta(days=days)).date()


def of_rule(connection: psycopg.Connection, rule: str, subject: str) -> list[tuple[str, ...]]:
    return rows(connection, OF_RULE, rule, subject)


def test_repeated_findings_raise_the_frequency_and_ask_for_a_guarantee(
    connection: psycopg.Connection,
) -> None:
    later(connection, 0)
    week_ago = DAY - timedelta(days=7)
    # what is usual: one in twenty
    results(connection, "crowd", week_ago, *([None] * 190), *(["ipr"] * 10))
    results(connection, "taxes", week_ago, *(["undervaluation"] * 4), None, None)
    results(connection, "brands", week_ago, *(["ipr"] * 4), None, None)
    # too few, too long ago, and many but no more than others for all that was inspected
    results(connection, "few", week_ago, *(["ipr"] * 3))
    results(connection, "past", DAY - timedelta(days=91), *(["ipr"] * 6))
    assert propose_measures() == 3
    assert propose_measures() == 0
    found = [row[1:] for row in of_rule(connection, "repeated_findings", "taxes")]
    assert found == [
        ("control", "set_frequency", "party", "tax"),
        ("conformity", "require_guarantee", "party", "tax"),
    ]
    # a guarantee of duty is nothing against an infringement
    assert [row[1] for row in of_rule(connection, "repeated_findings", "brands")] == ["control"]
    assert not any(
        of_rule(connection, "repeated_findings", each) for each in ("few", "past", "crowd")
    )
    ((words, evidence, ends_at),) = rows(
        connection,
        """select reason_en || reason_zh, evidence, ends_at from treatment.measures
        where rule_code = 'repeated_findings' and subject_key = 'brands'""",
    )
    assert "4 findings" in words and "66.7" in words and "查获" in words
    assert len(evidence["declarations"]) == 4
    assert ends_at == TODAY + timedelta(days=60)
    assert rows(
        connection,
        """select class_kind, class_key, inspection_probability
        from intermediate.int_mandatory_classes
        where class_key in ('taxes', 'brands') order by class_key""",
    ) == [("importer", "brands", 1), ("importer", "taxes", 1)]


def test_clean_inspections_lift_a_measure_and_its_evidence_is_not_used_again(
    connection: psycopg.Connection,
) -> None:
    (control, *_) = of_rule(connection, "repeated_findings", "brands")[0]
    day = later(connection, 10)
    results(connection, "brands", day - timedelta(days=1), *([None] * 11))
    propose_measures()
    assert state(connection, control) == "in_force"
    results(connection, "brands", day - timedelta(days=1), None)
    propose_measures()
    assert state(connection, control) == "lifted"
    ((reason,),) = rows(
        connection, "select lift_reason from ops.measures where measure_id = %s", control
    )
    assert "12 inspections" in reason and "12次" in reason
    # the four findings of before are still within the window, and carry no second measure
    assert len(of_rule(connection, "repeated_findings", "brands")) == 1
    results(connection, "brands", later(connection, 12) - timedelta(days=1), *(["ipr"] * 6))
    # six new ones in 24 inspections: more than twice the usual, which is 27 in 233
    assert propose_measures() == 1
    assert len(of_rule(connection, "repeated_findings", "brands")) == 2


def test_corrected_findings_carry_nothing(connection: psycopg.Connection) -> None:
    day = later(connection, 13)
    results(connection, "wronged", day - timedelta(days=1), *(["food_safety"] * 4), hs6="040210")
    propose_measures()
    (control, *_) = of_rule(connection, "repeated_findings", "wronged")[0]
    assert state(connection, control) == "in_force"
    connection.execute(
        """update intermediate.int_inspection_versions
        set has_finding = false, finding_type = null where importer_id = 'wronged'"""
    )
    propose_measures()
    assert state(connection, control) == "lifted"
    # the restriction of the goods rested on the same, and is withdrawn before anybody answered
    goods = of_rule(connection, "unsafe_goods", "040210|FR")
    assert [state(connection, each[0]) for each in goods] == ["lifted", "lifted"]
    assert rows(
        connection,
        """select status from treatment.approvals
        where subject_id = any(%s)""",
        [each[0] for each in goods],
    ) == [("withdrawn",)]


def test_unsafe_goods_wait_to_be_restricted_and_are_inspected_meanwhile(
    connection: psycopg.Connection,
) -> None:
    day = later(connection, 14)
    for party in ("one", "two"):
        results(connection, party, day - timedelta(days=1), "food_safety", hs6="160100")
    propose_measures()
    found = of_rule(connection, "unsafe_goods", "160100|FR")
    assert [row[1:4] for row in found] == [
        ("control", "set_frequency", "commodity_origin"),
        ("entry_exit", "restrict", "commodity_origin"),
    ]
    assert [state(connection, row[0]) for row in found] == ["in_force", "waiting"]


def test_false_declarations_suspend_after_a_persons_word_and_a_refusal_settles_it(
    connection: psycopg.Connection,
) -> None:
    day = later(connection, 15)
    yesterday = day - timedelta(days=1)
    results(connection, "false", yesterday, *(["false_origin"] * 8))
    # as many as it takes, in too small a share of what was inspected
    results(connection, "mistaken", yesterday, *(["false_origin"] * 7), *([None] * 17))
    propose_measures()
    assert not of_rule(connection, "false_declarations", "mistaken")
    found = of_rule(connection, "false_declarations", "false")
    assert [row[1:3] for row in found] == [
        ("qualification", "suspend"), ("formalities", "suspend"),
    ]  # fmt: skip
    numbers = rows(
        connection,
        "select approval_id from ops.approvals where subject_id = any(%s)",
        [row[0] for row in found],
    )
    now_is(connection, TODAY + timedelta(days=15, hours=1))
    for (number,) in numbers:
        approvals.answer(number, "refuse", by=OTHER, post=POST, reason="it has explained itself")
    assert propose_measures() == 0
    assert [state(connection, row[0]) for row in found] == ["refused", "refused"]


def test_a_party_that_is_found_again_is_asked_for_a_plan(connection: psycopg.Connection) -> None:
    (control, *_) = of_rule(connection, "repeated_findings", "taxes")[0]
    assert state(connection, control) == "in_force"
    day = later(connection, 20)
    results(connection, "taxes", day - timedelta(days=1), "undervaluation", "false_origin")
    propose_measures()
    ((_, kind, action, *_),) = of_rule(connection, "found_again", "taxes")
    assert (kind, action) == ("other", "require_plan")


def outbreak(connection: psycopg.Connection, name: str, *, is_in_force: bool = True) -> None:
    connection.execute(
        """insert into intermediate.int_latest_signals (signal_id, feed, channel, risk_domain,
            subject_type, country, hs, title, severity, is_adverse, is_in_force, happened_on,
            event_key, known_at, known_on, batch_id, row_no, recorded_at)
        values (%(name)s, 'wahis_events', 1, 'biosecurity', 'goods', %(name)s, '0203',
            'African swine fever', 'high', true, %(is)s, '2026-07-10', %(name)s, %(at)s,
            '2026-07-10', 's', 1, now())
        on conflict (signal_id) do update set is_in_force = excluded.is_in_force""",
        {"name": name, "is": is_in_force, "at": datetime(2026, 7, 10, 9, tzinfo=ZONE)},
    )


def test_an_outbreak_asks_for_quarantine_and_warns_until_it_is_over(
    connection: psycopg.Connection,
) -> None:
    later(connection, 21)
    outbreak(connection, "PL")
    propose_measures()
    found = of_rule(connection, "outbreak", "PL")
    assert [row[1:4] for row in found] == [
        ("conformity", "require_quarantine", "country"), ("warning", "issue", "country"),
    ]  # fmt: skip
    ((scope,),) = rows(
        connection, "select scope from treatment.measures where measure_id = %s", found[0][0]
    )
    assert scope == {"hs": ["0203"]}
    later(connection, 22)
    outbreak(connection, "PL", is_in_force=False)
    propose_measures()
    assert [state(connection, row[0]) for row in found] == ["lifted", "lifted"]


def test_no_more_subjects_at_once_than_there_is_room_for(connection: psycopg.Connection) -> None:
    later(connection, 23)
    most = rules()["rules"]["outbreak"]["most"]
    for number in range(most + 5):
        outbreak(connection, f"Z{number:02}")
    propose_measures()
    query = """select count(distinct subject_key) from treatment.measures
        where rule_code = 'outbreak' and is_in_force"""
    assert rows(connection, query) == [(most,)]
    # where one is lifted, the next takes its place
    ((number,),) = rows(
        connection,
        """select measure_id from treatment.measures
        where rule_code = 'outbreak' and is_in_force and action = 'issue'
        order by subject_key limit 1""",
    )
    measures.lift(number, by=OTHER, reason="over")
    assert propose_measures() == 0, "its quarantine still stands"
