"""Special operations, policy recommendations and referrals on the command line."""

from datetime import datetime
from typing import Annotated, LiteralString

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.experts.vocabulary import Domain
from customs_risk.treat.recommendations import Answer, Direction, EffectMeasure
from customs_risk.treat.scope import Scope

operation = group("Special operations. 专项行动。")
recommendation = group("Policy recommendations. 政策建议。")
referral = group("Post-clearance audits and case referrals. 稽查与案件移交。")

_DAY = ["%Y-%m-%d"]
InDomain = Annotated[Domain, typer.Option("--domain", help="Risk domain. 风险领域")]
Commodities = Annotated[
    list[str] | None, typer.Option("--hs", help="First digits; may repeat. 商品编码前缀")
]
Origins = Annotated[list[str] | None, typer.Option("--origin", help="May repeat. 原产地")]
Parties = Annotated[list[str] | None, typer.Option("--party", help="May repeat. 进口人")]
Offices = Annotated[list[str] | None, typer.Option("--office", help="May repeat. 关区")]
Operation = Annotated[str, typer.Argument(help="Number of the operation. 行动编号")]


@operation.command()
def order(
    *,
    name: Annotated[str, typer.Option("--name", help="In English. 英文名称")],
    name_zh: Annotated[str, typer.Option("--name-zh", help="In Chinese. 中文名称")],
    condition: Annotated[str, typer.Option("--condition", help="What is looked for. 英文情形")],
    condition_zh: Annotated[str, typer.Option("--condition-zh", help="In Chinese. 中文情形")],
    domain: InDomain,
    from_: Annotated[datetime, typer.Option("--from", formats=_DAY, help="First day. 开始")],
    until: Annotated[datetime, typer.Option("--until", formats=_DAY, help="Last day. 结束")],
    by: By,
    reason: Reason,
    hs: Commodities = None,
    origin: Origins = None,
    party: Parties = None,
    office: Offices = None,
    inspections: Annotated[int | None, typer.Option(help="Goal. 目标查验数")] = None,
    findings: Annotated[int | None, typer.Option(help="Goal. 目标查获数")] = None,
    revenue: Annotated[float | None, typer.Option(help="Goal, CNY. 目标金额（元）")] = None,
) -> None:
    """Order a special operation with a goal in numbers. 下达专项行动。"""
    from customs_risk.treat import operations

    number = operations.order(
        name,
        name_zh,
        domain=domain,
        condition=(condition, condition_zh),
        scope=_scope(hs, origin, party, office),
        starts_on=from_.date(),
        ends_on=until.date(),
        goal=operations.Goal(inspections, findings, revenue),
        by=by,
        reason=reason,
    )
    say(f"{number}: {from_:%Y-%m-%d} to {until:%Y-%m-%d} 已下达")


@operation.command()
def end(number: Operation, *, by: By, reason: Reason) -> None:
    """End an operation with today. 提前结束。"""
    from customs_risk.treat import operations

    if not operations.end(number, by=by, reason=reason):
        say(f"{number}: no such operation runs 无此进行中的行动")
        raise typer.Exit(1)
    say(f"{number}: ended by {by} 已结束")


@operation.command(name="list")
def list_operations() -> None:
    """List the operations and what came of them. 行动与成效。"""
    _print(
        _OPERATIONS,
        "operation", "name", "from", "to", "status", "inspected", "findings", "CNY", "CNY before",
        "CNY gained",
    )  # fmt: skip


_OPERATIONS = """
    select
        operation_id, name_zh || ' ' || name_en, starts_on, coalesce(ended_on, ends_on), status,
        inspected, findings, round(revenue_cny), round(revenue_cny_before),
        round(revenue_cny_gained)
    from treatment.special_operations
    order by starts_on desc, operation_id
"""


@recommendation.command()
def issue(
    to: Annotated[str, typer.Argument(help="Addressee. 建议对象")],
    *,
    subject: Annotated[str, typer.Option("--subject", help="In English. 英文主题")],
    subject_zh: Annotated[str, typer.Option("--subject-zh", help="In Chinese. 中文主题")],
    what: Annotated[str, typer.Option("--what", help="In English. 英文建议")],
    what_zh: Annotated[str, typer.Option("--what-zh", help="In Chinese. 中文建议")],
    domain: InDomain,
    evidence: Annotated[list[str], typer.Option("--evidence", help="May repeat. 依据")],
    measure: Annotated[EffectMeasure, typer.Option("--measure", help="Of the effect. 效果指标")],
    expected: Annotated[Direction, typer.Option("--expected", help="rise or fall. 预期方向")],
    by: By,
    hs: Commodities = None,
    origin: Origins = None,
    party: Parties = None,
    office: Offices = None,
    days: Annotated[int, typer.Option("--days", help="Of the measurement. 衡量天数")] = 28,
) -> None:
    """Issue a recommendation, which names how its effect is measured. 提出政策建议。"""
    from customs_risk.treat import recommendations

    number = recommendations.recommend(
        to,
        subject=(subject, subject_zh),
        recommended=(what, what_zh),
        domain=domain,
        evidence=evidence,
        effect_measure=measure,
        effect_expected=expected,
        scope=_scope(hs, origin, party, office),
        by=by,
        effect_days=days,
    )
    say(f"{number}: leaves for {to} 待发出")


@recommendation.command()
def answer(
    number: Annotated[str, typer.Argument(help="Of the recommendation. 建议编号")],
    given: Annotated[Answer, typer.Argument(help="accepted, partly, refused 采纳情况")],
    *,
    words: Annotated[str, typer.Option("--words", help="What is said. 答复内容")],
    by: By,
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="Takes effect. 生效日期")
    ] = None,
) -> None:
    """Note the addressee's answer. 登记答复。"""
    from customs_risk.treat import recommendations

    day = from_.date() if from_ else None
    if not recommendations.answer(number, given, words, by=by, effective_on=day):
        say(f"{number}: no answer is awaited 无待答复建议")
        raise typer.Exit(1)
    say(f"{number}: {given} 已登记")


@recommendation.command(name="list")
def list_recommendations() -> None:
    """List the recommendations, their answers and effects. 建议、答复与效果。"""
    _print(
        _RECOMMENDATIONS,
        "recommendation", "to", "subject", "status", "from", "measure", "before", "after",
        "as expected",
    )  # fmt: skip


_RECOMMENDATIONS = """
    select
        recommendation_id, addressee, subject_zh || ' ' || subject_en, status, effective_on,
        effect_measure || ' ' || effect_expected, round(effect_before::numeric, 3),
        round(effect_after::numeric, 3), is_as_expected
    from treatment.policy_recommendations
    order by issued_at desc, recommendation_id
"""


@referral.command()
def refer() -> None:
    """Refer what is due, as the loop does; harmless when nothing is. 移交到期对象。"""
    from customs_risk.treat import referrals

    say(f"{referrals.refer()} referred 已移交")


@referral.command(name="list")
def list_referrals(
    *,
    kind: Annotated[str | None, typer.Option("--kind", help="audit or case. 类别")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most. 条数")] = 50,
) -> None:
    """List the referrals and their results, the newest first. 移交与结果。"""
    _print(
        _REFERRALS,
        "referral", "party", "declaration", "selected", "why", "status", "outcome", "CNY",
        told={"kind": kind, "limit": limit},
    )  # fmt: skip


_REFERRALS = """
    select
        referral_id, importer_id, declaration_id, selected_by, reason_zh || ' ' || reason_en,
        status, outcome, additional_duty_cny
    from treatment.referrals
    where referral_kind = %(kind)s or %(kind)s::text is null
    order by referred_at desc, referral_id
    limit %(limit)s
"""


def _scope(
    hs: list[str] | None,
    origin: list[str] | None,
    party: list[str] | None,
    office: list[str] | None,
) -> Scope:
    return Scope(*(tuple(codes or ()) for codes in (hs, origin, party, office)))


def _print(query: LiteralString, *titles: str, told: dict[str, object] | None = None) -> None:
    from customs_risk import warehouse

    number, *others = titles
    table = Table(Column(number, no_wrap=True), *others)
    with warehouse.connect() as connection:
        for row in connection.execute(query, told):
            table.add_row(*(escape(_written(cell)) for cell in row))
    console.print(table)


def _written(cell: object) -> str:
    if cell is None:
        return ""
    return shown(cell) if isinstance(cell, datetime) else str(cell)
