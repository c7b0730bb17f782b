"""Requests for inspections: an analyst asks that what meets a description be looked at."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Reason, console, group, say
from customs_risk.experts.vocabulary import Domain
from customs_risk.treat.inspection_requests import LEGAL_BASIS, SubjectKind

app = group("Requests for inspections. 查验建议。")

_DAY = ["%Y-%m-%d"]

_LIST = """
select
    requests.request_id,
    requests.subject_kind || ' ' || requests.subject_key || coalesce(' @ ' || office_code, ''),
    requests.risk_domain,
    requests.words_en || ' ' || requests.words_zh,
    requests.starts_on || ' – ' || requests.ends_on,
    (select count(*) from ops.claims where claim_key = request_id) || ' / ' || requests.most,
    case
        when requests.withdrawn_at is not null then 'withdrawn'
        when requests.ends_on < %(today)s then 'over'
        else 'open'
    end as status
from ops.inspection_requests as requests
order by requests.asked_at desc, requests.request_id
"""


@app.command()
def ask(
    kind: Annotated[SubjectKind, typer.Argument(help="What is described. 对象类型")],
    key: Annotated[str, typer.Argument(help="Its number or code; hs6|origin. 编号或代码")],
    *,
    domain: Annotated[Domain, typer.Option("--domain", help="Risk domain. 风险领域")],
    why: Annotated[str, typer.Option("--why", help="Why, in English. 英文理由")],
    why_zh: Annotated[str, typer.Option("--why-zh", help="Why, in Chinese. 中文理由")],
    until: Annotated[datetime, typer.Option("--until", formats=_DAY, help="Last day. 截止日")],
    most: Annotated[int, typer.Option("--most", min=1, help="Inspections at most. 上限")],
    by: By,
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="First day. 起始日")
    ] = None,
    office: Annotated[str | None, typer.Option("--office", help="Of one office. 关区")] = None,
    basis: Annotated[str, typer.Option("--basis", help="Legal basis. 法律依据")] = LEGAL_BASIS,
) -> None:
    """Ask that goods, a party or a declaration be inspected. 提出查验建议。"""
    from customs_risk.treat import inspection_requests

    number = inspection_requests.ask(
        kind,
        key,
        domain=domain,
        words_en=why,
        words_zh=why_zh,
        ends_on=until.date(),
        most=most,
        asked_by=by,
        starts_on=from_.date() if from_ else None,
        office_code=office,
        legal_basis=basis,
    )
    say(f"{number}: {most} at most, until {until:%Y-%m-%d} 已登记")


@app.command()
def withdraw(
    request: Annotated[str, typer.Argument(help="Number of the request. 编号")],
    *,
    by: By,
    reason: Reason,
) -> None:
    """Withdraw a request; what it claimed already stands. 撤回。"""
    from customs_risk.treat import inspection_requests

    stood = inspection_requests.withdraw(request, by=by, reason=reason)
    say(f"{request}: withdrawn 已撤回" if stood else f"{request}: it does not stand 不在有效期")


@app.command(name="list")
def list_() -> None:
    """List all requests, the newest first. 列表。"""
    from customs_risk import clock, warehouse

    table = Table("request", "of", "domain", "why", "days", "claimed", "status")
    with warehouse.connect() as connection:
        told = {"today": clock.business_day(clock.present(connection))}
        for row in connection.execute(_LIST, told):
            table.add_row(*(escape(str(cell)) for cell in row))
    console.print(table)
