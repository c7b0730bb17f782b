"""Information requests (Order 271, Article 8), and alarms: what somebody must look at."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.oversight import requests
from customs_risk.oversight.requests import LEGAL_BASIS
from customs_risk.settings import settings

app = group("Information requests (Article 8). 信息提供要求。")

All = Annotated[bool, typer.Option("--all", help="Past ones too. 含已结束")]


@app.command()
def ask(
    party: Annotated[str, typer.Argument(help="Identifier of the party. 当事人代码")],
    *,
    what: Annotated[str, typer.Option("--what", help="What is asked, in English. 英文内容")],
    what_zh: Annotated[str, typer.Option("--what-zh", help="What is asked, in Chinese. 中文内容")],
    due: Annotated[datetime, typer.Option("--due", help="Day, or moment, in business time. 期限")],
    by: By,
    name: Annotated[str | None, typer.Option("--name", help="Name of the party. 名称")] = None,
    basis: Annotated[
        str, typer.Option("--basis", help="Legal basis, which the party is told. 法律依据")
    ] = LEGAL_BASIS,
) -> None:
    """Ask a party for documents or answers by a day; it leaves through the outbox. 要求提供。"""
    # a bare day is there to its end
    is_day = due.time() == datetime.min.time()
    due = due.replace(hour=23, minute=59, second=59) if is_day else due
    number = requests.ask(
        party,
        what_en=what,
        what_zh=what_zh,
        due_at=due.replace(tzinfo=settings().zone),
        asked_by=by,
        party_name=name,
        legal_basis=basis,
    )
    say(f"{number}, due {due:%Y-%m-%d %H:%M}")


@app.command(name="list")
def list_(*, all_: All = False) -> None:
    """List the requests that are open, the most urgent first. 待答复。"""
    from customs_risk import clock, warehouse

    table = Table("request", "party", "what", "asked", "due", "status")
    with warehouse.connect() as connection:
        told = {"now": clock.present(connection), "all": all_}
        for number, party, what, asked_at, due_at, status in connection.execute(_REQUESTS, told):
            table.add_row(
                number, escape(party), escape(what), shown(asked_at), shown(due_at), status
            )
    console.print(table)


# core.information_requests tells more, as of the last time it was built
_REQUESTS = """
    with told as (
        select
            request_id,
            concat_ws(' ', party_id, party_name) as party,
            what_en || ' ' || what_zh as what,
            asked_at,
            due_at,
            case
                when closed_at is not null then 'closed'
                when exists (
                    select 1 from raw.information_answers as answers
                    where answers.request_id = requests.request_id
                        and answers.party_id = requests.party_id and answers.is_complete
                ) then 'answered'
                when due_at < %(now)s then 'overdue'
                else 'open'
            end as status
        from ops.information_requests as requests
    )
    select * from told
    where %(all)s or status in ('open', 'overdue')
    order by due_at, request_id
"""


@app.command()
def close(
    request: Annotated[str, typer.Argument(help="Number of the request. 编号")],
    *,
    by: By,
    reason: Reason,
) -> None:
    """Close a request that needs no further answer. 办结。"""
    if not requests.close(request, closed_by=by, reason=reason):
        say(f"{request}: no open request has that number")
        raise typer.Exit(1)
    say(f"{request}: closed by {by}")


def alarms(*, all_: All = False) -> None:
    """List the alarms that last, the newest first. 告警。"""
    from customs_risk import warehouse

    table = Table("raised", "kind", "feed", "for", "message", "cleared")
    with warehouse.connect() as connection:
        for raised_at, kind, feed, recipient, en, zh, cleared_at in connection.execute(
            _ALARMS, {"all": all_}
        ):
            table.add_row(
                shown(raised_at),
                kind,
                feed or "",
                recipient,
                escape(f"{en} {zh}"),
                shown(cleared_at),
            )
    console.print(table)


_ALARMS = """
    select raised_at, kind, feed, recipient, message_en, message_zh, cleared_at
    from ops.alarms
    where %(all)s or cleared_at is null
    order by raised_at desc, alarm_id
"""
