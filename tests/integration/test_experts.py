"""Expert assessments on a real PostgreSQL: who is heard, who is refused, and what comes of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from customs_risk import warehouse as doors
from customs_risk.commands.experts import app
from customs_risk.experts import assessors, cases
from customs_risk.experts.assessments import UnusableAssessment, assess
from customs_risk.experts.combination import combine
from customs_risk.experts.refusals import Question, Refused, UnknownDeclaration
from customs_risk.settings import Settings
from tests.integration.experts_stage import (
    BY,
    SAID,
    TODAY,
    conclude,
    expert,
    now_is,
    result,
    rows,
    says,
)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse with declarations that the model has concluded on."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute(
            """insert into intermediate.int_declarations (importer_id, declaration_id, office_code,
                declarant_id, seller_id, importer_name, hs6, goods_name, declared_value_cny,
                is_backfill, batch_id, row_no, known_at, known_on, recorded_at)
            select 'P' || n, 'D' || n, '2201', 'broker', 'S' || n, 'Secret Trading', '220421',
                'wine', 1000, false, 'b', n, '2026-06-30 12:00+08', '2026-06-30', now()
            from generate_series(1, 60) as n"""
        )
        conclude(opened, "D1", 0.2)
        now_is(opened, f"{TODAY} 09:00+08")
        yield opened


def test_a_statement_is_accepted_once_and_stands_beside_the_models(
    connection: psycopg.Connection,
) -> None:
    expert("good")
    number = says("good", low=0.4, high=0.6)
    assert says("good", low=0.4, high=0.6) == number
    assert combine() == 1
    assert combine() == 0
    ((likelihood, level, made_at, base_rate, office),) = rows(
        connection,
        """select likelihood, "level", made_at, base_rate, office_code
        from assessment.expert_assessments where assessment_id = %s""",
        number,
    )
    # nothing was inspected yet: there is no base rate to hold it against
    assert (likelihood, level, base_rate) == (pytest.approx(0.5), "high", None)
    assert (made_at.isoformat(), office) == ("2026-07-01T09:00:00+08:00", "2201")
    ((model, model_domain, experts, expert_likelihood, together, level, agreement),) = rows(
        connection,
        """select model_likelihood, model_domain_likelihood, experts, expert_likelihood, likelihood,
            "level", agreement from assessment.combined_conclusions where declaration_id = 'D1'""",
    )
    assert (model, model_domain, experts, level) == (0.2, None, 1, "high")
    assert expert_likelihood == pytest.approx(0.5) == together
    assert agreement == "single"


REFUSED = {
    "assessor_missing": None,
    "assessor_expired": {"post_until": date(2026, 6, 30)},
    "undertaking_missing": {"undertaken": None},
    "undertaking_not_yet": {"undertaken": ("2026-07-02", "2026-12-31")},
    "undertaking_expired": {"undertaken": ("2025-01-01", "2026-06-30")},
    "undertaking_revoked": {},
    "qualification_missing": {"domain": "food_safety"},
    "qualification_not_yet": {"qualified": ("2026-07-02", None)},
    "qualification_expired": {"qualified": ("2020-01-01", "2026-06-30")},
    "qualification_revoked": {},
    "conflict_declared": {},
}


@pytest.mark.parametrize("code", REFUSED)
def test_whoever_may_not_is_refused_by_the_command_and_by_the_database(
    connection: psycopg.Connection, code: str
) -> None:
    told = REFUSED[code]
    noted = {} if told is None else expert(code, **told)
    if code.endswith("revoked"):
        number = noted[code.split("_")[0]]
        assert assessors.revoke(number, on=None, by=BY, reason="it was forged")
    if code == "conflict_declared":
        assessors.declare_conflict(
            code, "S1", interest="shares", valid_from=TODAY, valid_to=None, by=BY
        )
    with pytest.raises(Refused, match=r"[\u4e00-\u9fff]") as refused:
        says(code)
    assert refused.value.code == code
    assert rows(
        connection,
        """select act, subject_key, risk_domain, reason, asked_by, refused_at::date
        from ops.expert_refusals where assessor_id = %s""",
        code,
    ) == [("assessment", "D1", "tax", code, BY, TODAY)]
    # nor does the database take it from anybody else
    with pytest.raises(psycopg.errors.CheckViolation, match=code):
        connection.execute(
            """insert into ops.expert_assessments
            select (jsonb_populate_record(accepted, jsonb_build_object(
                'assessment_id', %s::text, 'assessor_id', %s::text))).*
            from ops.expert_assessments as accepted where assessor_id = 'good'""",
            [code, code],
        )


def test_a_conflict_is_with_a_party_and_ends(connection: psycopg.Connection) -> None:
    expert("partial")
    interest = {"interest": "former employer", "valid_from": TODAY, "valid_to": None, "by": BY}
    number = assessors.declare_conflict("partial", "P2", **interest)
    with pytest.raises(Refused):
        says("partial", "D2")
    assert says("partial", "D3")
    # a party may be the subject itself
    of_party = replace(SAID, assessor_id="partial", subject_key="P2", subject_kind="party")
    with pytest.raises(Refused):
        assess(of_party, recorded_by=BY)
    assert assessors.revoke(number, on=TODAY, by=BY, reason="declared by mistake")
    assert not assessors.revoke(number, on=TODAY, by=BY, reason="again")
    with pytest.raises(assessors.UnusableCredential, match="revoked"):
        assessors.declare_conflict("partial", "P2", **interest)
    assert says("partial", "D2")
    assert assess(of_party, recorded_by=BY)


def test_a_renewed_undertaking_lets_an_assessor_speak_again_and_the_old_one_stays(
    connection: psycopg.Connection,
) -> None:
    expert("renewed", undertaken=("2025-07-01", "2026-06-30"))
    with pytest.raises(Refused, match="expired"):
        says("renewed")
    told = {"covers": "personal", "document_sha256": "cd" * 32, "by": BY}
    renewed = {"signed_on": TODAY, "valid_to": date(2027, 6, 30), **told}
    number = assessors.undertake("renewed", **renewed)
    assert assessors.undertake("renewed", **renewed) == number
    assert says("renewed")
    periods = "select valid_from::text from ops.assessor_undertakings where assessor_id = 'renewed'"
    assert sorted(rows(connection, periods)) == [("2025-07-01",), ("2026-07-01",)]

    # a change of post is a later registration: the earlier one stays, and does not outlive it
    post = {"name": "王 芳", "organisation": "GACC", "valid_from": date(2026, 6, 1), "by": BY}
    assessors.add("renewed", "internal", post="audit", valid_to=TODAY, **post)
    with pytest.raises(assessors.UnusableCredential, match="registered"):
        assessors.add("renewed", "internal", post="other", valid_to=None, **post)
    shown = """select post, organisation, undertaken_to::text, risk_domains, is_eligible
        from assessment.assessors where assessor_id = 'renewed'"""
    assert rows(connection, shown) == [("audit", "GACC", "2027-06-30", ["tax"], True)]
    refusal = "select ops.assessor_refusal('renewed', 'tax', 'declaration', 'D1', %s)"
    for day, expected in (("2025-08-01", None), ("2026-07-01", None), ("2026-07-02", "expired")):
        ((code,),) = rows(connection, refusal, day)
        assert code == (expected and f"assessor_{expected}")


def test_what_cannot_be_so_is_not_noted() -> None:
    noted = {"title": "t", "issuer": "i", "issued_number": "n", "valid_from": TODAY, "by": BY}
    for name, domains, wrong in (
        ("nobody", ("tax",), {"valid_to": None}),
        ("good", ("luck",), {"valid_to": None}),
        ("good", (), {"valid_to": None}),
        ("good", ("tax",), {"valid_to": date(2026, 6, 1)}),
        ("good", ("tax",), {"valid_to": None, "issuer": ""}),
    ):
        with pytest.raises(assessors.UnusableCredential):
            assessors.qualify(name, domains, **(noted | wrong))
    with pytest.raises(assessors.UnusableCredential):
        assessors.revoke("good", on=None, by=BY, reason=" ")
    for wrong in (
        {"likelihood_low": 0.7}, {"likelihood_high": 1.2}, {"evidence": ()}, {"causes_zh": " "}
    ):  # fmt: skip
        with pytest.raises(UnusableAssessment):
            assess(replace(SAID, **wrong), recorded_by=BY)
    with pytest.raises(UnknownDeclaration):
        says("good", "D999")


def test_a_case_file_holds_what_the_undertaking_covers_and_is_logged(
    connection: psycopg.Connection,
) -> None:
    expert("outsider", undertaken=None)
    question = Question("outsider", "D1", "tax")
    with pytest.raises(Refused):
        cases.hand_out(question, asked_by=BY)
    assert rows(
        connection, "select act from ops.expert_refusals where assessor_id = 'outsider'"
    ) == [("case",)]
    period = {"signed_on": TODAY, "valid_to": TODAY, "by": BY, "document_sha256": "ef" * 32}
    assessors.undertake("outsider", covers="internal", **period)
    told = cases.hand_out(question, asked_by=BY).document().decode()
    assert "wine" in told and "Secret Trading" not in told and "P1" not in told
    assert "declared_value_cny" in json.loads(told)["withheld"]["declaration_lines"]
    # neither the model's word nor any result is in it, whatever is covered
    assessors.undertake("outsider", covers="restricted", **period)
    told = cases.hand_out(question, asked_by=BY).document().decode()
    assert "Secret Trading" in told and "likelihood" not in told
    log = rows(
        connection,
        "select mart, class, query from access.log where reader = 'outsider' order by read_id",
    )
    assert [entry[:2] for entry in log] == [
        ("core.declarations", "internal"), ("core.declaration_lines", "internal"),
        ("core.declarations", "restricted"), ("core.declaration_lines", "restricted"),
    ]  # fmt: skip
    assert all("case file of D1, sha256" in query and BY in query for *_, query in log)


def test_what_experts_and_the_model_say_is_combined_anew_when_it_changes(
    connection: psycopg.Connection,
) -> None:
    noted = expert("heard")
    says("heard", "D4", 0.4)
    combine()
    # the newest word of an assessor counts
    says("heard", "D4", 0.9)
    assert combine() == 1
    combined = """select combination_no, experts, round(likelihood::numeric, 2)::float8, agreement
        from assessment.combined_conclusions where declaration_id = 'D4'"""
    assert rows(connection, combined) == [(2, 1, 0.9, "single")]
    conclude(connection, "D4", 0.3)
    assert combine() == 1
    # whose undertaking was broken is not heard any more, and what was combined stays
    assessors.revoke(noted["undertaking"], on=None, by=BY, reason="broken")
    assert combine() == 1
    assert rows(connection, combined) == [(4, 0, None, "none")]
    history = "select count(*) from ml.combined_conclusions where declaration_id = 'D4'"
    assert rows(connection, history) == [(4,)]
    ((told,),) = rows(
        connection,
        "select expert_statements from assessment.combined_conclusions where declaration_id = 'D4'",
    )
    assert (told[0]["weight"], told[0]["refusal"]) == (0, "undertaking_revoked")


def test_the_track_record_is_of_what_was_foreseen_and_known_before_today(
    connection: psycopg.Connection,
) -> None:
    expert("seer")
    expert("fool")
    # 20 results of the past: half of them found something, and half of that was about tax
    for number in range(21, 41):
        kind = ("undervaluation", "ipr", None, None)[number % 4]
        result(connection, number, "2026-07-01 18:00+08", kind)
    now_is(connection, "2026-07-02 09:00+08")
    truth = {number: number % 2 == 0 for number in range(41, 59)}
    for number, is_found in truth.items():
        says("seer", f"D{number}", 0.9 if is_found else 0.05)
        says("fool", f"D{number}", 0.05 if is_found else 0.9)
    ((base_rate,),) = rows(
        connection,
        "select distinct base_rate from assessment.expert_assessments where assessor_id = 'seer'",
    )
    # (10 + ½) of (20 + 1) inspections found something, and (5 + ½) of (10 + ½ × 5) of it was of tax
    assert base_rate == pytest.approx(10.5 / 21 * 5.5 / 12.5)
    # what is not coded tells nothing, what is of another domain is no violation of this one
    for number, is_found in truth.items():
        kind = {57: "?", 55: "ipr"}.get(number, "undervaluation" if is_found else None)
        result(connection, number, "2026-07-03 15:00+08", kind)
    now_is(connection, "2026-07-03 20:00+08")
    skills = """select assessor_id, cases, brier_skill from assessment.assessors
        where assessor_id in ('fool', 'seer') order by assessor_id"""
    assert rows(connection, skills) == [("fool", 0, None), ("seer", 0, None)]
    # whoever speaks when the result is known foresaw nothing, and takes nothing back
    says("fool", "D42", 0.9)
    now_is(connection, "2026-07-04 09:00+08")
    (fool, seer) = rows(connection, skills)
    assert fool[1] == seer[1] == 17
    assert fool[2] < 0 < seer[2]
    outcomes = [is_found for number, is_found in truth.items() if number != 57]
    reference = sum((base_rate - found) ** 2 for found in outcomes) / 17
    told = sum(((0.9 if found else 0.05) - found) ** 2 for found in outcomes) / 17
    assert seer[2] == pytest.approx(1 - told / reference)

    conclude(connection, "D60", 0.4)
    for name, likelihood in (("seer", 0.05), ("fool", 0.5), ("good", 0.9)):
        says(name, "D60", likelihood)
    # where results are known there is nothing to combine any more
    assert combine() > 0
    ((statements, model_part, agreement),) = rows(
        connection,
        """select expert_statements, model_domain_likelihood, agreement
        from assessment.combined_conclusions where declaration_id = 'D60'""",
    )
    weights = {each["assessor_id"]: each["weight"] for each in statements}
    assert weights["good"] == pytest.approx(0.1)
    assert weights["fool"] == 0 < weights["good"] < weights["seer"]
    assert 0 < model_part < 0.4
    assert agreement == "contradictory"
    resolved = [f"D{number}" for number in truth]
    late = "select count(*) from ml.combined_conclusions where declaration_id = any(%s)"
    assert rows(connection, late, resolved) == [(0,)]


def customs_risk(line: str) -> Result:
    return CliRunner().invoke(app, line.split())


def test_an_assessor_is_registered_asked_and_heard_on_the_command_line(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    document, file = tmp_path / "undertaking.pdf", tmp_path / "case.json"
    document.write_bytes(b"signed")
    assess_it = (
        "assess E1 D5 --domain tax --severity serious --level high --factors f --factors-zh 因素"
        " --causes c --causes-zh 原因 --evidence e --method m --by li.na --likelihood "
    )
    for line in (
        "add E1 --kind external_expert --name 陈静 --organisation SJTU"
        " --from 2026-01-01 --by li.na",
        f"undertaking E1 --document {document} --signed-on 2026-01-01"
        " --until 2026-12-31 --by li.na",
        "qualify E1 --domain tax --domain ipr --title valuer --issuer CAA --number 42"
        " --from 2026-01-01 --by li.na",
        f"{assess_it} 0.2-0.5",
        f"case D5 --for E1 --domain ipr --by li.na --to {file}",
    ):
        told = customs_risk(line)
        assert told.exit_code == 0, told.output
    assert rows(
        connection,
        """select experts, expert_statements -> 0 ->> 'assessor_id'
        from assessment.combined_conclusions where declaration_id = 'D5'""",
    ) == [(1, "E1")]
    assert json.loads(file.read_text(encoding="utf-8"))["declaration_id"] == "D5"
    odd = customs_risk(f"{assess_it} likely")
    assert (odd.exit_code, "0.2-0.5" in odd.output) == (2, True)

    case = "case D5 --for E1 --domain ipr --by li.na"
    seen = customs_risk(case).output
    assert "wine" in seen and "Secret Trading" in seen
    declared = customs_risk("conflict E1 P5 --interest adviser --from 2026-07-01 --by li.na")
    number = declared.output.split(":")[0]
    refused = customs_risk(case).exception
    assert isinstance(refused, Refused) and "利益冲突" in str(refused)
    assert "E1" in customs_risk("list --domain ipr").output
    assert "E1" not in customs_risk("list --domain food_safety").output
    shown = customs_risk("show E1").output
    assert all(each in shown for each in ("0.2-0.5", "valuer", "利益冲突", number))
    ended = f"revoke {number} --by li.na --reason ended"
    assert [customs_risk(ended).exit_code for _ in range(2)] == [0, 1]
