"""Joint cases with other departments (Order 271, Article 19) on the command line."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.experts.vocabulary import Domain
from customs_risk.treat.joint_cases import AgencyCovers, Outcome, Role

app = group("Joint prevention and control (Article 19). 联合防控案件。")

Case = Annotated[str, typer.Argument(help="Number of the case. 案件编号")]
Agency = Annotated[str, typer.Argument(help="The agency. 部门")]
Covering = Annotated[
    AgencyCovers, typer.Option("--covers", help="Highest class it may be told. 涵盖的最高级别")
]
Agreement = Annotated[
    str, typer.Option("--agreement", help="Memorandum or law that binds it. 保密依据")
]
Mart = Annotated[str, typer.Option("--mart", help="Of schema core. 数据集市")]
Columns = Annotated[list[str], typer.Option("--column", help="May repeat. 字段，可重复")]
What = Annotated[str, typer.Option("--what", help="What it is. 内容")]


@app.command(name="open")
def open_(
    *,
    title: Annotated[str, typer.Option("--title", help="In English. 英文名称")],
    title_zh: Annotated[str, typer.Option("--title-zh", help="In Chinese. 中文名称")],
    domain: Annotated[Domain, typer.Option("--domain", help="Risk domain. 风险领域")],
    lead: Annotated[str, typer.Option("--lead", help="Agency in the lead. 牵头部门")],
    agreement: Agreement,
    by: By,
    reason: Reason,
    covers: Covering = "internal",
) -> None:
    """Open a joint case. 立案。"""
    from customs_risk.treat import joint_cases

    number = joint_cases.open_case(
        title, title_zh, domain=domain, lead=lead, agreement=agreement, by=by, reason=reason,
        covers=covers,
    )  # fmt: skip
    say(f"{number}: opened, {lead} leads 已立案")


@app.command()
def join(
    case: Case,
    agency: Agency,
    *,
    role: Annotated[Role, typer.Option("--role", help="Lead, member, consulted. 角色")],
    agreement: Agreement,
    by: By,
    covers: Covering = "internal",
) -> None:
    """Let an agency take part. 部门加入。"""
    from customs_risk.treat import joint_cases

    joint_cases.join(case, agency, role=role, covers=covers, agreement=agreement, by=by)
    say(f"{case}: {agency} takes part as {role} 已加入")


@app.command()
def leave(case: Case, agency: Agency, *, by: By, reason: Reason) -> None:
    """Note that an agency takes part no more. 部门退出。"""
    from customs_risk.treat import joint_cases

    if not joint_cases.leave(case, agency, by=by, reason=reason):
        say(f"{case}: {agency} does not take part 该部门未参与")
        raise typer.Exit(1)
    say(f"{case}: {agency} has left 已退出")


@app.command()
def allow(
    case: Case, agency: Agency, *, mart: Mart, column: Columns, by: By, reason: Reason
) -> None:
    """Allow an agency to be told columns of a mart. 许可共享字段。"""
    from customs_risk.treat import joint_cases

    new = joint_cases.allow(case, agency, mart, column, by=by, reason=reason)
    say(f"{case}: {agency} may be told {new} further columns of core.{mart} 已许可")


@app.command()
def withdraw(
    case: Case, agency: Agency, *, mart: Mart, column: Columns, by: By, reason: Reason
) -> None:
    """Allow columns of a mart no longer. 撤回共享许可。"""
    from customs_risk.treat import joint_cases

    ended = joint_cases.withdraw(case, agency, mart, column, by=by, reason=reason)
    say(f"{case}: {ended} columns withdrawn from {agency} 已撤回")


@app.command()
def share(
    case: Case,
    agency: Agency,
    declarations: Annotated[list[str], typer.Argument(help="Their numbers. 报关单号")],
    *,
    what: What,
    by: By,
) -> None:
    """Tell an agency what it may know of declarations; through the outbox. 共享信息。"""
    from customs_risk.treat import joint_cases

    say(f"{joint_cases.share(case, agency, declarations, what=what, by=by)}: leaves 待发出")


@app.command()
def received(
    case: Case,
    agency: Agency,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="As it came. 文件")],
    *,
    what: What,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Rows in it. 行数")],
    by: By,
) -> None:
    """Note what came from an agency; its digest is kept. 登记收到的信息。"""
    from customs_risk.treat import joint_cases

    say(f"{joint_cases.receive(case, agency, file, what=what, rows=rows, by=by)}: noted 已登记")


@app.command()
def close(
    case: Case,
    *,
    outcome: Annotated[Outcome, typer.Option("--outcome", help="In a word. 结果")],
    words: Annotated[str, typer.Option("--words", help="In English. 英文说明")],
    words_zh: Annotated[str, typer.Option("--words-zh", help="In Chinese. 中文说明")],
    by: By,
) -> None:
    """Close a case with its outcome. 结案。"""
    from customs_risk.treat import joint_cases

    if not joint_cases.close(case, outcome, words, words_zh, by=by):
        say(f"{case}: no open case has that number 无此未结案件")
        raise typer.Exit(1)
    say(f"{case}: closed by {by} 已结案")


@app.command(name="list")
def list_() -> None:
    """List the cases, the newest first. 案件清单。"""
    from customs_risk import warehouse

    table = Table(
        Column("case", no_wrap=True),
        "opened", "title", "agencies", "shared", "sent", "received", "status",
    )  # fmt: skip
    with warehouse.connect() as connection:
        for number, opened_at, *told in connection.execute(_CASES):
            table.add_row(number, shown(opened_at), *(escape(str(each)) for each in told))
    console.print(table)


_CASES = """
    select
        case_id, opened_at, title_zh || ' ' || title_en, array_to_string(agencies, ', '),
        fields_shared, exchanges_sent, exchanges_received, coalesce(outcome, status)
    from treatment.joint_cases
    order by opened_at desc, case_id
"""
