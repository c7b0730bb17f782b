"""Effectiveness reviews on a real PostgreSQL: evidence, verdict, approval, and what came of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.commands.reports import app as reports
from customs_risk.commands.reviews import app
from customs_risk.feedback.reviews import follow
from customs_risk.feedback.reviews.step import MonthNotOver, review
from customs_risk.sandbox import analysts
from customs_risk.settings import Settings, settings
from customs_risk.treat import approvals, policy
from customs_risk.treat.measures import Proposal
from customs_risk.treat.parameters import store
from customs_risk.treat.reports.step import make_monthly_report
from tests.integration.measures_stage import GUARANTEE, POST, ZONE, now_is, propose_on, rows
from tests.integration.parameters_stage import ASKED, OFFICERS
from tests.integration.reviews_stage import MONTH, REVIEWED, Trade, activated, declared, hit

pytestmark = pytest.mark.timeout(900)

BEFORE = MONTH - timedelta(days=30)
METRICS = """
    insert into intermediate.int_metric_values (metric_code, cohort_kind, cohort_on, cohort_to,
        dimension, dimension_value, numerator, denominator, value, low, high, recorded_at)
    select code, 'month', date '2026-06-01', date '2026-06-30', 'all', 'all', hits, 4000,
        hits / 4000.0, hits / 5000.0, hits / 3000.0, now()
    from (values ('find_rate', 1234), ('inspection_rate', 387)) as told (code, hits)
"""
PLAN = replace(
    GUARANTEE,
    kind="other",
    action="require_plan",
    value_before={"compliance_plan": "not asked for"},
    value_after={"compliance_plan": "due"},
    ends_at=datetime(2026, 12, 1, tzinfo=ZONE),
)
LASTING: Proposal = replace(GUARANTEE, ends_at=datetime(2026, 12, 1, tzinfo=ZONE))


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse with a June behind it, reviewed on the 8th of July."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        now_is(opened, datetime(2026, 4, 1, 9, tzinfo=ZONE))
        for officer, unit in OFFICERS.items():
            store.appoint(officer, unit, valid_from=date(2026, 1, 1), valid_to=None, by="admin")
        for name in ("FINDS", "EMPTY", "LITTLE", "SILENT", "CHANCE"):
            activated(name)
        now_is(opened, datetime(2026, 6, 1, 0, tzinfo=ZONE))
        for party, of in (("STUBBORN", PLAN), ("CLEAN", LASTING), ("BETTER", LASTING)):
            propose_on(party, of)
        # one in four random inspections finds something
        declared(opened, Trade("random", each=10, finds=4))
        # half of what FINDS claims is found; of the two places a day, one was a better ranked one's
        declared(
            opened,
            Trade("wine", hs6="220421", selected_by="parameter", finds=2, claim_key="FINDS v1"),
        )
        declared(opened, Trade("passed", selected_by="none", probability=0.1, each=3))
        hit(opened, "FINDS", "wine")
        declared(opened, Trade("shoes", selected_by="targeted"))
        hit(opened, "EMPTY", "shoes")
        declared(opened, Trade("few", selected_by="targeted", days=10, each=1, finds=2))
        hit(opened, "LITTLE", "few")
        declared(opened, Trade("many", selected_by="targeted", each=20, finds=4))
        hit(opened, "CHANCE", "many")
        for party, before, after in (("STUBBORN", 2, 2), ("CLEAN", 2, 0), ("BETTER", 1, 4)):
            trade = Trade(party, importer=party, selected_by="targeted")
            declared(opened, replace(trade, name=f"{party}0", from_on=BEFORE, finds=before))
            declared(opened, replace(trade, name=f"{party}1", finds=after))
        now_is(opened, REVIEWED)
        yield opened


@pytest.fixture(scope="module")
def reviewed(connection: psycopg.Connection) -> dict[str, dict[str, object]]:
    """Review June, and return what the mart says of each subject."""
    assert review(MONTH) == 8
    return said(connection, MONTH)


def said(connection: psycopg.Connection, month: date) -> dict[str, dict[str, object]]:
    """Return what the mart says, by parameter and by the party that a measure is on."""
    found = rows(
        connection,
        """select coalesce(measures.subject_key, reviews.subject_id), to_jsonb(reviews)
        from feedback.reviews left join ops.measures on measure_id = subject_id
        where month_on = %s""",
        month,
    )
    return dict(found)


def printed_text(file: Path) -> str:
    """Return what a print says, without what cells break lines by."""
    text = "".join(sheet.extract_text() for sheet in PdfReader(file).pages)
    # this reader tells the two bytes of a letter apart
    return "".join(text.replace("\x00", "").split())


def asked(connection: psycopg.Connection, review_id: object) -> str:
    ((number,),) = rows(
        connection, "select approval_id from ops.approvals where subject_id = %s", review_id
    )
    return str(number)


def test_each_subject_has_the_verdict_that_its_figures_ask_for(
    reviewed: dict[str, dict[str, object]],
) -> None:
    verdicts = {name: (each["verdict"], each["rule_code"]) for name, each in reviewed.items()}
    assert verdicts == {
        "FINDS": ("keep", "finds_more_than_chance"),
        "EMPTY": ("drop", "finds_nothing"),
        "LITTLE": ("keep", "too_little_evidence"),
        "SILENT": ("drop", "hits_nothing"),
        "CHANCE": ("change", "no_better_than_chance"),
        "STUBBORN": ("change", "no_effect"),
        "CLEAN": ("drop", "risk_is_gone"),
        "BETTER": ("keep", "compliance_rose"),
    }
    for each in reviewed.values():
        assert (each["status"] == "kept") == (each["verdict"] == "keep")
        assert (each["approval_id"] is None) == (each["verdict"] == "keep")
    assert reviewed["CHANCE"]["change"] == {"measure": "document_review"}
    assert "10 inspected of 10 hits" in str(reviewed["LITTLE"]["reason_en"])


def test_the_figures_are_what_a_hand_computes(reviewed: dict[str, dict[str, object]]) -> None:
    finds = reviewed["FINDS"]
    assert (finds["hits"], finds["inspected"], finds["findings"]) == (60, 60, 30)
    assert finds["expected_precision"] == 0.5
    assert (finds["random_inspected"], finds["random_findings"]) == (300, 75)
    assert finds["random_rate"] == pytest.approx(0.25)
    assert finds["lift"] == pytest.approx(2)
    assert (finds["officer_hours"], finds["revenue_cny"]) == (120, 30_000)
    assert (finds["claimed_inspections"], finds["claimed_findings"]) == (60, 30)
    # thirty days, one each, of a likelihood of a tenth
    assert finds["findings_displaced"] == pytest.approx(3)
    assert (finds["from_on"], finds["to_on"]) == ("2026-04-02", "2026-06-30")
    assert finds["days_in_force"] == 91
    assert finds["compliance_before"] is None
    better = reviewed["BETTER"]
    assert (better["hits_before"], better["inspected_before"]) == (60, 60)
    assert (better["compliance_before"], better["compliance_after"]) == (0, 0.75)
    assert better["compliance_change"] == 0.75
    assert 0.6 < float(str(better["compliance_change_low"])) < 0.75


def test_a_month_is_reviewed_once_and_not_before_its_results_are_back(
    connection: psycopg.Connection, reviewed: dict[str, dict[str, object]]
) -> None:
    assert review(MONTH) == 0 and review() == 0
    with pytest.raises(MonthNotOver, match="2026-08-07"):
        review(date(2026, 7, 15))
    assert len(said(connection, MONTH)) == len(reviewed)


def test_what_is_approved_is_carried_out_and_what_is_refused_stays(
    connection: psycopg.Connection, reviewed: dict[str, dict[str, object]]
) -> None:
    assert follow.follow() == 0
    for name in ("EMPTY", "CHANCE", "STUBBORN", "CLEAN"):
        number = asked(connection, reviewed[name]["review_id"])
        approvals.answer(number, "approve", by="li", post=POST, reason="the figures are clear")
    number = asked(connection, reviewed["SILENT"]["review_id"])
    approvals.answer(number, "refuse", by="li", post=POST, reason="the season has not begun")
    assert follow.follow() == 5
    assert follow.follow() == 0
    now = said(connection, MONTH)
    assert {name: now[name]["status"] for name in now} == {
        "EMPTY": "carried_out", "CHANCE": "carried_out", "STUBBORN": "carried_out",
        "CLEAN": "carried_out", "SILENT": "refused", "FINDS": "kept", "LITTLE": "kept",
        "BETTER": "kept",
    }  # fmt: skip
    assert now["SILENT"]["outcome_reason"] == "the season has not begun"
    states = dict(
        rows(connection, "select parameter_id || version, state from ops.parameter_states")
    )
    assert (states["EMPTY1"], states["SILENT1"]) == ("withdrawn", "activated")
    assert (states["CHANCE1"], states["CHANCE2"]) == ("activated", "proposed")
    assert now["CHANCE"]["became"] == "CHANCE v2"
    assert rows(
        connection,
        """select measure, proposed_by from ops.parameter_versions
        where parameter_id = 'CHANCE' and version = 2""",
    ) == [("document_review", "li")]
    assert rows(
        connection,
        """select subject_key, kind, action, state, supersedes from treatment.measures
        where subject_key in ('STUBBORN', 'CLEAN') and state in ('in_force', 'lifted')
        order by subject_key""",
    ) == [
        ("CLEAN", "conformity", "require_guarantee", "lifted", None),
        ("STUBBORN", "control", "set_frequency", "in_force", now["STUBBORN"]["subject_id"]),
    ]


def test_the_next_review_says_what_came_of_it(
    connection: psycopg.Connection, reviewed: dict[str, dict[str, object]]
) -> None:
    now_is(connection, REVIEWED + timedelta(days=31))
    # both of the party's measures, and nothing that was never activated
    assert review() == 9
    july = said(connection, date(2026, 7, 1))
    for name, outcome in (
        ("EMPTY", "carried_out"),
        ("SILENT", "refused"),
        ("CLEAN", "carried_out"),
    ):
        assert july[name]["previous_review_id"] == reviewed[name]["review_id"]
        assert july[name]["previous_outcome"] == outcome
    assert (july["EMPTY"]["verdict"], july["EMPTY"]["rule_code"]) == ("keep", "over")
    assert (july["SILENT"]["verdict"], july["SILENT"]["status"]) == ("drop", "waiting")
    assert str(july["SILENT"]["reason_en"]).endswith("recommended to drop it: it was refused")
    # of the party's two measures the one that adjusts the other knows what was said of it
    of_party = rows(
        connection,
        """select reviews.previous_verdict, reviews.rule_code from feedback.reviews
        inner join ops.measures on measure_id = subject_id
        where month_on = '2026-07-01' and subject_key = 'STUBBORN' order by rule_code""",
    )
    assert [previous for previous, _ in of_party] == ["change", "change"]
    # nobody answers: the next review asks anew, and the old question is taken back
    now_is(connection, REVIEWED + timedelta(days=62))
    review()
    follow.follow()
    assert said(connection, date(2026, 7, 1))["SILENT"]["outcome"] == "lapsed"
    assert said(connection, date(2026, 8, 1))["SILENT"]["status"] == "waiting"


def test_who_may_not_is_told_and_the_subject_stands(
    connection: psycopg.Connection, reviewed: dict[str, dict[str, object]]
) -> None:
    august = said(connection, date(2026, 8, 1))
    number = asked(connection, august["SILENT"]["review_id"])
    approvals.answer(number, "approve", by="nobody", post=POST, reason="fine")
    assert follow.follow() == 1
    now = said(connection, date(2026, 8, 1))["SILENT"]
    assert now["outcome"] == "hindered" and "acts for no unit" in str(now["outcome_reason"])
    assert rows(
        connection, "select state from ops.parameter_states where parameter_id = 'SILENT'"
    ) == [("activated",)]


def test_management_reads_what_the_marts_say(
    connection: psycopg.Connection, reviewed: dict[str, dict[str, object]]
) -> None:
    connection.execute(METRICS)
    files = {file.suffix: file for file in make_monthly_report(MONTH)}
    assert files[".pdf"].name == "R2026M06-all.v1.pdf"
    text = printed_text(files[".pdf"])
    page = "".join(files[".html"].read_text(encoding="utf-8").split())
    figures = rows(
        connection,
        """select name_zh, numerator, value from feedback.metrics
        inner join feedback.metric_definitions using (metric_code)
        where cohort_kind = 'month' and cohort_on = %s and dimension = 'all'
            and metric_code in ('find_rate', 'inspection_rate')""",
        MONTH,
    )
    assert len(figures) == 2
    for name, numerator, value in figures:
        for words in (name, f"{numerator:,.0f}", f"{100 * value:.1f}%"):
            assert words in text and words in page
    reviews = rows(
        connection,
        """select subject_id, status, hits, expected_precision, precision_low, precision_high
        from feedback.reviews where month_on = %s and verdict <> 'keep'""",
        MONTH,
    )
    assert len(reviews) == 5
    for subject, status, hits, share, low, high in reviews:
        assert subject in text and status.replace("_", "") in text and str(hits) in text
        if share is not None:
            assert f"{100 * share:.1f}%" in text
        assert f"{100 * low:.1f}%–{100 * high:.1f}%" in text
    assert rows(connection, "select kind, risk_domain, recipient_id from treatment.reports") == [
        ("monthly", "all", "gacc_risk")
    ]


def test_the_step_does_a_month_once(
    connection: psycopg.Connection, reviewed: dict[str, dict[str, object]]
) -> None:
    # August was reviewed; feedback knows nothing of it yet, so nobody is told
    assert steps.review() == 0
    reports = "select report_id, version from ops.reports where period_from = '2026-08-01'"
    assert rows(connection, reports) == []
    connection.execute(METRICS.replace("2026-06", "2026-08"))
    for _ in range(2):
        assert steps.review() == 0
        assert rows(connection, reports) == [("R2026M08-all", 1)]
    assert rows(
        connection,
        """select subject_id, dispatched_at is not null from ops.outbox
        where kind = 'report' order by 1""",
    ) == [("R2026M06-all", True), ("R2026M08-all", True)]


def test_people_run_list_and_read_reviews(
    connection: psycopg.Connection, reviewed: dict[str, dict[str, object]]
) -> None:
    runner = CliRunner()
    assert "0 reviewed" in runner.invoke(app, ["run", "--month", "2026-06"]).output
    early = runner.invoke(app, ["run", "--month", "2026-09"])
    assert early.exit_code == 2
    listed = runner.invoke(app, ["list", "--month", "2026-06"]).output
    assert "EMPTY v1" in listed and "carried_out" in listed and "FINDS" not in listed
    assert "FINDS v1" in runner.invoke(app, ["list", "--month", "2026-06", "--all"]).output
    number = str(reviewed["SILENT"]["review_id"])
    shown = runner.invoke(app, ["show", number[:-2]]).output
    assert "hits_nothing" in shown and "the season has not begun" in shown
    assert runner.invoke(app, ["show", "RV-"]).exit_code == 1
    made = runner.invoke(reports, ["make", "--month", "2026-06"])
    assert made.exit_code == 0 and "R2026M06-all.v" in made.output
    both = runner.invoke(reports, ["make", "--month", "2026-06", "--week", "2026-W26"])
    assert both.exit_code == 2


def test_in_the_sandbox_the_policy_answers_and_analysts_activate_what_it_proposed(
    connection: psycopg.Connection,
    reviewed: dict[str, dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_is(connection, REVIEWED + timedelta(days=93))
    # they register themselves, and the policy, for the department
    analysts.work()
    review()
    monkeypatch.setenv("CUSTOMS_RISK_APPROVALS", "policy")
    settings.cache_clear()
    assert policy.answer_waiting() > 0
    follow.follow()
    september = said(connection, date(2026, 9, 1))["SILENT"]
    assert (september["outcome"], september["outcome_by"]) == ("carried_out", policy.ANSWERS)
    monkeypatch.undo()
    settings.cache_clear()
    days = {"starts_on": date(2026, 10, 1), "review_on": date(2026, 12, 1)}
    proposal = replace(ASKED, parameter_id="SBX-PRICE", jurisdiction=("gacc",), **days)
    version = store.propose(proposal, by=policy.ANSWERS)
    analysts.work()
    assert rows(
        connection,
        """select version, state from ops.parameter_states
        where parameter_id = 'SBX-PRICE' order by version""",
    ) == [(version - 1, "withdrawn"), (version, "activated")]


def test_a_review_is_never_changed(
    connection: psycopg.Connection, reviewed: dict[str, dict[str, object]]
) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        connection.execute("update ops.reviews set verdict = 'keep', change = null")
