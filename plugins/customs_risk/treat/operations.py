"""Special operations (专项行动): a goal in numbers, for a scope, from one day to another.

What came of it is ``treatment.special_operations``: the scope during the operation, beside the same
number of days before it and beside what was out of scope.
"""

from dataclasses import asdict, dataclass
from datetime import date

from customs_risk import clock, warehouse
from customs_risk.experts.vocabulary import Domain
from customs_risk.treat.numbers import numbered
from customs_risk.treat.scope import Scope

_ORDER = """
insert into ops.special_operations (
    operation_id, name_en, name_zh, risk_domain, condition_en, condition_zh, hs_prefixes,
    origin_countries, importer_ids, office_codes, starts_on, ends_on, goal_inspections,
    goal_findings, goal_revenue_cny, ordered_at, ordered_by, reason
)
values (
    %(operation_id)s, %(name_en)s, %(name_zh)s, %(risk_domain)s, %(condition_en)s,
    %(condition_zh)s, %(hs_prefixes)s, %(origin_countries)s, %(importer_ids)s, %(office_codes)s,
    %(starts_on)s, %(ends_on)s, %(inspections)s, %(findings)s, %(revenue_cny)s, %(moment)s, %(by)s,
    %(reason)s
)
on conflict (operation_id) do nothing
"""

_END = """
update ops.special_operations
set ended_on = %(today)s, ended_by = %(by)s, end_reason = %(reason)s
where
    operation_id = %(operation_id)s
    and ended_on is null
    and %(today)s between starts_on and ends_on
"""


class UnusableOperation(ValueError):  # noqa: N818 - reads as what is wrong
    """An operation that cannot be; the message says why."""


@dataclass(frozen=True)
class Goal:
    """What an operation is to reach in its scope and time; at least one figure."""

    inspections: int | None = None
    findings: int | None = None
    revenue_cny: float | None = None


def order(
    name_en: str,
    name_zh: str,
    *,
    domain: Domain,
    condition: tuple[str, str],
    scope: Scope,
    starts_on: date,
    ends_on: date,
    goal: Goal,
    by: str,
    reason: str,
) -> str:
    """Order a special operation and return its number; the same again is the same operation.

    ``condition`` tells in English and Chinese what is looked for, ``scope`` in codes where.

    Raises:
        UnusableOperation: it ends before it starts or has ended already, has no goal, or words are
            missing.
        UnusableScope: the scope names what is no code, or stands for all there is.
    """
    scope.check()
    figures = [figure for figure in asdict(goal).values() if figure is not None]
    if not figures or min(figures) <= 0:
        raise UnusableOperation(f"{name_en}: a goal is a number above nothing 目标须为正数")
    if not all(word.strip() for word in (name_en, name_zh, *condition, by, reason)):
        raise UnusableOperation(
            "an operation tells its name and condition in both languages, who orders it and why"
            " 行动须写明中英文名称、条件、下达人与理由"
        )
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        if not clock.business_day(moment) <= ends_on >= starts_on:
            raise UnusableOperation(
                f"{name_en}: {starts_on} to {ends_on} ends before it begins, or is over 期间有误"
            )
        number = numbered("SO", starts_on, name_zh, str(ends_on))
        told = {"operation_id": number, "name_en": name_en, "name_zh": name_zh, "by": by}
        told |= {"risk_domain": domain, "condition_en": condition[0], "condition_zh": condition[1]}
        days = {"starts_on": starts_on, "ends_on": ends_on, "moment": moment}
        connection.execute(
            _ORDER, {**told, **days, **scope.told(), **asdict(goal), "reason": reason}
        )
    return number


def end(operation_id: str, *, by: str, reason: str) -> bool:
    """End an operation with today, before its time; return whether it was running."""
    if not reason.strip():
        raise UnusableOperation(f"{operation_id}: ending it needs a reason 提前结束须说明理由")
    with warehouse.connect() as connection:
        told = {"operation_id": operation_id, "by": by, "reason": reason}
        today = clock.business_day(clock.present(connection))
        return connection.execute(_END, {**told, "today": today}).rowcount == 1
