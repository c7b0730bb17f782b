"""What a run prints at its end: a table by day or week, estimates beside the truth, addresses."""

import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from customs_risk import warehouse
from customs_risk.embedded import postgres
from customs_risk.sandbox.truth import truth_leakage
from customs_risk.settings import settings

# a late delivery counts on the day on which it came
_DAYS = """
with

ledger as (
    select
        sent_at::date as decided_on,
        sum(received) as received,
        sum(loaded) as loaded,
        sum(quarantined) as quarantined,
        sum(duplicate) as duplicate
    from ops.batches
    where status = 'loaded' and not is_backfill
    group by sent_at::date
)

select
    days.decided_on, ledger.received, ledger.loaded, ledger.quarantined, ledger.duplicate,
    days.low_lane, days.medium_lane, days.high_lane, days.instructions, days.results, days.findings,
    days.targeted_find_rate, days.random_find_rate
from feedback.daily_summary as days
left join ledger using (decided_on)
where days.decided_on = any(%s)
order by days.decided_on
"""

# a week of the simulation is one delivery per feed, decided on its last day
_WEEKS = _DAYS.replace("sent_at::date as", "(date_trunc('week', sent_at)::date + 4) as").replace(
    "group by sent_at::date", "group by 1"
)

_HEADINGS = (
    ("received", "收到"),
    ("loaded", "入库"),
    ("quarant.", "隔离"),
    ("dupl.", "重复"),
    ("low", "低"),
    ("medium", "中"),
    ("high", "高"),
    ("instr.", "指令"),
    ("results", "反馈"),
    ("findings", "查获"),
    ("targeted", "精准率"),
    ("random", "随机率"),
)

_FEEDS = """
select
    coalesce(newest.declared ->> 'channel', '-') as channel,
    batches.feed,
    count(*) filter (where batches.status <> 'repeated') as deliveries,
    count(*) filter (where batches.status = 'refused') as refused,
    sum(batches.received) as received,
    sum(batches.loaded) as loaded,
    sum(batches.quarantined) as quarantined,
    sum(batches.duplicate) as duplicate,
    sum(batches.corrected) as corrected
from ops.batches
inner join (
    select distinct on (feed) feed, declared from ops.contracts order by feed, version desc
) as newest using (feed)
group by 1, 2
order by 1, 2
"""

_TARGETED_AND_RANDOM = """
select selected_by, findings, completed, find_rate, find_rate_low, find_rate_high,
    lift, lift_low, lift_high
from feedback.performance
where period_kind = %s
order by selected_by desc
"""

_LEAKAGE = """
select period_from, period_to, sampled,
    leaked_violations, leaked_violations_low, leaked_violations_high,
    leaked_revenue_cny, leaked_revenue_cny_low, leaked_revenue_cny_high,
    compliance_rate, compliance_rate_low, compliance_rate_high
from feedback.leakage
where period_kind = %s
"""

_INSPECTED = """
select declaration_id from treatment.instructions where decided_on between %s and %s
"""


def show_feeds(console: Console) -> None:
    """Print what each feed brought so far, by channel of Article 6."""
    table = Table(title="deliveries so far, by channel 各渠道数据接收情况", box=box.SIMPLE_HEAD)
    for heading in (
        "channel\n渠道", "feed\n数据源", "deliveries\n批次", "refused\n拒收", "received\n收到",
        "loaded\n入库", "quarant.\n隔离", "dupl.\n重复", "corrected\n更正",
    ):  # fmt: skip
        table.add_column(heading, justify="left" if "feed" in heading else "right", no_wrap=True)
    with warehouse.connect() as connection:
        for channel, feed, *counts in connection.execute(_FEEDS):
            table.add_row(channel, feed, *(f"{count or 0:,}" for count in counts))
    console.print(table)


def show_days(console: Console, days: Sequence[date]) -> None:
    """Print one line per business day: rows, lanes, instructions, findings, find rates."""
    _show(console, "Day by day 逐日结果", _DAYS, days)
    console.print(
        "received to dupl.: rows; low to high: declarations by lane; targeted and random: find "
        "rates. Results come back up to three business days later: the last days are not final. "
        "查验结果至多三个工作日后返回。",
        style="dim",
    )


def show_weeks(console: Console, fridays: Sequence[date]) -> None:
    """Print one line per simulated week, as `show_days` does per day."""
    _show(console, "Week by week 逐周结果", _WEEKS, fridays)


def show_find_rates(console: Console, period_kind: str) -> None:
    """Print what targeted and random inspections found over a period, with intervals."""
    for row in _rows(_TARGETED_AND_RANDOM, [period_kind]):
        if not row["completed"]:
            console.print(f"{row['selected_by']} inspections: no result is back. 尚无查验结果。")
            continue
        lift = ""
        if row["lift"] is not None:
            lift = f"; {_span(row, 'lift', '{:.1f}')} times what random inspections find"
        console.print(
            f"{row['selected_by']} inspections: {row['findings']} findings in {row['completed']}, "
            f"find rate {_span(row, 'find_rate', '{:.1%}')}{lift}"
        )


def show_leakage(console: Console, home: Path, period_kind: str) -> None:
    """Print the estimate of what nobody inspected, beside the sandbox's truth."""
    for row in _rows(_LEAKAGE, [period_kind]):
        if row["leaked_violations"] is None:
            console.print("Leakage: no random inspection has come back yet. 尚无随机查验结果。")
            continue
        days = (row["period_from"], row["period_to"])
        inspected = [each["declaration_id"] for each in _rows(_INSPECTED, days)]
        violations, revenue_cny = truth_leakage(home, *days, inspected)
        console.print(
            f"Leakage {days[0]} to {days[1]}, estimated from {row['sampled']} random inspections "
            "(95 % interval) 漏查估计："
        )
        console.print(
            f"  violations {_span(row, 'leaked_violations', '{:,.0f}')}; the sandbox's truth: "
            f"{violations:,}{_holds(row, 'leaked_violations', violations)}"
        )
        console.print(
            f"  revenue {_span(row, 'leaked_revenue_cny', '{:,.0f}')} CNY; the sandbox's truth: "
            f"{revenue_cny:,.0f}{_holds(row, 'leaked_revenue_cny', revenue_cny)}"
        )
        console.print(f"  compliance rate {_span(row, 'compliance_rate', '{:.2%}')}")


def show_failed_runs(console: Console, names: Sequence[str]) -> None:
    """Say that every DAG run ended well, or which did not."""
    console.print(
        f"DAG runs that failed 失败的运行: {', '.join(names)}"
        if names
        else "Every DAG run ended well. 所有运行均成功。"
    )


def show_where_to_look(console: Console, url: str, user: str, password: str) -> None:
    """Print the addresses: Airflow's pages, Data Docs, and a ready psql line."""
    psql = shlex.join([str(postgres.program("psql")), warehouse.url()])
    console.print("\nWhere to look 查看入口")
    for name, place in {
        "Pages": f"{url}/customs-risk/  ({user} / {password})",
        "Airflow": url,
        "Data Docs": (settings().data_docs / "index.html").resolve().as_uri(),
        "psql": psql,
    }.items():
        # never wrapped: lines to be copied whole
        console.print(f"  {name:10}{place}", soft_wrap=True, highlight=False)


def _show(console: Console, title: str, query: str, days: Sequence[date]) -> None:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    table.add_column("", no_wrap=True, min_width=10)
    for english, chinese in _HEADINGS:
        table.add_column(f"{english}\n{chinese}", justify="right", no_wrap=True)
    for row in _rows(query, [list(days)]):
        day, *figures = row.values()
        table.add_row(str(day), *map(_figure, figures))
    console.print(table)


def _rows(query: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    with warehouse.connect() as connection:
        cursor = connection.execute(query, parameters)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if isinstance(value, float) else f"{value:,}"


def _span(row: dict[str, Any], name: str, form: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None or high is None:
        return form.format(row[name])
    return f"{form.format(row[name])} ({form.format(low)} to {form.format(high)})"


def _holds(row: dict[str, Any], name: str, truth: float) -> str:
    high = row[f"{name}_high"]
    if high is None:
        return ""
    is_held = row[f"{name}_low"] <= truth <= high
    return " (inside the interval)" if is_held else " (outside the interval)"
