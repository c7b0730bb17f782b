"""What leaves together, and how it is written: messages of one kind, day, addressee and route."""

import io
import json
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from customs_risk.treat.outbox.kinds import KINDS
from customs_risk.treat.outbox.routes import FILES, Routes

# one shipment per kind, day, addressee and route; more only where there are more messages than one
# shipment may hold. A shipment packed again, of messages that a person brought back, is open again
_PACK: LiteralString = """
with

waiting as (
    select
        message_id,
        kind,
        decided_on,
        payload ->> 'addressee' as addressee
    from ops.outbox
    where shipment_id is null and dispatched_at is null and kind = any(%(kinds)s)
),

-- one message to the first rule that fits it
routed as (
    select
        waiting.*,
        coalesce(fitting.route, %(otherwise)s) as route
    from waiting
    left join lateral (
        select rules.route
        from jsonb_to_recordset(%(rules)s::jsonb)
            as rules (place int, kind text, addressee text, route text)
        where
            (rules.kind is null or rules.kind = waiting.kind)
            and (
                rules.addressee is null
                or rules.addressee = waiting.addressee
                or (
                    right(rules.addressee, 1) = '*'
                    and starts_with(waiting.addressee, left(rules.addressee, -1))
                )
            )
        order by rules.place
        limit 1
    ) as fitting on true
),

-- one message to the one route
numbered as (
    select
        routed.*,
        (row_number() over (
            partition by routed.kind, routed.decided_on, routed.addressee, routed.route
            order by routed.message_id
        ) - 1) / limits.most as part
    from routed
    inner join jsonb_to_recordset(%(limits)s::jsonb) as limits (route text, most int) using (route)
),

packed as (
    select
        encode(
            sha256(convert_to(string_agg(message_id, e'\\n' order by message_id), 'UTF8')), 'hex'
        ) as shipment_id,
        kind,
        decided_on,
        addressee,
        route,
        array_agg(message_id) as message_ids
    from numbered
    group by kind, decided_on, addressee, route, part
),

opened as (
    insert into ops.shipments as known (shipment_id, kind, decided_on, addressee, route)
    select shipment_id, kind, decided_on, addressee, route from packed
    on conflict (shipment_id) do update set
        route = excluded.route,
        packed_at = excluded.packed_at,
        next_attempt_at = excluded.next_attempt_at,
        closed_at = null
    returning shipment_id
),

-- many messages to the one shipment
members as (
    select
        packed.shipment_id,
        unnest(packed.message_ids) as message_id
    from packed
    inner join opened using (shipment_id)
)

update ops.outbox
set shipment_id = members.shipment_id
from members
where outbox.message_id = members.message_id
"""

_LINES = sql.SQL("""
copy (
    select message_id, {told}
    from ops.outbox
    where message_id = any({message_ids})
    order by message_id
) to stdout with (format csv, header)
""")

_ROWS: LiteralString = """
select message_id, subject_id, decided_on, payload
from ops.outbox
where message_id = any(%s)
order by message_id
"""


@dataclass(frozen=True)
class Message:
    """One message as its receiver is told it; ``told`` holds what its kind tells, and no more."""

    message_id: str
    kind: str
    subject_id: str
    decided_on: date
    addressee: str | None
    told: dict[str, Any]

    def json(self) -> str:
        """Return it as one JSON object, the same bytes at each attempt."""
        whole = {
            "message_id": self.message_id,
            "kind": self.kind,
            "subject_id": self.subject_id,
            "decided_on": self.decided_on.isoformat(),
            **self.told,
        }
        return json.dumps(whole, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Shipment:
    """What leaves in one piece over one route, and can be sent again as the same piece."""

    shipment_id: str
    kind: str
    decided_on: date
    addressee: str | None
    route: str
    message_ids: tuple[str, ...]

    @property
    def file_name(self) -> str:
        """Its name as a file, which follows from the messages in it."""
        files = KINDS[self.kind].files
        return f"{files}_{self.decided_on:%Y%m%d}_{self.shipment_id[:12]}.csv"

    def lines(self, connection: psycopg.Connection) -> bytes:
        """Return it as CSV with a header, a line per message, in order of their keys."""
        told = sql.SQL(", ").join(map(_cell, KINDS[self.kind].told))
        lines = _LINES.format(told=told, message_ids=sql.Literal(list(self.message_ids)))
        written = io.BytesIO()
        with connection.cursor() as cursor, cursor.copy(lines) as copied:
            for part in copied:
                written.write(part)
        return written.getvalue()

    def messages(self, connection: psycopg.Connection) -> list[Message]:
        """Return its messages, in order of their keys."""
        told = [name for name in KINDS[self.kind].told if name != "decided_on"]
        return [
            Message(
                message_id,
                self.kind,
                subject_id,
                decided_on,
                self.addressee,
                {name: payload.get(name) for name in told},
            )
            for message_id, subject_id, decided_on, payload in connection.execute(
                _ROWS, [list(self.message_ids)]
            )
        ]


def pack(connection: psycopg.Connection, config: Routes) -> int:
    """Settle what leaves together and over which route; return how many messages that was.

    Whoever sends later may be killed, and whoever comes after sends the same shipments.
    """
    # two at once would split what belongs into one file: the second waits
    connection.execute("select pg_advisory_xact_lock(hashtext('outbox'))")
    rules = [
        {"place": place, "kind": rule.kind, "addressee": rule.addressee, "route": rule.over}
        for place, rule in enumerate(config.send)
    ]
    limits = [
        {"route": name, "most": route.most_messages} for name, route in config.by_name.items()
    ]
    return connection.execute(
        _PACK,
        {
            "kinds": list(KINDS),
            "otherwise": FILES,
            "rules": json.dumps(rules),
            "limits": json.dumps(limits),
        },
    ).rowcount


def _cell(name: str) -> sql.Composable:
    if name == "decided_on":
        return sql.Identifier(name)
    return sql.SQL("payload ->> {} as {}").format(sql.Literal(name), sql.Identifier(name))
