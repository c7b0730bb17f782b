"""The outbox (Article 4): what left, what waits, what could not be delivered."""

from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown

app = group("The outbox: what left, what waits, what is dead. 发件箱。")

Message = Annotated[str, typer.Argument(help="Key of the message. 消息编号")]
Messages = Annotated[
    list[str] | None, typer.Argument(help="Keys of messages; or all of a route. 消息编号")
]
OverRoute = Annotated[str | None, typer.Option("--route", help="All that died on it. 发送通道")]
OfKind = Annotated[str | None, typer.Option("--kind", help="Kind of message. 消息类别")]
State = Literal["waiting", "sent", "dead", "settled"]

_TOLD = """
    with told as (
        select
            outbox.message_id,
            outbox.kind,
            outbox.payload ->> 'addressee' as addressee,
            outbox.decided_on,
            outbox.enqueued_at,
            outbox.dispatched_at,
            outbox.attempts,
            outbox.file_name,
            outbox.payload,
            shipments.route,
            shipments.next_attempt_at,
            receipts.receiver,
            receipts.receipt_id,
            receipts.received_at,
            case
                when outbox.dispatched_at is not null then 'sent'
                when outbox.shipment_id is null or shipments.closed_at is null then 'waiting'
                when exists (
                    select 1 from ops.dead_letters as letters
                    where letters.message_id = outbox.message_id and letters.ended_at is null
                ) then 'dead'
                else 'settled'
            end as state
        from ops.outbox
        left join ops.shipments using (shipment_id)
        left join ops.receipts using (message_id)
    )
"""

_LIST = (
    _TOLD
    + """
    select
        message_id, state, coalesce(route, ''), coalesce(addressee, ''), decided_on::text,
        attempts::text, dispatched_at, coalesce(receipt_id, receiver, '')
    from told
    where
        (%(state)s::text is null or state = %(state)s)
        and (%(kind)s::text is null or kind = %(kind)s)
    order by enqueued_at desc, message_id
    limit %(most)s
"""
)


@app.command(name="list")
def list_(
    *,
    state: Annotated[State | None, typer.Option("--state", help="Only these. 状态")] = None,
    kind: OfKind = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Lines at most. 最多行数")] = 50,
) -> None:
    """List messages, the newest first. 消息清单。"""
    table = Table("message", "state", "route", "for", "decided", "tries", "left", "receipt")
    for *told, tries, left_at, receipt in _rows(_LIST, state=state, kind=kind, most=most):
        table.add_row(*map(escape, told), tries, shown(left_at), escape(receipt))
    console.print(table)


_SHOW = (
    _TOLD
    + """
    select
        kind, state, addressee, route, decided_on, enqueued_at, attempts, next_attempt_at,
        dispatched_at, file_name, receiver, receipt_id, received_at, jsonb_pretty(payload)
    from told
    where message_id = %(message)s
"""
)
_SHOWN = (
    "kind", "state", "for", "route", "decided", "enqueued", "tries", "next attempt", "left",
    "file", "receiver", "receipt", "received", "payload",
)  # fmt: skip
_MOMENTS = {"enqueued", "next attempt", "left", "received"}


@app.command()
def show(message: Message) -> None:
    """Show one message: where it is, what it says, who has it. 消息详情。"""
    found = _rows(_SHOW, message=message)
    if not found:
        _nothing(message)
    for name, value in zip(_SHOWN, found[0], strict=True):
        if value is not None and (name != "next attempt" or found[0][1] == "waiting"):
            say(f"{name}: {shown(value) if name in _MOMENTS else value}")


_ATTEMPTS = """
    select
        attempt_no::text, route, started_at, finished_at, coalesce(outcome, ''),
        coalesce(error, receipt, '')
    from ops.dispatch_attempts
    where message_id = %(message)s
    order by attempt_no
"""


@app.command()
def attempts(message: Message) -> None:
    """Show each attempt to send a message, and what became of it. 发送记录。"""
    found = _rows(_ATTEMPTS, message=message)
    if not found:
        _nothing(message)
    table = Table("attempt", "route", "started", "finished", "outcome", "error or receipt")
    for number, route, started_at, finished_at, outcome, told in found:
        table.add_row(number, route, shown(started_at), shown(finished_at), outcome, escape(told))
    console.print(table)


_DEAD = """
    select message_id, route, dead_at, attempts::text, reason
    from ops.dead_letters
    where ended_at is null and (%(route)s::text is null or route = %(route)s)
    order by dead_at desc, message_id
"""


@app.command()
def dead(*, route: OverRoute = None) -> None:
    """List what nobody tries any more: send it again, or let it go. 无法送达的消息。"""
    table = Table("message", "route", "dead since", "tries", "why")
    for message, over, dead_at, tries, reason in _rows(_DEAD, route=route):
        table.add_row(escape(message), over, shown(dead_at), tries, escape(reason))
    console.print(table)


@app.command()
def requeue(messages: Messages = None, *, by: By, reason: Reason, route: OverRoute = None) -> None:
    """Let dead messages be sent again, with the next dispatch and their old keys. 重新发送。"""
    from customs_risk.treat import outbox

    count = outbox.requeue(messages or (), route=route, by=by, reason=reason)
    say(f"{count} message(s) wait for the next dispatch 已重新排队")


@app.command()
def settle(messages: Messages = None, *, by: By, reason: Reason, route: OverRoute = None) -> None:
    """Note that dead messages need not be sent any more. 办结，不再发送。"""
    from customs_risk.treat import outbox

    count = outbox.settle(messages or (), route=route, by=by, reason=reason)
    say(f"{count} message(s) settled by {by} 已办结")


@app.command()
def send() -> None:
    """Send now what is due, as the schedule would. 立即发送。"""
    from customs_risk import steps

    say(f"{steps.dispatch()} message(s) left 已发送")


@app.command()
def routes() -> None:
    """Show the routes, and which kind and addressee takes which. 发送通道。"""
    from customs_risk.treat.outbox.routes import FILES, routes, secret_of

    config = routes()
    ways = Table("route", "by", "where", "secret")
    for name, route in config.by_name.items():
        where = route.model_dump(mode="json", exclude={"by", "host_key"}, exclude_none=True)
        told = ", ".join(f"{key} {value}" for key, value in where.items())
        ways.add_row(name, route.by, escape(told), "set" if secret_of(name) else "")
    rules = Table("kind", "for", "over")
    for rule in config.send:
        rules.add_row(rule.kind or "any", rule.addressee or "anybody", rule.over)
    rules.add_row("any", "anybody", FILES)
    for table in (ways, rules):
        console.print(table)


def _rows(query: str, **told: object) -> list[tuple[Any, ...]]:
    from customs_risk import warehouse

    with warehouse.connect() as connection:
        return connection.execute(query, told).fetchall()


def _nothing(message: str) -> None:
    say(f"{message}: nothing is known of such a message 无此消息")
    raise typer.Exit(1)
