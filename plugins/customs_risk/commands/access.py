"""Confidentiality (Article 5): roles, who is in them, who read what, and what is over its time."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, console, group, say, shown

app = group("Who may read what, and who did (Article 5). 数据安全与保密。")

Member = Annotated[str, typer.Argument(help="Login of a person or program. 登录名")]
RoleName = Annotated[str, typer.Argument(help="analyst, assessor, auditor, … 角色")]


@app.command()
def roles() -> None:
    """List the roles: what each reads, which classes it is shown, who is in it. 角色。"""
    from customs_risk.access import members

    table = Table("role", "who", "reads", "is shown", "members")
    for role in members.roles():
        table.add_row(
            role.name,
            role.title,
            ", ".join(role.reads),
            ", ".join(role.sees),
            escape(", ".join(role.members)),
        )
    console.print(table)


@app.command()
def log(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many. 至多条数")] = 50,
    reader: Annotated[str | None, typer.Option(help="Only this one's. 读者")] = None,
    mart: Annotated[str | None, typer.Option(help="Only of this mart. 数据集")] = None,
) -> None:
    """List who read which classified mart, the latest first. 访问日志。"""
    from customs_risk.access import members

    table = Table("when", "role", "login", "mart", "class", "query")
    for read in members.log(limit, reader=reader, mart=mart):
        query = " ".join(read.query.split())
        table.add_row(
            shown(read.read_at),
            escape(read.reader),
            escape(read.login),
            read.mart,
            read.confidentiality,
            escape(query if len(query) < 80 else f"{query[:80]}…"),
        )
    console.print(table)


@app.command()
def grant(
    member: Member,
    role: RoleName,
    *,
    by: By,
    district: Annotated[
        list[str] | None, typer.Option("--district", help="Code; may repeat. 直属海关代码")
    ] = None,
    subcentre: Annotated[
        list[str] | None, typer.Option("--subcentre", help="Key; may repeat. 参数分中心")
    ] = None,
    all_districts: Annotated[
        bool, typer.Option("--all-districts", help="Rows of every office. 全部关区")
    ] = False,
) -> None:
    """Give a login a role, and the districts whose rows it reads; else it reads none. 授权。"""
    from customs_risk.access import members

    granted = members.grant(
        member,
        role,
        by=by,
        districts=tuple(district or ()),
        subcentres=tuple(subcentre or ()),
        all_districts=all_districts,
    )
    say(f"{member}: {', '.join(granted)}, by {by}")


@app.command()
def revoke(member: Member, role: RoleName, *, by: By) -> None:
    """Take a login out of a role or a jurisdiction (district_2200, subcentre_shanghai). 撤销。"""
    from customs_risk.access import members

    if not members.revoke(member, role, by=by):
        say(f"{member} is not in {role}")
        raise typer.Exit(1)
    say(f"{member}: no longer {role}, by {by}")


@app.command()
def retain(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would go. 仅试算")
    ] = False,
) -> None:
    """Delete what is over its time, and clear what is over it of persons. 到期清除。"""
    from customs_risk.access import retention

    table = Table("what", "act", "columns", "known before", "rows")
    for act in retention.retain(dry_run=dry_run):
        table.add_row(
            act.relation,
            f"would be: {act.act}" if dry_run else act.act,
            ", ".join(act.columns),
            shown(act.known_before),
            f"{act.rows:,}",
        )
    console.print(table)
