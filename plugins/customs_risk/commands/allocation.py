"""Allocation of people: what each office is to inspect, and what that gained. 力量配置。"""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.approvals import Post
from customs_risk.commands.shared import By, Reason, console, group, say

app = group("Inspection capacity of offices, month by month. 各关区月度查验力量配置。")

Allocation = Annotated[str, typer.Argument(help="Number of the recommendation. 方案编号")]


@app.command()
def recommend(
    *,
    by: By,
    month: Annotated[
        datetime | None,
        typer.Option("--month", formats=["%Y-%m"], help="By default the next. 适用月份"),
    ] = None,
) -> None:
    """Recommend capacities for a month, and ask for their approval. 提出方案并报批。"""
    from customs_risk.treat import capacities

    number = capacities.propose(month.date() if month else None, by=by)
    say(f"{number}: waits for an approval 待审批")
    show(number)


@app.command(name="list")
def list_() -> None:
    """List the recommendations, the newest first. 方案清单。"""
    from customs_risk import warehouse

    table = Table("number", "month", "status", "in force", "what")
    with warehouse.connect() as connection:
        for number, month, status, offices, en, zh in connection.execute(_RUNS):
            table.add_row(
                number, f"{month:%Y-%m}", status, f"{offices} offices 个关区" if offices else "",
                escape(f"{zh}\n{en}"),
            )  # fmt: skip
    console.print(table)


_RUNS = """
    select
        runs.allocation_id,
        runs.month_on,
        coalesce(min(allocations.status), 'not_asked'),
        count(distinct allocations.office_code) filter (where allocations.is_in_force),
        runs.words_en,
        runs.words_zh
    from ml.allocation_runs as runs
    left join feedback.allocations as allocations using (allocation_id)
    group by runs.allocation_id
    order by runs.month_on desc, runs.computed_at desc
"""


@app.command()
def show(
    allocation: Allocation,
    *,
    domains: Annotated[
        bool, typer.Option("--domains", help="A line per office and domain. 分风险领域")
    ] = False,
) -> None:
    """Show a recommendation: capacity, hours and findings, today and as recommended. 方案内容。"""
    from customs_risk import warehouse

    with warehouse.connect() as connection:
        words = connection.execute(
            "select words_zh, words_en from ml.allocation_runs where allocation_id = %s",
            [allocation],
        ).fetchone()
        if words is None:
            raise typer.BadParameter(f"{allocation}: no such recommendation 无此方案")
        rows = connection.execute(_CELLS, {"id": allocation, "domains": domains}).fetchall()
    table = Table(
        Column("office", no_wrap=True),
        *([Column("domain", no_wrap=True)] if domains else []),
        *(
            Column(name, justify="right")
            for name in (
                "rate", "→", "inspections", "→", "hours", "→", "findings", "→", "95 %",
                "found per 100 h", "→",
            )
        ),
    )  # fmt: skip
    for office, domain, rate, new_rate, *figures, low, high, marginal, new_marginal in rows:
        table.add_row(
            office,
            *([domain] if domains else []),
            f"{rate:.2%}",
            f"{new_rate:.2%}",
            *(f"{figure:,.0f}" for figure in figures),
            f"{low:+.1f} {high:+.1f}" if low is not None else "",
            f"{100 * marginal:.1f}",
            f"{100 * new_marginal:.1f}",
        )
    console.print(table)
    for line in words:
        say(line)


_CELLS = """
    select
        office_code,
        case when %(domains)s then risk_domain end as risk_domain,
        min(present_rate),
        min(recommended_rate),
        sum(present_inspections),
        sum(recommended_inspections),
        sum(present_officer_hours),
        sum(recommended_officer_hours),
        sum(present_findings),
        sum(recommended_findings),
        -- intervals of parts do not add up
        case when %(domains)s then min(gain_findings_low) end,
        case when %(domains)s then min(gain_findings_high) end,
        sum(present_findings_per_hour),
        sum(recommended_findings_per_hour)
    from ml.allocations
    where allocation_id = %(id)s
    group by office_code, 2
    having sum(present_inspections) > 0
    order by office_code, 2
"""


@app.command()
def approve(allocation: Allocation, *, by: By, post: Post, reason: Reason) -> None:
    """Approve: decisions of its month read it from now on. 批准。"""
    from customs_risk.treat import capacities

    capacities.answer(allocation, "approve", by=by, post=post, reason=reason)
    say(f"{allocation}: approved by {by} 已批准")


@app.command()
def refuse(allocation: Allocation, *, by: By, post: Post, reason: Reason) -> None:
    """Refuse: capacities stay as they are. 不批准。"""
    from customs_risk.treat import capacities

    capacities.answer(allocation, "refuse", by=by, post=post, reason=reason)
    say(f"{allocation}: refused by {by} 不批准")


@app.command()
def end(allocation: Allocation, *, by: By, reason: Reason) -> None:
    """End what was approved: the setting holds again from now on. 终止。"""
    from customs_risk.treat import capacities

    offices = capacities.end(allocation, by=by, reason=reason)
    say(f"{allocation}: ended for {offices} offices by {by} 已终止")


@app.command()
def outcomes() -> None:
    """Show what each recommendation in force gained, over all offices. 实施成效。"""
    from customs_risk import warehouse

    table = Table(
        "number", "month", "findings expected", "found", "hours expected", "taken",
        "gain expected", "gained", "95 %",
    )  # fmt: skip
    with warehouse.connect() as connection:
        for number, month, *figures, gain, gained, low, high in connection.execute(_OUTCOMES):
            table.add_row(
                number,
                f"{month:%Y-%m}",
                *(f"{figure or 0:,.0f}" for figure in figures),
                f"{gain:+,.1f}",
                "" if gained is None else f"{gained:+,.1f}",
                "" if low is None else f"{low:+,.1f} {high:+,.1f}",
            )
    console.print(table)


_OUTCOMES = """
    select
        allocation_id, month_on, recommended_findings, findings, recommended_officer_hours,
        officer_hours, expected_gain_findings, gained_findings, gained_findings_low,
        gained_findings_high
    from feedback.allocation_outcomes
    where office_code = 'all' and is_in_force
    order by month_on desc, allocation_id desc
"""
