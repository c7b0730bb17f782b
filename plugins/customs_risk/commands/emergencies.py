"""Emergencies and drills (Order 271, Article 17) on the command line."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.experts.vocabulary import Severity
from customs_risk.settings import settings
from customs_risk.treat.emergencies import Answer

app = group("Emergency plans, activations, drills (Article 17). 应急处置。")

Activation = Annotated[str, typer.Argument(help="Number of the activation. 启动编号")]
InSeverity = Annotated[
    Severity | None, typer.Option("--severity", help="If it is known. 危害程度，未知则不填")
]
Cause = Annotated[str | None, typer.Option("--cause", help="If known, in English. 英文原因")]
CauseZh = Annotated[str | None, typer.Option("--cause-zh", help="The same in Chinese. 中文原因")]
Area = Annotated[str | None, typer.Option("--scope", help="If known, in English. 英文范围")]
AreaZh = Annotated[str | None, typer.Option("--scope-zh", help="The same in Chinese. 中文范围")]


@app.command(name="plans")
def list_plans() -> None:
    """List the plans in their newest version. 预案清单。"""
    from customs_risk import warehouse
    from customs_risk.treat.plans import publish

    table = Table("plan", "version", "domain", "title", "when")
    with warehouse.connect() as connection:
        publish(connection)
        for plan, version, *told in connection.execute(_PLANS):
            table.add_row(plan, str(version), *map(escape, told))
    console.print(table)


_PLANS = """
    select distinct on (plan_id)
        plan_id, plan_version, risk_domain, title_zh || ' ' || title_en,
        trigger_zh || ' ' || trigger_en
    from ops.emergency_plans
    order by plan_id, plan_version desc
"""


@app.command()
def activate(
    plan: Annotated[str, typer.Argument(help="Name of the plan. 预案")],
    *,
    event: Annotated[str, typer.Option("--event", help="What happened, in English. 英文事件")],
    event_zh: Annotated[str, typer.Option("--event-zh", help="The same in Chinese. 中文事件")],
    by: By,
    reason: Reason,
    drill: Annotated[bool, typer.Option("--drill", help="It is a drill. 演练")] = False,
    severity: InSeverity = None,
    cause: Cause = None,
    cause_zh: CauseZh = None,
    scope: Area = None,
    scope_zh: AreaZh = None,
) -> None:
    """Ask for a plan to start; it starts when that is approved. 申请启动预案。"""
    from customs_risk.treat import emergencies

    number = emergencies.request(
        plan,
        event_en=event,
        event_zh=event_zh,
        by=by,
        reason=reason,
        is_drill=drill,
        severity=severity,
        cause=_both("cause", cause, cause_zh),
        scope=_both("scope", scope, scope_zh),
    )
    say(f"{number}: waits for approval 待审批")


@app.command()
def answer(
    activation: Activation,
    given: Annotated[Answer, typer.Argument(help="approve or refuse 同意或不同意")],
    *,
    by: By,
    reason: Reason,
) -> None:
    """Approve or refuse an activation, as a person. 审批启动申请。"""
    from customs_risk.treat import emergencies

    _or_exit(
        emergencies.answer(activation, given, by=by, reason=reason, answered_as="person"),
        f"{activation}: {given}d by {by} 已审批",
        f"{activation}: waits for no answer 无待审批申请",
    )


@app.command()
def update(
    activation: Activation,
    *,
    by: By,
    severity: InSeverity = None,
    cause: Cause = None,
    cause_zh: CauseZh = None,
    scope: Area = None,
    scope_zh: AreaZh = None,
    note: Annotated[str | None, typer.Option("--note", help="Anything else. 备注")] = None,
) -> None:
    """Add what has become known of the event. 更新事件信息。"""
    from customs_risk.treat import emergencies

    told = emergencies.learn(
        activation,
        by=by,
        severity=severity,
        cause=_both("cause", cause, cause_zh),
        scope=_both("scope", scope, scope_zh),
        note=note,
    )
    _or_exit(told, f"{activation}: noted 已记录", f"{activation}: does not last 未在进行")


@app.command()
def measure(
    activation: Activation,
    *,
    item: Annotated[int, typer.Option("--item", min=1, max=7, help="Of Article 13. 措施类别")],
    what: Annotated[str, typer.Option("--what", help="In English. 英文内容")],
    what_zh: Annotated[str, typer.Option("--what-zh", help="In Chinese. 中文内容")],
    hours: Annotated[float, typer.Option("--hours", min=0.1, help="How long. 时限（小时）")],
    by: By,
) -> None:
    """Want a further urgent measure. 提出应急措施。"""
    from customs_risk.treat import response

    number = response.want(activation, item=item, what_en=what, what_zh=what_zh, hours=hours, by=by)
    _or_exit(
        number is not None,
        f"{activation}: measure {number} 已提出",
        f"{activation}: does not last 未在进行",
    )


@app.command()
def end(
    activation: Activation,
    measure: Annotated[int, typer.Argument(help="Number of the measure. 措施序号")],
    *,
    by: By,
    reason: Reason,
) -> None:
    """End an urgent measure before its time. 提前终止措施。"""
    from customs_risk.treat import response

    _or_exit(
        response.end_measure(activation, measure, by=by, reason=reason),
        f"{activation}: measure {measure} ended 已终止",
        f"{activation}: measure {measure} does not run 未在实施",
    )


@app.command()
def done(
    activation: Activation,
    step: Annotated[int, typer.Argument(help="Number of the step. 步骤序号")],
    *,
    by: By,
    at: Annotated[
        datetime | None, typer.Option("--at", help="When, in business time; else now. 完成时间")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="Anything else. 备注")] = None,
) -> None:
    """Note that a step of the plan is done. 步骤完成。"""
    from customs_risk.treat import response

    moment = at.replace(tzinfo=settings().zone) if at else None
    _or_exit(
        response.done(activation, step, by=by, note=note, at=moment),
        f"{activation}: step {step} done 已完成",
        f"{activation}: step {step} is not open, or could not be done then 该步骤不可完成",
    )


@app.command()
def finding(
    activation: Activation,
    *,
    what: Annotated[str, typer.Option("--what", help="To be mended, in English. 英文问题")],
    what_zh: Annotated[str, typer.Option("--what-zh", help="The same in Chinese. 中文问题")],
    responsible: Annotated[str, typer.Option("--responsible", help="Who mends it. 责任方")],
    due: Annotated[datetime, typer.Option("--due", formats=["%Y-%m-%d"], help="Day. 期限")],
    by: By,
) -> None:
    """Note what a drill or an event has shown to be mended. 记录发现的问题。"""
    from customs_risk.treat import response

    number = response.find(
        activation, what, what_zh, responsible=responsible, due_on=due.date(), by=by
    )
    say(f"{number}: {responsible}, until {due:%Y-%m-%d} 已记录")


@app.command()
def mended(
    finding: Annotated[str, typer.Argument(help="Number of the finding. 问题编号")],
    *,
    by: By,
    how: Annotated[str, typer.Option("--how", help="How it was mended. 整改情况")],
) -> None:
    """Note how a finding was mended. 整改完成。"""
    from customs_risk.treat import response

    _or_exit(
        response.mended(finding, by=by, how=how),
        f"{finding}: mended 已整改",
        f"{finding}: no open finding has that number 无此未整改问题",
    )


@app.command(name="stand-down")
def stand_down(activation: Activation, *, by: By, reason: Reason) -> None:
    """End an activation or a drill, and its measures. 终止响应。"""
    from customs_risk.treat import response

    _or_exit(
        response.stand_down(activation, by=by, reason=reason),
        f"{activation}: stood down by {by} 已终止",
        f"{activation}: does not last 未在进行",
    )


@app.command(name="list")
def list_() -> None:
    """List activations and drills, the newest first. 启动与演练。"""
    from customs_risk import warehouse

    table = Table(
        Column("number", no_wrap=True),
        "asked for", "plan", "drill", "event", "severity", "status", "steps", "late", "open",
    )  # fmt: skip
    with warehouse.connect() as connection:
        for number, requested_at, *told in connection.execute(_ACTIVATIONS):
            table.add_row(number, shown(requested_at), *(escape(str(each)) for each in told))
    console.print(table)


_ACTIVATIONS = """
    select
        activation_id, requested_at, plan_id, case when is_drill then 'drill 演练' else '' end,
        event_zh || ' ' || event_en, severity, status, steps_done || '/' || steps, steps_late,
        findings_open
    from treatment.emergencies
    order by requested_at desc, activation_id
"""


def _both(what: str, english: str | None, chinese: str | None) -> tuple[str, str] | None:
    if english and chinese:
        return english, chinese
    if english or chinese:
        raise typer.BadParameter(f"--{what} and --{what}-zh are told together 须中英文并填")
    return None


def _or_exit(was_done: bool, done: str, not_done: str) -> None:
    say(done if was_done else not_done)
    if not was_done:
        raise typer.Exit(1)
