"""Effectiveness reviews: month by month, what measures and parameters were worth. 有效性评价。"""

from datetime import date, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.shared import console, group, say, shown

app = group("Effectiveness reviews of measures and parameters. 有效性评价。")

Month = Annotated[
    datetime | None,
    typer.Option("--month", formats=["%Y-%m", "%Y-%m-%d"], help="Such as 2026-06. 月份"),
]

_LIST = """
    select
        review_id, subject_id || coalesce(' v' || version, ''), verdict, rule_code, hits,
        inspected, findings, expected_precision, random_rate, status
    from feedback.reviews
    where
        (%(month)s::date is null or month_on = %(month)s)
        and (%(all)s or verdict <> 'keep' or previous_verdict <> 'keep')
    order by month_on desc, verdict desc, subject_kind, subject_id, version
"""
_SHOW = "select * from feedback.reviews where starts_with(review_id, %s) order by review_id limit 2"


@app.command()
def run(*, month: Month = None) -> None:
    """Review a month that is over, by default the last, once; follow what was answered. 评价。"""
    from customs_risk.feedback.reviews.follow import follow
    from customs_risk.feedback.reviews.step import MonthNotOver, review

    try:
        reviewed = review(month.date() if month else None)
    except MonthNotOver as error:
        raise typer.BadParameter(str(error)) from error
    say(f"{reviewed} reviewed, {follow()} followed 已评价、已跟进")


@app.command(name="list")
def list_(
    *,
    month: Month = None,
    all_: Annotated[bool, typer.Option("--all", help="What is kept, too. 含保留事项")] = False,
) -> None:
    """List what reviews recommend to change or drop, and what came of it. 评价清单。"""
    from customs_risk import warehouse

    table = Table(
        Column("review", no_wrap=True), Column("subject", no_wrap=True), "verdict", "rule", "hits",
        "inspected", "found", "precision", "random", Column("status", no_wrap=True),
    )  # fmt: skip
    told = {"month": month and _first(month.date()), "all": all_}
    with warehouse.connect() as connection:
        for *names, hits, inspected, found, precision, random, status in connection.execute(
            _LIST, told
        ):
            table.add_row(
                *(escape(str(name)) for name in names), f"{hits:,}", f"{inspected:,}",
                f"{found:,}", _share(precision), _share(random), status,
            )  # fmt: skip
    console.print(table)


@app.command()
def show(
    review: Annotated[str, typer.Argument(help="Number, or how it begins. 评价编号")],
) -> None:
    """Show all that a review says, and what came of it. 评价详情。"""
    from psycopg.rows import dict_row

    from customs_risk import warehouse

    with warehouse.connect() as connection:
        found = connection.cursor(row_factory=dict_row).execute(_SHOW, [review]).fetchall()
    if len(found) != 1:
        say(f"{review}: {'several begin so' if found else 'there is no such review'} 编号有误")
        raise typer.Exit(1)
    table = Table("what 事项", "figure 数值")
    for name, value in found[0].items():
        if value is not None:
            table.add_row(name, escape(_said(value)))
    console.print(table)


def _first(day: date) -> date:
    return day.replace(day=1)


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.1%}"


def _said(value: object) -> str:
    if isinstance(value, datetime):
        return shown(value)
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
