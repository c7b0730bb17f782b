"""How the values are compared by which a source tells what is new (`since` in a feed's YAML)."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from expectations.layout import Since

Order = Callable[[str], Any]


def order_of(since: Since) -> Order:
    """Return how values are compared: as its ``dates`` say, or else as what ``start`` is."""
    if since.dates:
        return partial(foreign_moment, dates=since.dates)
    for order in (number, moment):
        if rank_of(order, since.start) is not None:
            return order
    return str


def rank_of(order: Order, value: Any) -> Any:
    """Return a value's rank, or None if it has none."""
    try:
        return None if value is None else order(str(value))
    except ValueError:
        return None


def number(text: str) -> float:
    """Read a number.

    Raises:
        ValueError: it is none, or has no end.
    """
    read = float(text)
    if not math.isfinite(read):
        raise ValueError(f"{text} is no number to compare")
    return read


def moment(text: str) -> datetime:
    """Read an ISO 8601 moment; one without offset is compared as UTC.

    Raises:
        ValueError: it is none.
    """
    return _in_utc(datetime.fromisoformat(text))


def foreign_moment(text: str, dates: str) -> datetime:
    """Read a moment that is written otherwise; one without offset is compared as UTC.

    Raises:
        ValueError: it is none.
    """
    return _in_utc(datetime.strptime(text, dates))  # noqa: DTZ007 - it gets its zone here


def _in_utc(read: datetime) -> datetime:
    return read if read.tzinfo else read.replace(tzinfo=UTC)
