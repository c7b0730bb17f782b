"""Emergency plans, their activations and drills (Order 271, Article 17).

A plan may be asked to start while cause, severity and scope of the event are unknown; what becomes
known is added. It starts when the approval that it asks for is given. A drill goes the same way,
but tells nobody outside: its messages are of a kind of their own, for one addressee of the house.
"""

from datetime import datetime
from typing import Any, Literal, get_args

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.experts.vocabulary import Severity
from customs_risk.treat import outbox
from customs_risk.treat.approvals import Question
from customs_risk.treat.numbers import numbered
from customs_risk.treat.plans import publish

Answer = Literal["approve", "refuse"]
AnsweredAs = Literal["person", "policy"]

_NEWEST_PLAN = """
select plan_version, coalesce((plan ->> 'approve_within_hours')::float8, 2)
from ops.emergency_plans
where plan_id = %s
order by plan_version desc
limit 1
"""

_ASK = """
insert into ops.approvals (
    approval_id, matter, subject_id, question_en, question_zh, recommended, recommendation,
    asked_at, asked_by, needed_posts, escalates_to, due_at
)
values (
    %(approval_id)s, 'emergency_activation', %(activation_id)s,
    'Start the emergency plan: ' || %(event_en)s, '是否启动应急预案：' || %(event_zh)s,
    case when %(is_drill)s then 'approve' end,
    case when %(is_drill)s then '演练，不产生对外效力 / a drill: nothing leaves the house' end,
    %(moment)s, %(by)s, %(posts)s, %(above)s,
    %(moment)s + %(approve_within_hours)s * interval '1 hour'
)
on conflict (approval_id) do nothing
"""

_REQUEST = """
insert into ops.emergency_activations (
    activation_id, plan_id, plan_version, is_drill, event_en, event_zh, requested_at, requested_by,
    reason, approval_id
)
values (
    %(activation_id)s, %(plan_id)s, %(plan_version)s, %(is_drill)s, %(event_en)s, %(event_zh)s,
    %(moment)s, %(by)s, %(reason)s, %(approval_id)s
)
on conflict (activation_id) do nothing
"""

_UPDATE = """
insert into ops.emergency_updates (
    activation_id, update_no, noted_at, noted_by, cause_en, cause_zh, severity, scope_en, scope_zh,
    note
)
select
    activations.activation_id,
    1 + (
        select count(*) from ops.emergency_updates as earlier
        where earlier.activation_id = activations.activation_id
    ),
    %(moment)s, %(by)s, %(cause_en)s, %(cause_zh)s, %(severity)s, %(scope_en)s, %(scope_zh)s,
    %(note)s
from ops.emergency_activations as activations
where
    activations.activation_id = %(activation_id)s
    and activations.refused_at is null
    and activations.stood_down_at is null
"""

_ANSWER = """
update ops.approvals
set
    answered_at = %(moment)s, answer = %(answer)s, answered_by = %(by)s, answered_as = %(as)s,
    answered_post = case %(as)s when 'person' then needed_posts[1] end, reason = %(reason)s
where
    matter = 'emergency_activation'
    and subject_id = %(activation_id)s
    and answered_at is null
"""

# what an answer brings: the plan starts, or never does
_SETTLE = """
update ops.emergency_activations as activations
set
    started_at = case when approvals.answer = 'approve' then approvals.answered_at end,
    refused_at = case when approvals.answer <> 'approve' then approvals.answered_at end
from ops.approvals
where
    approvals.approval_id = activations.approval_id
    and approvals.answered_at is not null
    and activations.started_at is null
    and activations.refused_at is null
"""

_STARTED = """
    from ops.emergency_activations as activations
    inner join ops.emergency_plans as plans using (plan_id, plan_version)
    cross join lateral jsonb_array_elements(plans.plan -> '{part}') with ordinality
        as part (told, part_no)
    where
        activations.started_at is not null
        and activations.stood_down_at is null
    on conflict do nothing
"""

_MEASURES = f"""
    insert into ops.emergency_measures (
        activation_id, measure_no, measure_item, measure_en, measure_zh, wanted_by, starts_at,
        ends_at
    )
    select
        activations.activation_id, part.part_no, (part.told ->> 'item')::int,
        part.told #>> '{{what,en}}', part.told #>> '{{what,zh}}', activations.requested_by,
        activations.started_at,
        activations.started_at + (part.told ->> 'hours')::float8 * interval '1 hour'
    {_STARTED.format(part="measures")}
"""

_STEPS = f"""
    insert into ops.emergency_steps (
        activation_id, step_no, responsible_role, step_en, step_zh, due_at
    )
    select
        activations.activation_id, part.part_no, part.told ->> 'role',
        part.told #>> '{{what,en}}', part.told #>> '{{what,zh}}',
        activations.started_at + (part.told ->> 'within_hours')::float8 * interval '1 hour'
    {_STARTED.format(part="steps")}
"""


class UnusableEmergency(ValueError):  # noqa: N818 - reads as what is wrong
    """What is said of an emergency cannot be so; the message says why."""


def request(
    plan_id: str,
    *,
    event_en: str,
    event_zh: str,
    by: str,
    reason: str,
    is_drill: bool = False,
    severity: Severity | None = None,
    cause: tuple[str, str] | None = None,
    scope: tuple[str, str] | None = None,
) -> str:
    """Ask for a plan to start and return the number of the activation; it waits for an approval.

    ``cause`` and ``scope`` are told in English and Chinese; None says that they are unknown, as
    does None of ``severity``. Asking the same again on the same day is the same activation.

    Raises:
        UnusableEmergency: there is no such plan, or event, reason or who asks are not told.
    """
    if not (event_en.strip() and event_zh.strip() and by.strip() and reason.strip()):
        raise UnusableEmergency(
            "an activation tells the event in both languages, who asks and why"
            " 启动请求须写明事件、请求人与理由"
        )
    with warehouse.connect() as connection:
        publish(connection)
        plan = connection.execute(_NEWEST_PLAN, [plan_id]).fetchone()
        if plan is None:
            raise UnusableEmergency(f"there is no emergency plan {plan_id!r} 无此应急预案")
        moment = clock.present(connection)
        number = numbered("DR" if is_drill else "EA", clock.business_day(moment), plan_id, event_zh)
        told = {
            "activation_id": number,
            "approval_id": f"emergency_activation:{number}",
            "plan_id": plan_id,
            "plan_version": plan[0],
            "approve_within_hours": plan[1],
            "is_drill": is_drill,
            "event_en": event_en,
            "event_zh": event_zh,
            "moment": moment,
            "by": by,
            "reason": reason,
            "posts": list(Question.needed_posts),
            "above": Question.escalates_to,
        }
        connection.execute(_ASK, told)
        if connection.execute(_REQUEST, told).rowcount:
            _learn(connection, number, moment, by, severity, cause, scope, None)
    return number


def answer(
    activation_id: str, given: Answer, *, by: str, reason: str, answered_as: AnsweredAs
) -> bool:
    """Answer the approval that an activation waits for; return whether it waited.

    Raises:
        UnusableEmergency: the answer is neither of the two, or no reason is given.
    """
    if given not in get_args(Answer) or not reason.strip():
        raise UnusableEmergency(
            f"an answer is approve or refuse, with a reason: {given!r} 须答复同意或不同意并说明理由"
        )
    told: dict[str, Any] = {
        "activation_id": activation_id,
        "answer": given,
        "as": answered_as,
        "reason": reason,
    }
    with warehouse.connect() as connection:
        told |= {"by": by, "moment": clock.present(connection)}
        was_waiting = connection.execute(_ANSWER, told).rowcount == 1
        settle(connection)
    return was_waiting


def settle(connection: Connection) -> int:
    """Start what was approved, end what was refused; return how many activations that was.

    Whoever answers approvals calls it in the same transaction: an approved activation has its
    measures, its steps with their deadlines, and its messages in the outbox.
    """
    settled = connection.execute(_SETTLE).rowcount
    connection.execute(_MEASURES)
    connection.execute(_STEPS)
    for kind in ("emergency", "drill"):
        outbox.enqueue(connection, kind)
    return settled


def learn(
    activation_id: str,
    *,
    by: str,
    severity: Severity | None = None,
    cause: tuple[str, str] | None = None,
    scope: tuple[str, str] | None = None,
    note: str | None = None,
) -> bool:
    """Add what has become known of the event; return whether the activation lasts."""
    if not (severity or cause or scope or note):
        raise UnusableEmergency("an update tells something new 更新须有新的内容")
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        return _learn(connection, activation_id, moment, by, severity, cause, scope, note)


def _learn(
    connection: Connection,
    activation_id: str,
    moment: datetime,
    by: str,
    severity: Severity | None,
    cause: tuple[str, str] | None,
    scope: tuple[str, str] | None,
    note: str | None,
) -> bool:
    (cause_en, cause_zh), (scope_en, scope_zh) = cause or (None, None), scope or (None, None)
    told = {
        "activation_id": activation_id,
        "moment": moment,
        "by": by,
        "severity": severity,
        "cause_en": cause_en,
        "cause_zh": cause_zh,
        "scope_en": scope_en,
        "scope_zh": scope_zh,
        "note": note,
    }
    return connection.execute(_UPDATE, told).rowcount == 1
