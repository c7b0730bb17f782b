"""What waits for a person: who may answer, and what happens when nobody does."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.commands.approvals import app
from customs_risk.oversight.alarms import raise_alarms
from customs_risk.settings import Settings, settings
from customs_risk.treat import approvals, policy
from customs_risk.treat.approvals import Question, Unanswerable
from tests.integration.measures_stage import (
    BY,
    OTHER,
    POST,
    SUSPENSION,
    TODAY,
    now_is,
    propose_on,
    rows,
    state,
)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        now_is(opened, TODAY)
        yield opened


@pytest.fixture
def policy_speaks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CUSTOMS_RISK_APPROVALS", "policy")
    settings.cache_clear()
    yield
    settings.cache_clear()


def asked_of(connection: psycopg.Connection, subject: str) -> str:
    ((number,),) = rows(
        connection, "select approval_id from ops.approvals where subject_id = %s", subject
    )
    return number


def answer_of(connection: psycopg.Connection, number: str) -> tuple[Any, ...]:
    ((*told,),) = rows(
        connection,
        """select status, answered_by, answered_post, answered_as
        from treatment.approvals where approval_id = %s""",
        number,
    )
    return tuple(told)


def test_nobody_approves_what_they_asked_for_or_from_a_post_that_may_not(
    connection: psycopg.Connection,
) -> None:
    measure = propose_on("eyes", SUSPENSION)
    number = asked_of(connection, measure)
    for by, post, why in (
        (BY, POST, "asked for it"),
        (OTHER, "local_post", "may not answer"),
        (OTHER, None, "may not answer"),
    ):
        with pytest.raises(Unanswerable, match=why):
            approvals.answer(number, "approve", by=by, post=post, reason="right")
    with pytest.raises(Unanswerable, match="reason"):
        approvals.answer(number, "approve", by=OTHER, post=POST, reason=" ")
    assert state(connection, measure) == "waiting"
    approvals.answer(number, "approve", by=OTHER, post="gacc_department", reason="right")
    with pytest.raises(Unanswerable, match="no open question"):
        approvals.answer(number, "refuse", by=OTHER, post=POST, reason="too late")
    assert answer_of(connection, number) == ("approve", OTHER, "gacc_department", "person")
    with pytest.raises(psycopg.errors.RaiseException, match="noted once"):
        connection.execute(
            "update ops.approvals set answer = 'refuse' where approval_id = %s", [number]
        )


def test_what_is_refused_never_has_effect(connection: psycopg.Connection) -> None:
    measure = propose_on("refused", SUSPENSION)
    number = asked_of(connection, measure)
    approvals.answer(number, "refuse", by=OTHER, post=POST, reason="too grave")
    now_is(connection, TODAY + timedelta(days=1))
    assert state(connection, measure) == "refused"
    assert rows(connection, "select count(*) from ops.outbox where subject_id = %s", measure) == [
        (0,)
    ]


def test_what_nobody_answers_goes_up_and_is_an_alarm_until_somebody_does(
    connection: psycopg.Connection,
) -> None:
    measure = propose_on("overdue", SUSPENSION)
    number = asked_of(connection, measure)
    alarm = """select recipient, cleared_at is null from ops.alarms
        where kind = 'overdue_approval' and subject = %s"""
    raise_alarms()
    assert approvals.escalate_due() == 0
    assert rows(connection, alarm, number) == []
    now_is(connection, TODAY + timedelta(days=8))
    assert approvals.escalate_due() >= 1
    assert approvals.escalate_due() == 0
    raise_alarms()
    assert rows(connection, alarm, number) == [("gacc_department", True)]
    assert rows(
        connection,
        """select payload ->> 'addressee' from ops.outbox
        where kind = 'warning' and subject_id = %s""",
        number,
    ) == [("gacc_department",)]
    # nobody's silence lets a measure have effect
    assert state(connection, measure) == "waiting"
    approvals.answer(number, "approve", by=OTHER, post="gacc_department", reason="late")
    raise_alarms()
    assert rows(connection, alarm, number) == [("gacc_department", False)]


def test_a_question_is_due_after_business_days() -> None:
    friday = TODAY + timedelta(days=2)
    assert approvals.due_in(friday, 1) == friday + timedelta(days=3)
    assert approvals.due_in(TODAY, 2) == friday


@pytest.mark.usefixtures("policy_speaks")
def test_the_policy_marks_its_answers_and_leaves_the_gravest_to_people(
    connection: psycopg.Connection,
) -> None:
    ruled = {"rule_code": "false_declarations", "ends_at": TODAY + timedelta(days=30)}
    follows = propose_on("policy", SUSPENSION, by="rule:false_declarations", **ruled)
    of_a_person = propose_on("policy2", SUSPENSION)
    grave = propose_on("policy3", SUSPENSION, by="rule:x", **(ruled | {"action": "cancel"}))
    endless = propose_on("policy4", SUSPENSION, by="rule:x", **(ruled | {"ends_at": None}))
    for subject, recommended in (("OK", "approve"), ("NO", "refuse"), ("?", None)):
        question = Question(
            "parameter_activation", subject, "activate?", "启用？", BY, TODAY + timedelta(days=30),
            recommended=recommended, recommendation=recommended and "back-test 回测",
        )  # fmt: skip
        with doors.connect() as opened:
            approvals.ask(opened, [question])
    policy.answer_waiting()
    assert answer_of(connection, asked_of(connection, follows)) == (
        "approve", "policy:approvals", None, "policy",
    )  # fmt: skip
    assert state(connection, follows) == "in_force"
    answers = {each: answer_of(connection, asked_of(connection, each))[0] for each in ("OK", "NO")}
    assert answers == {"OK": "approve", "NO": "refuse"}
    for waits in (of_a_person, grave, endless, "?"):
        assert answer_of(connection, asked_of(connection, waits))[0] in {"open", "overdue"}, waits
    assert policy.answer_waiting() == 0


def test_in_service_nobody_answers_but_people(connection: psycopg.Connection) -> None:
    ruled = {"rule_code": "false_declarations", "ends_at": TODAY + timedelta(days=30)}
    measure = propose_on("people", SUSPENSION, by="rule:false_declarations", **ruled)
    assert Settings.model_fields["approvals"].default == "people"
    assert (policy.answer_waiting(), policy.review_waiting()) == (0, 0)
    assert state(connection, measure) == "waiting"


def form(choice: str, **params: str | None) -> dict[str, Any]:
    """Return what Airflow's operator returns for a form."""
    return {
        "chosen_options": [choice],
        "params_input": params,
        "responded_by_user": {"id": "7", "name": OTHER},
    }


def test_airflow_asks_what_is_open_and_its_answer_is_taken_once(
    connection: psycopg.Connection,
) -> None:
    measure = propose_on("airflow", SUSPENSION)
    number = asked_of(connection, measure)
    (asked,) = [each for each in steps.questions() if each["approval_id"] == number]
    assert "暂停资质" in asked["subject"] and POST in asked["body"]
    # silence, and a form without a reason, answer nothing: it is asked again
    assert "later" in steps.take_answer(number, form("Later 稍后"))
    assert "reason" in steps.take_answer(number, form("Approve 批准", reason=" ", post=None))
    assert "may not" in steps.take_answer(number, form("Approve 批准", reason="r", post="local"))
    assert number in {each["approval_id"] for each in steps.questions()}
    told = steps.take_answer(number, form("Approve 批准", reason="right", post=""))
    assert told == f"{number}: Approve 批准"
    # the only post that is asked needs no naming
    assert answer_of(connection, number) == ("approve", OTHER, POST, "person")
    assert "no open question" in steps.take_answer(number, form("Refuse 不批准", reason="no"))
    assert state(connection, measure) == "in_force"


def test_approvals_are_answered_on_the_command_line(connection: psycopg.Connection) -> None:
    numbers = [asked_of(connection, propose_on(each, SUSPENSION)) for each in ("cli1", "cli2")]
    for number, verb in zip(numbers, ("approve", "refuse"), strict=True):
        line = [verb, number, "--by", OTHER, "--post", POST, "--reason", "seen"]
        assert number in CliRunner().invoke(app, ["list"]).output
        assert CliRunner().invoke(app, line).exit_code == 0
        assert number not in CliRunner().invoke(app, ["list"]).output
        assert number in CliRunner().invoke(app, ["list", "--all"]).output
        assert answer_of(connection, number)[0] == verb
