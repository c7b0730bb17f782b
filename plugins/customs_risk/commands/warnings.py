"""Warnings (Order 271, Article 14): what is drafted, what each audience is told, and lifting."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.treat.warnings.releases import Audience

app = group("Warnings (Article 14). 风险预警。")

Number = Annotated[str, typer.Argument(help="Number of the warning. 预警编号")]
All = Annotated[bool, typer.Option("--all", help="Past ones too. 含已解除")]

_LIST = """
    select
        warning_id, version, release_class, risk_domain, "level", title_zh, title_en, state,
        recipients, receipts, drafted_at
    from treatment.warnings
    where %(all)s or state not in ('lifted', 'superseded')
    order by drafted_at desc, warning_id asc, version asc
"""

_OF_ONE = "select * from treatment.warnings where (warning_id, version) = (%s, %s)"


@app.command(name="list")
def list_(*, all_: All = False) -> None:
    """List the warnings that stand, the newest first. 预警列表。"""
    from customs_risk import warehouse

    table = Table(
        Column("warning", no_wrap=True),
        "class",
        "domain",
        "level",
        "what",
        "state",
        "received",
        "drafted",
    )
    with warehouse.connect() as connection:
        for (
            number, version, release_class, domain, level, zh, en, state, recipients, receipts, at,
        ) in connection.execute(_LIST, {"all": all_}):  # fmt: skip
            table.add_row(
                f"{number} v{version}", release_class, domain, level, escape(f"{zh} {en}"), state,
                f"{receipts}/{recipients}", shown(at),
            )  # fmt: skip
    console.print(table)


@app.command()
def show(
    number: Number,
    *,
    audience: Annotated[
        Audience, typer.Option("--as", help="Whom it would be told to. 面向对象")
    ] = "customs",
    basis: Annotated[
        str | None, typer.Option("--basis", help="Sharing basis, for recipients abroad. 共享依据")
    ] = None,
) -> None:
    """Show what an audience would be told of a warning, and nothing else. 按对象查看。"""
    from psycopg.rows import dict_row

    from customs_risk import warehouse
    from customs_risk.treat.warnings.giveaways import forbidden, giveaways
    from customs_risk.treat.warnings.issue import standing_version
    from customs_risk.treat.warnings.releases import free_text, release

    with warehouse.connect() as connection:
        told = [number, standing_version(connection, number)]
        row = connection.cursor(row_factory=dict_row).execute(_OF_ONE, told).fetchone()
        said = release(row or {}, audience, basis)
        named = giveaways(connection, {"": free_text(said)}).get("", [])
    for field, value in said.items():
        say(f"{field}: {value}")
    for each in forbidden(named, audience):
        say(f"it must not leave: it names {each} 不得发布")


@app.command()
def issue(number: Number, *, by: By) -> None:
    """Issue a warning that may leave, now. 发布。"""
    from customs_risk.treat.warnings import issue as issuing

    say(f"{number}: issued to {issuing.issue(number, by=by)} recipients 已发布")


@app.command()
def revise(
    number: Number,
    *,
    by: By,
    title: Annotated[str | None, typer.Option("--title", help="In English. 英文标题")] = None,
    title_zh: Annotated[str | None, typer.Option("--title-zh", help="In Chinese. 中文标题")] = None,
    advice: Annotated[str | None, typer.Option("--advice", help="In English. 英文建议")] = None,
    advice_zh: Annotated[
        str | None, typer.Option("--advice-zh", help="In Chinese. 中文建议")
    ] = None,
) -> None:
    """Put a warning into other words: a new version, which waits for approval anew. 修改。"""
    from customs_risk.treat.warnings import drafts

    version = drafts.revise(
        number, title_en=title, title_zh=title_zh, advice_en=advice, advice_zh=advice_zh, by=by
    )
    say(f"{number}: version {version} 新版本")


@app.command()
def lift(
    number: Number,
    *,
    reason: Reason,
    reason_zh: Annotated[str, typer.Option("--reason-zh", help="Why, in Chinese. 中文理由")],
    by: By,
) -> None:
    """Lift a warning; whoever was told of it is told why, in these words. 解除。"""
    from customs_risk.treat.warnings import issue as issuing

    issuing.lift(number, reason_en=reason, reason_zh=reason_zh, by=by)
    say(f"{number}: lifted 已解除")
