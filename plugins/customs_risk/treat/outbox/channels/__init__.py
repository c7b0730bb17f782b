"""How a shipment travels: one module per kind of route.

Each has ``opened(name, route)``: a context that yields what sends shipments, and that keeps a
connection to the receiver for as long as one dispatch lasts.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module

import psycopg

from customs_risk.treat.outbox.routes import Route
from customs_risk.treat.outbox.shipments import Shipment


@dataclass(frozen=True)
class Receipt:
    """What shows that a shipment arrived: who has it, and what it answered with."""

    receiver: str
    receipt_id: str | None = None
    file_name: str | None = None


# sends one shipment, whose messages are read over the connection; raises NotDelivered
Send = Callable[[Shipment, psycopg.Connection], Receipt]


def opened(name: str, route: Route) -> AbstractContextManager[Send]:
    """Return a route, ready to send; its library is imported when it is needed.

    Raises:
        NotDelivered: when entered, the receiver could not be reached.
    """
    module = import_module(f"{__name__}.{route.by}")
    channel: AbstractContextManager[Send] = module.opened(name, route)
    return channel
