"""Measures on a real PostgreSQL: what has effect, from when, and what never changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from typer.testing import CliRunner

from customs_risk import warehouse as doors
from customs_risk.commands.measures import app
from customs_risk.settings import Settings
from customs_risk.treat import approvals, measures
from customs_risk.treat.measures import Proposal, UnusableMeasure
from tests.integration.measures_stage import (
    BY,
    GUARANTEE,
    OTHER,
    POST,
    SUSPENSION,
    TODAY,
    inspect,
    now_is,
    propose_on,
    rows,
    state,
)

pytestmark = pytest.mark.timeout(900)
ALL_KINDS = "select kind, action, needs_approval from ops.measure_actions order by kind_no, action"


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        now_is(opened, TODAY)
        yield opened


def approve(connection: psycopg.Connection, measure: str) -> None:
    ((number,),) = rows(
        connection,
        """select approval_id from ops.approvals
        where subject_id = %s and answered_at is null and withdrawn_at is null""",
        measure,
    )
    approvals.answer(number, "approve", by=OTHER, post=POST, reason="right")


def told(connection: psycopg.Connection, measure: str) -> list[str]:
    """Return what the outbox told of a measure, in order."""
    query = """select payload ->> 'event' from ops.outbox
        where kind = 'measure' and subject_id = %s order by enqueued_at, message_id"""
    return [event for (event,) in rows(connection, query, measure)]


def test_each_of_the_seven_kinds_works_and_what_must_wait_waits(
    connection: psycopg.Connection,
) -> None:
    actions = rows(connection, ALL_KINDS)
    assert len({kind for kind, *_ in actions}) == 7
    for kind, action, needs_approval in actions:
        of = replace(GUARANTEE, kind=kind, action=action)
        number = propose_on(f"{kind}-{action}", of)
        assert state(connection, number) == ("waiting" if needs_approval else "in_force")
        assert told(connection, number) == ([] if needs_approval else ["begins"])
        ((kind_no, basis),) = rows(
            connection,
            "select kind_no, legal_basis from treatment.measures where measure_id = %s",
            number,
        )
        assert f"第（{'一二三四五六七'[kind_no - 1]}）项" in basis
    # what suspends, restricts, prohibits, cancels or publishes, and nothing can be done by anybody
    waiting = {f"{kind} {action}" for kind, action, needs in actions if needs}
    assert waiting >= {
        "qualification suspend", "qualification cancel", "entry_exit restrict",
        "entry_exit prohibit", "formalities suspend", "formalities refuse", "warning publish",
    }  # fmt: skip


def test_a_measure_has_effect_from_its_approval_and_not_before(
    connection: psycopg.Connection,
) -> None:
    number = propose_on("late", SUSPENSION)
    now_is(connection, TODAY + timedelta(days=1))
    assert state(connection, number) == "waiting"
    approve(connection, number)
    ((began, starts),) = rows(
        connection,
        "select effective_from, starts_at from ops.measure_states where measure_id = %s",
        number,
    )
    assert began == TODAY + timedelta(days=1) > starts
    assert state(connection, number) == "in_force"
    # and one that is to start later is planned until then
    later = propose_on("later", starts_at=TODAY + timedelta(days=3))
    assert state(connection, later) == "planned"


def test_what_was_written_is_never_changed(connection: psycopg.Connection) -> None:
    number = propose_on("written")
    for change in ("set value_after = '{}'", "set reason_en = 'other'", "set ends_at = null"):
        with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
            connection.execute(f"update ops.measures {change} where measure_id = '{number}'")
    with pytest.raises(psycopg.errors.RaiseException, match="only ever added"):
        connection.execute("delete from ops.measures where measure_id = %s", [number])
    measures.lift(number, by=OTHER, reason="paid")
    with pytest.raises(psycopg.errors.RaiseException, match="noted once"):
        connection.execute(
            "update ops.measures set lift_reason = 'x' where measure_id = %s", [number]
        )


def test_a_measure_is_adjusted_by_another_and_both_stay(connection: psycopg.Connection) -> None:
    first = propose_on("adjusted")
    now_is(connection, TODAY + timedelta(days=2))
    words = {"by": OTHER, "reason_en": "less is enough", "reason_zh": "可降低"}
    second = measures.adjust(first, value_after={"guarantee_pct_of_duty": 50}, **words)
    assert (state(connection, first), state(connection, second)) == ("superseded", "in_force")
    ((before, after, supersedes),) = rows(
        connection,
        """select value_before, value_after, supersedes from treatment.measures
        where measure_id = %s""",
        second,
    )
    assert (before["guarantee_pct_of_duty"], after["guarantee_pct_of_duty"]) == (100, 50)
    assert supersedes == first
    assert told(connection, second) == ["adjusted"]
    with pytest.raises(UnusableMeasure, match="superseded already"):
        measures.adjust(first, value_after={"guarantee_pct_of_duty": 10}, **words)
    with pytest.raises(UnusableMeasure, match="nothing would change"):
        measures.adjust(second, value_after={"guarantee_pct_of_duty": 50}, **words)


def test_the_old_one_holds_until_what_adjusts_it_is_approved(
    connection: psycopg.Connection,
) -> None:
    first = propose_on("kept", SUSPENSION)
    approve(connection, first)
    words = {"by": BY, "reason_en": "longer", "reason_zh": "延长"}
    second = measures.adjust(first, ends_at=TODAY + timedelta(days=90), **words)
    assert (state(connection, first), state(connection, second)) == ("in_force", "waiting")
    with pytest.raises(UnusableMeasure, match="take its place"):
        measures.adjust(first, ends_at=TODAY + timedelta(days=80), **words)
    ((number,),) = rows(
        connection, "select approval_id from ops.approvals where subject_id = %s", second
    )
    approvals.answer(number, "refuse", by=OTHER, post=POST, reason="long enough")
    assert (state(connection, first), state(connection, second)) == ("in_force", "refused")
    # and another one may be proposed in its place
    third = measures.adjust(first, ends_at=TODAY + timedelta(days=40), **words)
    approve(connection, third)
    assert (state(connection, first), state(connection, third)) == ("superseded", "in_force")


def test_lifting_ends_a_measure_and_withdraws_one_that_waits(
    connection: psycopg.Connection,
) -> None:
    number, waiting = propose_on("lifted"), propose_on("lifted", SUSPENSION)
    now_is(connection, TODAY + timedelta(days=4))
    for each in (number, waiting):
        measures.lift(each, by=BY, reason="paid in full 已缴清")
        assert state(connection, each) == "lifted"
        with pytest.raises(UnusableMeasure, match="lifted already"):
            measures.lift(each, by=BY, reason="again")
    assert told(connection, number) == ["begins", "lifted"]
    # nobody is told of the end of what never began, or asked about it any more
    assert told(connection, waiting) == []
    assert rows(
        connection, "select status from treatment.approvals where subject_id = %s", waiting
    ) == [("withdrawn",)]


def test_measures_overlap_and_each_tells_what_came_of_it(connection: psycopg.Connection) -> None:
    now_is(connection, TODAY + timedelta(days=5))
    day = (TODAY + timedelta(days=5)).date()
    control = {
        "kind": "control", "action": "set_frequency",
        "value_before": {"inspection_probability": None},
        "value_after": {"inspection_probability": 1},
    }  # fmt: skip
    party = propose_on("overlap", **control)
    guarantee = propose_on("overlap")
    goods = propose_on("220421|CL", **control, subject_kind="commodity_origin")
    inspect(connection, 1, "overlap", day, "undervaluation", origin="CL")
    inspect(connection, 2, "overlap", day, "ipr")
    inspect(connection, 3, "another", day, None, origin="CL")
    # before any of them had effect
    inspect(connection, 4, "overlap", day - timedelta(days=1), "undervaluation", origin="CL")
    query = """select inspections, findings, findings_of_domain, revenue_cny
        from treatment.measures where measure_id = %s"""
    assert rows(connection, query, party) == rows(connection, query, guarantee) == [(2, 2, 1, 200)]
    assert rows(connection, query, goods) == [(2, 1, 1, 100)]
    # selection meets those that set a frequency, each as a class of its own
    classes = """select class_kind, class_key, inspection_probability
        from intermediate.int_mandatory_classes where measure_id = any(%s) order by class_kind"""
    assert rows(connection, classes, [party, guarantee, goods]) == [
        ("commodity_origin", "220421|CL", 1),
        ("importer", "overlap", 1),
    ]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"kind": "control", "action": "prohibit"}, "knows no such measure"),
        ({"evidence": {}}, "rests on evidence"),
        ({"reason_zh": " "}, "both languages"),
        ({"value_after": GUARANTEE.value_before}, "changes something"),
        ({"ends_at": TODAY - timedelta(days=1)}, "ends after"),
        ({"risk_domain": "luck"}, "risk_domain"),
    ],
)
def test_what_cannot_be_so_is_refused(
    connection: psycopg.Connection, wrong: dict[str, object], why: str
) -> None:
    with pytest.raises(UnusableMeasure, match=why):
        propose_on("wrong", replace(GUARANTEE, **wrong))


def test_the_same_is_proposed_once_a_day(connection: psycopg.Connection) -> None:
    proposal: Proposal = replace(GUARANTEE, subject_key="once", ends_at=None)
    measures.propose(proposal, by=BY)
    with pytest.raises(UnusableMeasure, match="proposed today"):
        measures.propose(proposal, by=BY)


def test_measures_are_handled_on_the_command_line(connection: psycopg.Connection) -> None:
    def customs_risk(*line: str) -> str:
        result = CliRunner().invoke(app, line)
        assert result.exit_code == 0, result.output
        return result.output

    words = ["--reason", "why", "--reason-zh", "理由", "--by", BY]
    number = customs_risk(
        "propose", "conformity", "require_quarantine", "--domain", "biosecurity",
        "--on", "country", "--subject", "XX", "--before", '{"quarantine": "usual"}',
        "--after", '{"quarantine": "each"}', "--evidence", "WAHIS 1", "--until", "2026-09-01",
        *words,
    ).split(":")[0]  # fmt: skip
    assert "in_force" in customs_risk("list", "--subject", "XX")
    second = customs_risk("adjust", number, "--until", "2026-08-01", *words).split(":")[0]
    customs_risk("lift", second, "--by", BY, "--reason", "over")
    assert number not in customs_risk("list", "--subject", "XX")
    assert number in customs_risk("list", "--subject", "XX", "--all")
    assert "prohibit" in customs_risk("actions")
    odd = CliRunner().invoke(app, ["adjust", second, "--after", "50", *words])
    assert odd.exit_code == 2
