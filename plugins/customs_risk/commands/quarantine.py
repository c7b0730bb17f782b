"""Quarantine: rows that broke a rule, as they were delivered, and how they come out again."""

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Feed, Reason, console, group, say, shown

app = group("Rows that broke a rule. 隔离区。")

Batch = Annotated[str, typer.Argument(help="Number of a delivery. 批次号")]


@app.command(name="list")
def list_(
    feed: Annotated[str | None, typer.Argument(help="Only this feed. 仅此数据源")] = None,
) -> None:
    """List the deliveries with rows that wait, and the rules that they broke. 待处理批次。"""
    from customs_risk import warehouse

    table = Table("feed", "batch", "since", "rows", "rules broken")
    with warehouse.connect() as connection:
        for name, batch, since, rows, rules in connection.execute(_WAITING, {"feed": feed}):
            table.add_row(name, batch, shown(since), f"{rows:,}", escape(", ".join(rules)))
    console.print(table)


_WAITING = """
    select feed, batch_id, min(quarantined_at), count(distinct row_no), array_agg(distinct rule)
    from ops.quarantine, unnest(broken) as rule
    where released_at is null and (%(feed)s::text is null or feed = %(feed)s)
    group by feed, batch_id
    order by feed, batch_id
"""


@app.command()
def show(
    batch: Batch,
    *,
    rows: Annotated[int, typer.Option("--rows", min=1, help="At most so many. 至多行数")] = 20,
) -> None:
    """Show a delivery's quarantined rows as they were delivered, and who let out which. 查看。"""
    from customs_risk import warehouse

    table = Table("row", "broken", "as delivered", "released")
    with warehouse.connect() as connection:
        found = connection.execute(_ROWS, [batch, rows]).fetchall()
    for row_no, broken, row, repair, released_at, by, reason in found:
        cells = {name: value for name, value in row.items() if value is not None}
        released = f"{shown(released_at)} by {by}: {reason} {_json(repair)}" if by else ""
        table.add_row(str(row_no), ", ".join(broken), escape(_json(cells)), escape(released))
    console.print(table)
    if not found:
        say(f"{batch}: nothing is in quarantine")


_ROWS = """
    select row_no, broken, "row", repair, released_at, released_by, release_reason
    from ops.quarantine where batch_id = %s
    order by released_at is not null, row_no
    limit %s
"""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _repairs(pairs: list[str]) -> dict[str, str | None]:
    """Read ``column=value``; an empty value is null."""
    repairs: dict[str, str | None] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise typer.BadParameter(f"{pair!r} is no column=value", param_hint="--set")
        repairs[name.strip()] = value or None
    return repairs


@app.command()
def release(
    feed: Feed,
    batch: Batch,
    *,
    by: By,
    reason: Reason,
    row: Annotated[
        list[int] | None, typer.Option("--row", help="One row; may repeat; else all. 行号")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="column=value; may repeat. 修正")
    ] = None,
) -> None:
    """Judge quarantined rows again, repaired; those that now pass are loaded. 修正并放行。"""
    from customs_risk.collect.release import release as release_rows

    released = release_rows(
        feed, batch, rows=row or None, repair=_repairs(set_ or []), by=by, reason=reason
    )
    say(
        f"{batch}: {released.loaded:,} loaded, {released.duplicate:,} duplicate, "
        f"{len(released.held):,} still held"
    )
    for row_no, rules in sorted(released.held.items()):
        say(f"  row {row_no}: {', '.join(rules)}")
