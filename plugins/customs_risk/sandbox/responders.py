"""People of the house in the sandbox: once a week they do what a risk division does by hand.

A drill, a joint case, a special operation and a recommendation, each through the functions that
people use, each marked as made by the sandbox's policy. What is due follows from what was done
before and from the sandbox's clock, so asking twice in a week does nothing twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from customs_risk import clock, warehouse
from customs_risk.sandbox.chance import uniform
from customs_risk.treat import (
    emergencies,
    joint_cases,
    operations,
    recommendations,
    response,
)
from customs_risk.treat.operations import Goal
from customs_risk.treat.scope import Scope

BY = "sandbox-policy"
SEED = 271
# in which week each begins; before something was found there is nothing to act on
DRILL, CASE, OPERATION, RECOMMENDATION = 2, 3, 4, 5
OPERATION_DAYS = 28
ANSWERED_AFTER_DAYS = 14
CLOSED_AFTER_DAYS = 28
# share of the allowed hours that a step of the drill takes: some are late
STEP_TAKES = (0.3, 1.3)

_WEEK = """
select floor(extract(epoch from %s - min(sent_at)) / (7 * 86400))::int
from ops.batches
where not is_backfill and status <> 'refused'
"""

# the heading and origin in which inspections found most of late
_WORST = """
select
    left(hs6, 4), origin_country, count(*), coalesce(sum(additional_duty_cny), 0)::float8,
    (array_agg(declaration_id order by additional_duty_cny desc, declaration_id))[1:20]
from core.findings
where known_at between %(now)s - interval '56 days' and %(now)s and origin_country is not null
group by 1, 2
order by count(*) desc, 4 desc, 1, 2
limit 1
"""


@dataclass(frozen=True)
class Worst:
    """Where most was found of late: heading, origin, findings, CNY, some of the declarations."""

    heading: str
    origin: str
    findings: int
    revenue_cny: float
    declarations: list[str]


def respond() -> list[str]:
    """Do what is due this week; return the numbers of what was begun, or brought further."""
    with warehouse.connect() as connection:
        now = clock.present(connection)
        (week,) = connection.execute(_WEEK, [now]).fetchone() or (None,)
        row = connection.execute(_WORST, {"now": now}).fetchone()
    if week is None:
        return []
    worst = Worst(*row) if row else None
    return [
        *_drill(week, now),
        *_case(week, now, worst),
        *_operation(week, now, worst),
        *_recommendation(week, now, worst),
    ]


def _drill(week: int, now: datetime) -> list[str]:
    made = _one("select activation_id from ops.emergency_activations where requested_by = %s")
    if made is None:
        if week < DRILL:
            return []
        number = emergencies.request(
            "animal_epidemic",
            event_en="exercise: sick cattle on an arriving vessel",
            event_zh="演练：到港船舶上发现病牛",
            by=BY,
            reason="yearly drill 年度演练",
            is_drill=True,
        )
        # nobody answers what he asked for himself
        told = {"by": f"{BY}:approvals", "reason": "planned drill 计划演练"}
        emergencies.answer(number, "approve", answered_as="policy", **told)
        return [number]
    (number,) = made
    started = _one(
        "select started_at from ops.emergency_activations"
        " where requested_by = %s and stood_down_at is null"
    )
    if started is None:
        return _mend(number)
    late = _do_steps(number, started[0], now)
    if _one(
        "select 1 from ops.emergency_steps where activation_id = %s and done_at is null", number
    ):
        return [number]
    emergencies.learn(number, by=BY, severity="moderate", note="exercise ends 演练结束")
    if late:
        response.find(
            number,
            f"{late} steps took longer than the plan allows",
            f"{late}个步骤超过预案时限",
            responsible="emergency-command",
            due_on=clock.business_day(now + timedelta(days=28)),
            by=BY,
        )
    response.stand_down(number, by=BY, reason="all steps are done 全部步骤完成")
    return [number]


def _do_steps(number: str, started: datetime, now: datetime) -> int:
    """Do the steps whose time has come; return how many of all were late."""
    first, last = STEP_TAKES
    late = 0
    for step, due_at in _all(
        "select step_no, due_at from ops.emergency_steps where activation_id = %s", number
    ):
        (chance,) = uniform(SEED, "drill step", [f"{number}/{step}"])
        done_at = started + (due_at - started) * (first + (last - first) * float(chance))
        late += done_at > due_at
        if done_at <= now:
            response.done(number, step, by=BY, at=done_at)
    return late


def _mend(number: str) -> list[str]:
    finding = _one(
        "select finding_id from ops.emergency_findings where activation_id = %s"
        " and mended_at is null",
        number,
    )
    if finding:
        response.mended(finding[0], by=BY, how="roles and queries are prepared 已预先准备")
    return list(finding or ())


def _case(week: int, now: datetime, worst: Worst | None) -> list[str]:
    made = _one("select case_id, opened_at, closed_at from ops.joint_cases where opened_by = %s")
    if made is not None:
        number, opened_at, closed_at = made
        if closed_at or now < opened_at + timedelta(days=CLOSED_AFTER_DAYS):
            return []
        told = "the agencies have taken over the network", "有关部门已接手调查"
        joint_cases.close(number, "transferred", *told, by=BY)
        return [number]
    if week < CASE or worst is None:
        return []
    lead, member = "market-regulation", "agriculture"
    number = joint_cases.open_case(
        f"Offences in heading {worst.heading} from {worst.origin}",
        f"{worst.origin}原产{worst.heading}品目货物违规",
        domain="other",
        lead=lead,
        agreement="memorandum 2025-8 合作备忘录",
        by=BY,
        reason=f"{worst.findings} findings in eight weeks 八周内查获{worst.findings}次",
    )
    joint_cases.join(
        number, member, role="member", covers="internal", agreement="memorandum 2024-3", by=BY
    )
    columns = ["declaration_id", "hs6", "origin_country"]
    why = {"by": BY, "reason": "to follow the goods inland 追踪货物流向"}
    joint_cases.allow(number, lead, "declarations", columns, **why)
    what = "declarations with findings 查获报关单"
    joint_cases.share(number, lead, worst.declarations, what=what, by=BY)
    return [number]


def _operation(week: int, now: datetime, worst: Worst | None) -> list[str]:
    made = _one("select 1 from ops.special_operations where ordered_by = %s")
    if made or week < OPERATION or worst is None:
        return []
    starts_on = clock.business_day(now + timedelta(days=1))
    return [
        operations.order(
            f"Heading {worst.heading}",
            f"{worst.heading}品目专项行动",
            domain="other",
            condition=(
                f"goods of heading {worst.heading} from {worst.origin}, whatever the party",
                f"{worst.origin}原产的{worst.heading}品目货物，不论当事人",
            ),
            scope=Scope(hs_prefixes=(worst.heading,), origin_countries=(worst.origin,)),
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=OPERATION_DAYS - 1),
            goal=Goal(findings=max(worst.findings // 2, 1)),
            by=BY,
            reason="most findings of the last eight weeks 近八周查获最多",
        )
    ]


def _recommendation(week: int, now: datetime, worst: Worst | None) -> list[str]:
    made = _one(
        "select recommendation_id, issued_at, answered_at from ops.policy_recommendations"
        " where issued_by = %s"
    )
    if made is not None:
        number, issued_at, answered_at = made
        if answered_at or now < issued_at + timedelta(days=ANSWERED_AFTER_DAYS):
            return []
        effective_on = clock.business_day(now + timedelta(days=1))
        words = "for new contracts first 先适用于新合同"
        recommendations.answer(number, "partly", words, by=BY, effective_on=effective_on)
        return [number]
    if week < RECOMMENDATION or worst is None:
        return []
    return [
        recommendations.recommend(
            "commerce-department",
            subject=(f"heading {worst.heading}", f"{worst.heading}品目"),
            recommended=(
                f"ask for a certificate of origin for heading {worst.heading} from {worst.origin}",
                f"对{worst.origin}原产的{worst.heading}品目货物要求原产地证书",
            ),
            domain="other",
            evidence=[f"{worst.findings} findings, CNY {worst.revenue_cny:.0f}"],
            effect_measure="find_rate",
            effect_expected="fall",
            scope=Scope(hs_prefixes=(worst.heading,), origin_countries=(worst.origin,)),
            by=BY,
        )
    ]


def _one(query: LiteralString, of: str = BY) -> Any:
    with warehouse.connect() as connection:
        return connection.execute(query, [of]).fetchone()


def _all(query: LiteralString, of: str) -> list[Any]:
    with warehouse.connect() as connection:
        return connection.execute(query, [of]).fetchall()
