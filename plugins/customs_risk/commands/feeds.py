"""Feeds: which there are, a new one, and what their deliveries do, did, or would do."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.table import Table

from customs_risk.commands.shared import Feed, console, group, say, shown, tell
from customs_risk.settings import REPOSITORY, settings
from expectations.contract import Contract, contract_of, contracts
from expectations.layout import Format, Reading

app = group("Feeds and what they deliver. 数据源及其投递。")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A delivery. 投递文件")]
_DAY = ["%Y-%m-%d"]
_HEADINGS = (
    "feed 数据源", "what 内容", "channel 渠道", "format 格式", "source 来源", "schedule 周期",
)  # fmt: skip
_COLUMNS = ("feed", "channel", "format", "source", "schedule", "owner")


@app.command(name="list")
def list_(
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown. 输出Markdown")] = False,
) -> None:
    """List the feeds, channel by channel. 列出数据源。"""
    if markdown:
        typer.echo("\n".join(markdown_lines()))
        return
    table = Table()
    for name in _COLUMNS:
        table.add_column(name, no_wrap=name in ("feed", "schedule", "owner"))
    for contract in _by_channel():
        table.add_row(*_row(contract))
    console.print(table)


def markdown_lines() -> list[str]:
    """Return the table that the READMEs show, line by line."""
    heading = (
        "feed 数据源",
        "what 内容",
        "channel 渠道",
        "format 格式",
        "source 来源",
        "schedule 周期",
    )
    rows = [heading, tuple("---" for _ in heading)]
    for contract in _by_channel():
        feed, channel, formats, source, schedule, _ = _row(contract)
        rows.append((f"`{feed}`", str(contract.title), channel, formats, source, f"`{schedule}`"))
    return [f"| {' | '.join(cells)} |" for cells in rows]


def _by_channel() -> list[Contract]:
    return sorted(contracts(), key=lambda each: each.channel or 0)


def _row(contract: Contract) -> tuple[str, ...]:
    formats = [_format(contract)]
    formats += [f"{name}: {_format(contract.layout(name))}" for name in contract.layouts]
    return (
        contract.feed,
        str(contract.channel or "–"),
        "; ".join(formats),
        f"{contract.source.told} ({contract.source.kind})",
        contract.schedule,
        contract.owner,
    )


def _format(reading: Reading) -> str:
    return f"{reading.format} in zip" if reading.packed else reading.format


def _known_format(value: str) -> str:
    if value not in get_args(Format):
        raise typer.BadParameter(f"one of {', '.join(get_args(Format))}")
    return value


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the feed. 数据源名")],
    *,
    grain: Annotated[str, typer.Option(prompt="Grain: one row is one … 粒度")],
    title: Annotated[str, typer.Option(prompt="Title in English 英文标题")],
    title_zh: Annotated[str, typer.Option(prompt="Title in Chinese 中文标题")],
    channel: Annotated[
        int | None, typer.Option(min=1, max=7, help="Article 6; none: supervision. 渠道")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", callback=_known_format, help="Of deliveries. 格式")
    ] = "csv",
    folder: Annotated[str | None, typer.Option(help="Of the declaration. 所在目录")] = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for the data. 负责人")] = None,
    recipient: Annotated[str | None, typer.Option(help="Whom alarms are for. 告警接收")] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Column of the key; may repeat. 主键列")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="Column: when a row became known. 获知时间列")
    ] = None,
    delivered: Annotated[
        Path | None,
        typer.Option("--from", exists=True, dir_okay=False, help="A delivered file. 样例文件"),
    ] = None,
) -> None:
    """Scaffold a feed: declaration, staging model, sample. 新建数据源。"""
    from customs_risk.scaffold import Wanted, scaffold

    wanted = Wanted(
        feed=name,
        grain=grain,
        title=title,
        title_zh=title_zh,
        format=format_,  # type: ignore[arg-type]  # checked by its callback
        channel=channel,
        folder=folder,
        owner=owner,
        recipient=recipient,
        key=tuple(key or ()),
        known_at=known_at,
        delivered=delivered,
    )
    declaration, *others = scaffold(wanted)
    for path in (declaration, *others):
        say(f"wrote {path.relative_to(REPOSITORY)}")
    say("")
    say(f"Now correct what {declaration.name} says: types, classes, meanings, key, volume.")
    if delivered:
        say("The sample holds delivered rows: make up what is not public before it is kept.")
    say(f"Then: customs-risk sources; customs-risk feed check FILE --feed {name}")


@app.command()
def check(
    file: File,
    *,
    feed: Annotated[
        str | None, typer.Option("--feed", help="Whose it is, whatever its name. 所属数据源")
    ] = None,
    backfill: Annotated[bool, typer.Option("--backfill", help="As history. 按历史回填")] = False,
) -> None:
    """Tell what a delivery would do, without loading it; 1 if it is refused. 试校验。"""
    from customs_risk import collect
    from customs_risk.collect.landing import feed_told

    told = feed or feed_told(file.name)
    if told is None:
        raise typer.BadParameter(
            f"{file.name} is no <feed>_<YYYYMMDDTHHMMSS>[.<layout>].<ending>: name its --feed"
        )
    outcome = collect.try_out(told, file, is_backfill=backfill)
    say(f"{told}, contract version {contract_of(told).version}; nothing is loaded:")
    tell(outcome)
    if outcome.broken:
        table = Table("rule 规则", "rows 行数", "first row 首行")
        for rule, (rows, first) in sorted(outcome.broken.items(), key=lambda each: -each[1][0]):
            table.add_row(rule, f"{rows:,}", str(first))
        console.print(table)
    for warning in outcome.warnings:
        say(f"warning: {warning}")
    if outcome.status == "refused":
        raise typer.Exit(1)


@app.command()
def backfill(
    feed: Feed,
    *,
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, help="First day. 首日")],
    last: Annotated[datetime, typer.Option("--to", formats=_DAY, help="Last day, included. 末日")],
) -> None:
    """Fetch what a source holds of past days, and take it in as history. 历史回填。"""
    from customs_risk import collect

    if first > last:
        raise typer.BadParameter(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}")
    outcomes = collect.bring_in(feed, (first.date(), last.date()))
    for outcome in outcomes:
        tell(outcome)
    if not outcomes:
        say(f"{feed}: nothing of those days came")
        if contract_of(feed).source.kind == "folder":
            say(f"its sender drops files: put them into {settings().inbox / feed / 'backfill'}")


@app.command()
def again(
    feed: Feed,
    *,
    batch: Annotated[
        str | None, typer.Option("--batch", help="One delivery; else all. 仅此批次")
    ] = None,
) -> None:
    """Judge landed deliveries anew, by the contract as it is now. 按现行合约重放。"""
    from customs_risk import collect

    outcomes = collect.again(feed, batch)
    for outcome in outcomes:
        tell(outcome)
    if not outcomes:
        say(f"{feed}: nothing was delivered yet")


@app.command()
def versions(feed: Feed) -> None:
    """Show the versions of a feed's contract, and what each one judged. 合约版本。"""
    from customs_risk import warehouse

    contract = contract_of(feed)
    table = Table("version", "first used", "fingerprint", "deliveries", "loaded", "quarantined")
    with warehouse.connect() as connection:
        for version, used_at, *others in connection.execute(_VERSIONS, [feed]):
            mark = " (now)" if version == contract.version else ""
            table.add_row(f"{version}{mark}", shown(used_at), *(str(each) for each in others))
    console.print(table)


_VERSIONS = """
    select
        versions.version, versions.first_used_at, versions.fingerprint, count(batches.batch_id),
        coalesce(sum(batches.loaded), 0), coalesce(sum(batches.quarantined), 0)
    from ops.contracts as versions
    left join ops.batches as batches
        on batches.feed = versions.feed and batches.contract_version = versions.version
        and batches.status = 'loaded'
    where versions.feed = %s
    group by versions.feed, versions.version
    order by versions.version
"""
