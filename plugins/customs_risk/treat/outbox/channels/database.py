"""Rows in a table of another PostgreSQL: what is there by its key is not written again.

The receiver makes the table, and may do with its rows what it likes as long as their keys stay:

    create table … (
        message_id text primary key, kind text not null, subject_id text not null,
        decided_on date not null, addressee text, payload jsonb not null,
        arrived_at timestamptz not null default now()
    )
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql

from customs_risk.treat.outbox.channels import Receipt, Send
from customs_risk.treat.outbox.failures import Permanent, Transient
from customs_risk.treat.outbox.routes import Database, secret_of
from customs_risk.treat.outbox.shipments import Shipment

_DELIVER: LiteralString = """
insert into {table} (message_id, kind, subject_id, decided_on, addressee, payload)
select
    message_id, %(kind)s, payload ->> 'subject_id', %(decided_on)s, %(addressee)s, payload
from unnest(%(message_ids)s::text[], %(payloads)s::jsonb[]) as sent (message_id, payload)
on conflict (message_id) do nothing
"""


@contextmanager
def opened(name: str, route: Database) -> Iterator[Send]:
    """Yield what inserts messages into the receiver's table, all of a shipment or none."""
    with _connected(name, route) as receiver:
        table = sql.Identifier(*route.table.split("."))
        deliver = sql.SQL(_DELIVER).format(table=table)

        def send(shipment: Shipment, connection: psycopg.Connection) -> Receipt:
            messages = shipment.messages(connection)
            told = {
                "kind": shipment.kind,
                "decided_on": shipment.decided_on,
                "addressee": shipment.addressee,
                "message_ids": [message.message_id for message in messages],
                "payloads": [message.json() for message in messages],
            }
            try:
                receiver.execute(deliver, told)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                raise Transient(f"{route.table}: {_first_line(error)}") from error
            except psycopg.Error as error:
                raise Permanent(f"{route.table}: {_first_line(error)}") from error
            return Receipt(f"database:{name}", route.table)

        yield send


@contextmanager
def _connected(name: str, route: Database) -> Iterator[psycopg.Connection]:
    patience = route.timeout_seconds
    try:
        receiver = psycopg.connect(
            route.url,
            password=secret_of(name),
            connect_timeout=max(2, round(patience)),
            options=f"-c statement_timeout={round(patience * 1000)}",
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        raise Transient(_first_line(error)) from error
    with receiver:
        yield receiver


def _first_line(error: psycopg.Error) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
