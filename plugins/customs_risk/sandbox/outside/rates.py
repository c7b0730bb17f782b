"""GACC's exchange rates: a few currencies, each month anew, each month a little elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import generator
from customs_risk.sandbox.outside.publisher import Publisher

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

# CNY for one unit, orders of magnitude only
_USUAL = {
    "USD": 7.1, "EUR": 7.8, "JPY": 0.048, "HKD": 0.91, "GBP": 9.1, "KRW": 0.0052, "AUD": 4.7,
    "CAD": 5.2, "CHF": 8.1, "SGD": 5.3, "THB": 0.2, "NZD": 4.3, "SEK": 0.68, "NOK": 0.67,
    "DKK": 1.04, "MYR": 1.55, "RUB": 0.08, "BRL": 1.3,
}  # fmt: skip
_MONTHLY = 0.012  # standard deviation of a month's change
_FIRST = date(2025, 1, 1)
_WEDNESDAY = 2


def rate_on(seed: int, currency: str, day: date) -> float:
    """Return how many CNY customs counts for one unit on that day.

    Raises:
        KeyError: no rate of the currency is published.
    """
    months = (day.year - _FIRST.year) * 12 + day.month - _FIRST.month
    return round(_USUAL[currency] * float(np.exp(_walk(seed, currency)[: months + 1].sum())), 6)


def exchange_rates(world: World, day: date) -> bytes:
    """The whole list as it stands: rates of every month up to the present one, and of the next."""
    rows = pd.DataFrame(
        [
            (
                currency,
                month,
                f"{rate_on(world.seed, currency, month):.6f}",
                f"{known}T09:00:00+08:00",
            )
            for month, known in _published(day)
            for currency in _USUAL
        ],
        columns=["currency", "valid_from", "rate_cny", "published_at"],
    )
    buffer = io.StringIO()
    rows.to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue().encode()


def _published(day: date) -> Iterator[tuple[date, date]]:
    """Yield the months whose rates are out, each with the day on which they were published."""
    month = _FIRST
    while (known := _third_wednesday(month - timedelta(1))) < day:
        yield month, known
        month = (month + timedelta(32)).replace(day=1)


def _third_wednesday(month: date) -> date:
    first = month.replace(day=1)
    return first + timedelta((_WEDNESDAY - first.weekday()) % 7 + 14)


@cache
def _walk(seed: int, currency: str) -> np.ndarray:
    return generator(seed, f"rate of {currency}").normal(0, _MONTHLY, 240)


PUBLISHERS = (Publisher("exchange_rates", exchange_rates),)
