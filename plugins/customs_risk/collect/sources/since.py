"""How far a source was read: the greatest value of a field over what came."""

from datetime import datetime, timedelta
from typing import Any

from expectations.layout import Since
from expectations.order import order_of, rank_of

# a provider's clock may run ahead a little; a date further off is a mistake of one record
_AHEAD = timedelta(days=1)


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
