"""Capacities of offices: recommended once a month, approved by people, and in force for the month.

What ml.allocation recommends has no effect before somebody has approved it (the matter
``allocation``). Then decisions of that month read the office's capacity instead of the setting
``inspection_rate`` (ops.capacities_in_force).
"""

import logging
from datetime import date, datetime
from typing import Any, Literal

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.settings import settings
from customs_risk.treat import approvals
from customs_risk.treat.approvals import Question, due_in
from ml.allocation import step
from ml.allocation.evidence import NothingToRankBy

log = logging.getLogger(__name__)

RULE = "rule:allocation"
# it moves people between offices: the department decides
_POSTS, _ABOVE = ("gacc_department",), "gacc_leadership"
_ANSWER_DAYS = 3
# a month that has begun longer ago than this is not recommended for by itself any more
_LATEST_DAY = 7
_LOCK = 27198

_ASKED = """
insert into ops.capacities (
    allocation_id, month_on, office_code, inspection_rate, present_rate, asked_at, asked_by
)
select
    %(allocation_id)s, %(month_on)s, office_code, recommended_rate::numeric, present_rate::numeric,
    %(moment)s, %(by)s
from ml.allocations
where allocation_id = %(allocation_id)s and recommended_rate > 0
group by office_code, recommended_rate, present_rate
"""

_OPEN = """
select approval_id from ops.approvals
where
    matter = 'allocation' and subject_id = %s and answered_at is null and withdrawn_at is null
"""

_ASKED_FOR_MONTH = """
select subject_id
from ops.approvals
where
    matter = 'allocation' and answered_at is null and withdrawn_at is null
    and subject_id in (select allocation_id from ml.allocation_runs where month_on = %s)
"""

_END = """
update ops.capacities
set ended_at = %(moment)s, ended_by = %(by)s, end_reason = %(reason)s
where allocation_id = %(allocation_id)s and ended_at is null
"""


class UnusableAllocation(ValueError):  # noqa: N818 - reads as what is wrong
    """A recommendation that nobody can ask for, answer or end so; the message says why."""


def propose_due() -> str | None:
    """Recommend for the month that begins next, or has just begun, once; return the number.

    None where all offices inspect together, it was done already, the month is under way, or no
    model has ranked for long enough.
    """
    if settings().capacity_of == "country":
        return None
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        today = clock.business_day(moment)
        month_on = step.next_business_day(today).replace(day=1)
        if today >= month_on and today.day > _LATEST_DAY:
            return None
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        done = connection.execute(
            "select 1 from ml.allocation_runs where month_on = %s", [month_on]
        ).fetchone()
        if done:
            return None
        try:
            return _propose(connection, month_on, moment, by=RULE)
        except NothingToRankBy as reason:
            log.info("nothing recommended for %s: %s", month_on, reason)
            return None


def propose(month_on: date | None = None, *, by: str) -> str:
    """Recommend for a month, by default the next; return the recommendation's number.

    A question that is open about the same month is withdrawn.

    Raises:
        NothingToRankBy: no model has ranked declarations for long enough.
        NoAllocation: the bounds leave nothing.
        UnusableAllocation: the month is over, or there is nothing to divide between offices.
    """
    if settings().capacity_of == "country":
        raise UnusableAllocation(
            "all offices inspect together (CUSTOMS_RISK_CAPACITY_OF=country): there is nothing to "
            "divide between them 全国统一查验，无需在关区间分配"
        )
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        today = clock.business_day(moment)
        month = (month_on or step.earlier_month(today.replace(day=1), -1)).replace(day=1)
        if month < today.replace(day=1):
            raise UnusableAllocation(f"{month:%Y-%m} is over 该月已过")
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        for (earlier,) in connection.execute(_ASKED_FOR_MONTH, [month]).fetchall():
            approvals.withdraw(
                connection, "allocation", earlier, by=by, reason="recommended anew 已重新提出"
            )
        return _propose(connection, month, moment, by=by)


def answer(
    allocation_id: str,
    given: Literal["approve", "refuse"],
    *,
    by: str,
    post: str | None,
    reason: str,
) -> None:
    """Approve or refuse a recommendation that waits.

    Raises:
        UnusableAllocation: it waits for nobody.
        Unanswerable: whoever answers may not.
    """
    with warehouse.connect() as connection:
        row = connection.execute(_OPEN, [allocation_id]).fetchone()
        if row is None:
            raise UnusableAllocation(f"{allocation_id}: no such recommendation waits 无此待批方案")
        approvals.take(connection, row[0], given, by=by, post=post, reason=reason)


def end(allocation_id: str, *, by: str, reason: str) -> int:
    """End the capacities of a recommendation from now on; return of how many offices.

    The setting holds again from the next decision on.

    Raises:
        UnusableAllocation: none of it is in force or asked for, or nobody says why.
    """
    if not by.strip() or not reason.strip():
        raise UnusableAllocation(f"{allocation_id}: say who ends it and why 须注明责任人与理由")
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        told = {"allocation_id": allocation_id, "moment": moment, "by": by, "reason": reason}
        ended = connection.execute(_END, told).rowcount
        if not ended:
            raise UnusableAllocation(f"{allocation_id}: nothing of it lasts 无有效配置")
        approvals.withdraw(connection, "allocation", allocation_id, by=by, reason=reason)
        return ended


def _propose(connection: Connection[Any], month_on: date, moment: datetime, *, by: str) -> str:
    made = step.recommend_month(connection, month_on, moment)
    told = {"allocation_id": made.allocation_id, "month_on": month_on, "moment": moment, "by": by}
    connection.execute(_ASKED, told)
    question = Question(
        matter="allocation",
        subject_id=made.allocation_id,
        question_en=made.words_en,
        question_zh=made.words_zh,
        asked_by=by,
        due_at=due_in(moment, _ANSWER_DAYS),
        needed_posts=_POSTS,
        escalates_to=_ABOVE,
        recommended="approve" if made.is_gain_sure else "refuse",
        recommendation=(
            "the whole 95 % interval of the gain in findings is above nought 查获增量95%区间高于零"
            if made.is_gain_sure
            else "the gain in findings may be nought 查获增量可能为零"
        ),
    )
    approvals.ask(connection, [question])
    return made.allocation_id
