"""How far a source was read: the greatest value of a field over what came."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from expectations.layout import Since

# a provider's clock may run ahead a little; a date further off is a mistake of one record
_AHEAD = timedelta(days=1)

Order = Callable[[str], Any]


class Greatest:
    """Keeps the greatest value seen, in the sender's own spelling.

    Values are compared as moments, numbers or texts, whatever the feed's `since` says. One
    that is none, or lies in the future of the answer, is a mistake in a record: it must not carry
    the watermark past what is still to come.
    """

    def __init__(self, since: Since) -> None:
        self.value: str | None = None
        self._order = order_of(since)

    def see(self, value: Any, answered_at: datetime) -> None:
        """Take a record's value into account."""
        rank = rank_of(self._order, value)
        if rank is None or (isinstance(rank, datetime) and rank > answered_at + _AHEAD):
            return
        if self.value is None or rank > self._order(self.value):
            self.value = str(value)

    def beyond(self, known: str | None) -> str | None:
        """Return the greater of what was seen and what was known."""
        if known is None or rank_of(self._order, known) is None:
            return self.value
        return known if self.value is None else max(known, self.value, key=self._order)


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
