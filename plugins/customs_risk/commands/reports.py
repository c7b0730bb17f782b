"""Analysis reports: made each week and each month, for those who decide."""

import re
from datetime import date, datetime
from typing import Annotated

import typer
from rich.table import Column, Table

from customs_risk.commands.shared import console, group, say, shown

app = group("Analysis reports. 风险分析报告。")

_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})", re.IGNORECASE)

_LIST = """
    select report_id, version, risk_domain, period_from, period_to, as_of, html_file, received_at
    from treatment.reports
    where is_latest
    order by period_from desc, report_id asc
"""


def _week(told: str | None) -> date | None:
    if told is None:
        return None
    if named := _WEEK.fullmatch(told):
        return date.fromisocalendar(int(named[1]), int(named[2]), 1)
    return date.fromisoformat(told)


@app.command()
def make(
    *,
    week: Annotated[
        str | None,
        typer.Option("--week", help="A day in it, or 2026-W27; the last one that is over. 周"),
    ] = None,
    month: Annotated[
        datetime | None,
        typer.Option("--month", formats=["%Y-%m"], help="The month's instead: 2026-06. 月份"),
    ] = None,
) -> None:
    """Make the week's reports, one of all risks and one per domain; or the month's. 生成报告。"""
    from customs_risk.treat.reports.step import make_monthly_report, make_reports

    if month and week:
        raise typer.BadParameter("a week or a month, not both 周与月不可同时指定")
    if month:
        for file in make_monthly_report(month.date()):
            say(str(file))
        return
    try:
        day = _week(week)
    except ValueError as error:
        raise typer.BadParameter(f"{week} is neither a day nor a week 周格式有误") from error
    for file in make_reports(day):
        say(str(file))


@app.command(name="list")
def list_() -> None:
    """List the reports, the newest first. 报告列表。"""
    from customs_risk import warehouse

    table = Table(Column("report", no_wrap=True), "domain", "period", "as of", "page", "received")
    with warehouse.connect() as connection:
        for number, version, domain, first, last, as_of, file, received in connection.execute(
            _LIST
        ):
            table.add_row(
                f"{number} v{version}", domain, f"{first} – {last}", shown(as_of), file,
                shown(received),
            )  # fmt: skip
    console.print(table)
