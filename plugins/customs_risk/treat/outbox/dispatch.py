"""The dispatcher: enqueues, packs, sends what is due, tries again, and gives up when it must.

A dispatcher may be killed at any moment, and two may run. What leaves together is settled and
committed before it is sent; a shipment is claimed by a row lock that ends with its dispatcher. One
that is killed after sending and before the commit leaves a shipment that the next sends again: the
same messages, under the same file name and the same keys, so that a receiver takes them once.
"""

from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from typing import LiteralString

import psycopg

from customs_risk import clock, warehouse
from customs_risk.treat.outbox.channels import Receipt, Send, opened
from customs_risk.treat.outbox.failures import NotDelivered, Permanent, Transient
from customs_risk.treat.outbox.kinds import KINDS
from customs_risk.treat.outbox.routes import Routes, routes, secret_of
from customs_risk.treat.outbox.shipments import Shipment, pack

# a receiver that fails so often in a row is left alone until the next dispatch
_PATIENCE = 3
_LONGEST_ERROR = 500

_IS_THERE = (
    "select bool_and(to_regclass(name) is not null) from unnest(%s::text[]) as needed (name)"
)

# the longest waiting first; what another dispatcher holds is passed over
_CLAIM: LiteralString = """
select shipment_id, kind, decided_on, addressee, route
from ops.shipments
where
    closed_at is null
    and next_attempt_at <= clock_timestamp()
    and kind = any(%(kinds)s)
    and route <> all(%(resting)s)
order by next_attempt_at, packed_at, shipment_id
limit 1
for update skip locked
"""

_MEMBERS = "select message_id from ops.outbox where shipment_id = %s order by message_id"

# whoever held it before is gone, and nobody can tell how far it came
_BEGIN: LiteralString = """
with

cut_off as (
    update ops.dispatch_attempts set outcome = 'interrupted'
    where message_id = any(%(message_ids)s) and outcome is null
)

insert into ops.dispatch_attempts (message_id, attempt_no, route)
select
    message_id,
    coalesce(
        (
            select max(earlier.attempt_no) from ops.dispatch_attempts as earlier
            where earlier.message_id = sent.message_id
        ),
        0
    ) + 1,
    %(route)s
from unnest(%(message_ids)s::text[]) as sent (message_id)
"""

_FINISH: LiteralString = """
update ops.dispatch_attempts
set
    finished_at = clock_timestamp(),
    outcome = %(outcome)s,
    error = %(error)s,
    receipt = %(receipt)s
where message_id = any(%(message_ids)s) and outcome is null
"""

# tries since a person last brought it back; the first message speaks for its shipment
_TRIES: LiteralString = """
select count(*)
from ops.dispatch_attempts
where
    message_id = %(message_id)s
    and started_at > coalesce(
        (select max(noted_at) from ops.dead_letters where message_id = %(message_id)s),
        '-infinity'
    )
"""

_COUNT = "update ops.outbox set attempts = attempts + 1 where message_id = any(%s)"

_DISPATCHED: LiteralString = """
update ops.outbox
set dispatched_at = %(at)s, file_name = %(file_name)s
where message_id = any(%(message_ids)s)
"""

_RECEIPT: LiteralString = """
insert into ops.receipts (message_id, receiver, receipt_id, received_at)
select message_id, %(receiver)s, %(receipt)s, %(at)s
from unnest(%(message_ids)s::text[]) as sent (message_id)
on conflict (message_id) do nothing
"""

_CLOSE = "update ops.shipments set closed_at = clock_timestamp() where shipment_id = %s"

_POSTPONE: LiteralString = """
update ops.shipments set next_attempt_at = clock_timestamp() + %s where shipment_id = %s
"""

_BURY: LiteralString = """
insert into ops.dead_letters (message_id, dead_at, route, attempts, reason)
select message_id, %(at)s, %(route)s, %(tries)s, %(error)s
from unnest(%(message_ids)s::text[]) as dead (message_id)
"""


def enqueue(connection: psycopg.Connection, kind: str) -> int:
    """Put what is new of a kind (see ``KINDS``) into the outbox; return how many.

    It is written in the caller's transaction: what causes a message and the message itself are
    there together or not at all.
    """
    return connection.execute(KINDS[kind].enqueue).rowcount


def dispatch() -> int:
    """Enqueue what is new and send what is due; return how many messages left.

    Raises:
        BrokenRoutes: the file of routes cannot be followed; nothing is sent.
    """
    config = routes()
    with warehouse.connect() as connection:
        _sweep(connection)
        pack(connection, config)
    with Dispatcher(config) as dispatcher:
        return dispatcher.run()


def _sweep(connection: psycopg.Connection) -> None:
    """Enqueue what nobody enqueues who causes it; warnings may leave before any is decided."""
    for kind in KINDS.values():
        if kind.swept_from:
            row = connection.execute(_IS_THERE, [list(kind.swept_from)]).fetchone()
            if row == (True,):
                enqueue(connection, kind.name)


class Dispatcher:
    """Sends shipments one after the other, over connections that last as long as it does."""

    def __init__(self, config: Routes) -> None:
        self._config = config
        self._stack = ExitStack()
        self._channels: dict[str, Send] = {}
        # routes, and how often in a row each has failed
        self._failures: dict[str, int] = {}

    def __enter__(self) -> "Dispatcher":
        self._claims = self._stack.enter_context(warehouse.connect())
        # that an attempt began is told at once, whatever becomes of it
        self._notes = self._stack.enter_context(warehouse.connect(autocommit=True))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def run(self) -> int:
        """Send everything that is due; return how many messages left."""
        sent = 0
        while shipment := self._claim():
            sent += self._send(shipment)
            self._claims.commit()
        return sent

    def _claim(self) -> Shipment | None:
        """Lock the next shipment that is due, until the commit."""
        resting = [route for route, count in self._failures.items() if count >= _PATIENCE]
        told = {"kinds": list(KINDS), "resting": resting}
        row = self._claims.execute(_CLAIM, told).fetchone()
        if row is None:
            return None
        shipment_id, kind, decided_on, addressee, route = row
        members = self._claims.execute(_MEMBERS, [shipment_id]).fetchall()
        ids = tuple(message_id for (message_id,) in members)
        return Shipment(shipment_id, kind, decided_on, addressee, route, ids)

    def _send(self, shipment: Shipment) -> int:
        ids = list(shipment.message_ids)
        self._notes.execute(_BEGIN, {"message_ids": ids, "route": shipment.route})
        self._claims.execute(_COUNT, [ids])
        tries = self._tries(ids[0])
        try:
            if tries > self._config.most_attempts:
                raise Permanent(f"cut off at each of {tries - 1} attempts")
            with self._claims.transaction():
                receipt = self._channel(shipment.route)(shipment, self._claims)
        except NotDelivered as error:
            self._failed(shipment, tries, error)
            return 0
        except Exception as error:
            # whatever is wrong with one shipment, the others leave; this one ends in an alarm
            self._failed(shipment, tries, Transient(f"{type(error).__name__}: {error}"))
            return 0
        self._arrived(shipment, receipt)
        return len(ids)

    def _channel(self, name: str) -> Send:
        if name not in self._config.by_name:
            raise Permanent(f"no route is called {name!r} any more")
        if name not in self._channels:
            channel: AbstractContextManager[Send] = opened(name, self._config.by_name[name])
            self._channels[name] = self._stack.enter_context(channel)
        return self._channels[name]

    def _arrived(self, shipment: Shipment, receipt: Receipt) -> None:
        self._failures.pop(shipment.route, None)
        told = {
            "message_ids": list(shipment.message_ids),
            "at": clock.present(self._claims),
            "file_name": receipt.file_name,
            "receiver": receipt.receiver,
            "receipt": receipt.receipt_id,
            "outcome": "sent",
            "error": None,
        }
        for statement in (_DISPATCHED, _RECEIPT, _FINISH):
            self._claims.execute(statement, told)
        self._claims.execute(_CLOSE, [shipment.shipment_id])

    def _failed(self, shipment: Shipment, tries: int, error: NotDelivered) -> None:
        told = {
            "message_ids": list(shipment.message_ids),
            "route": shipment.route,
            "error": _as_kept(str(error), secret_of(shipment.route)),
            "receipt": None,
        }
        if isinstance(error, Transient):
            self._claims.execute(_FINISH, told | {"outcome": "transient"})
            # a connection that failed is made anew
            self._channels.pop(shipment.route, None)
            self._failures[shipment.route] = self._failures.get(shipment.route, 0) + 1
            if tries < self._config.most_attempts:
                self._postpone(shipment, tries, error)
                return
        else:
            self._claims.execute(_FINISH, told | {"outcome": "permanent"})
        self._claims.execute(_BURY, told | {"at": clock.present(self._claims), "tries": tries})
        self._claims.execute(_CLOSE, [shipment.shipment_id])

    def _postpone(self, shipment: Shipment, tries: int, error: Transient) -> None:
        """Wait longer after each try, and at least as long as the receiver asks for."""
        asked = min(error.wait_seconds or 0.0, self._config.longest_wait_seconds)
        wait = max(self._config.wait_seconds(tries, shipment.shipment_id), asked)
        self._claims.execute(_POSTPONE, [timedelta(seconds=wait), shipment.shipment_id])

    def _tries(self, message_id: str) -> int:
        row = self._claims.execute(_TRIES, {"message_id": message_id}).fetchone()
        return int(row[0]) if row else 0


def _as_kept(told: str, secret: str | None) -> str:
    """Return what went wrong in short and without the secret, which a receiver may have echoed."""
    return (told.replace(secret, "***") if secret else told)[:_LONGEST_ERROR]
