"""What the providers share: who offends now, what a place is called, and when news is out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from customs_risk.sandbox.chance import Ints
from customs_risk.sandbox.offences import Episodes

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Rng = np.random.Generator
Each = TypeVar("Each")
# about half of what is told concerns those who really offend
INFORMED = 0.5
# rows that are bad on purpose, so that quarantine is seen
SPOILT = 0.008
_LOCAL = ZoneInfo("Asia/Shanghai")
# as international bodies write them where ISO 3166 is formal
_USUAL_NAMES = {
    "GB": "United Kingdom",
    "IR": "Iran",
    "KR": "Korea (Rep. of)",
    "LA": "Laos",
    "RU": "Russia",
    "TR": "Türkiye (Rep. of)",
    "TW": "Chinese Taipei",
    "US": "United States of America",
    "VN": "Vietnam",
}


@dataclass(frozen=True)
class Goods:
    """A commodity of one origin."""

    hs6: str
    origin: str

    @property
    def heading(self) -> str:
        """The four-digit heading."""
        return self.hs6[:4]


def number_of(world: World, day: date) -> int:
    """Return the day's number, as the world counts: 0 is the first day of its history."""
    return (day - world.start_on).days


def offending(episodes: Episodes, number: int, subjects: int) -> Ints:
    """Return the positions of those who offend on that day."""
    return np.flatnonzero(episodes.strength_on(number, subjects) > 0).astype(np.int64)


def offending_goods(world: World, episodes: Episodes, number: int) -> list[Goods]:
    """Return the commodity × origin pairs of which an episode is under way, by number of pair."""
    lines = world.lines
    first_line = np.unique(lines.pair, return_index=True)[1]
    pairs = offending(episodes, number, len(first_line))
    return [_goods(world, int(first_line[pair])) for pair in pairs]


def any_goods(world: World, rng: Rng, headings: set[str]) -> Goods:
    """Return goods of one of the headings that anybody trades, large lines more often."""
    lines = world.lines
    heading = np.array([code[:4] for code in world.commodities.hs6])[lines.commodity]
    likely = np.where(np.isin(heading, list(headings)), lines.weight, 0.0)
    line = int(rng.choice(len(lines), p=likely / likely.sum()))
    return _goods(world, line)


def some_goods(
    world: World, rng: Rng, episodes: Episodes, number: int, headings: set[str]
) -> Goods:
    """Return goods of one of the headings: about half the time some that offend now."""
    bad = [each for each in offending_goods(world, episodes, number) if each.heading in headings]
    if bad and rng.random() < INFORMED:
        return bad[int(rng.integers(len(bad)))]
    return any_goods(world, rng, headings)


def place_name(country: str) -> str:
    """Return a country's English name, as international bodies write it."""
    return _USUAL_NAMES.get(country) or _iso_name(country)


def early(rng: Rng, day: date, zone: str) -> datetime:
    """Return a moment before six in the morning of the day here, told in a zone's own time.

    What is fetched on a day was published before.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=_LOCAL)
    moment = midnight + timedelta(seconds=int(rng.integers(6 * 3600)))
    return moment.astimezone(ZoneInfo(zone))


def in_utc(moment: datetime) -> str:
    """Return a moment as most web interfaces write it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def pick(rng: Rng, options: Sequence[Each]) -> Each:
    """Return one of the options."""
    return options[int(rng.integers(len(options)))]


def spoil(
    rng: Rng,
    records: list[dict[str, object]],
    way: Callable[[dict[str, object]], dict[str, object]],
) -> list[dict[str, object]]:
    """Return the records with a few of them made bad in one way."""
    return [way(record) if rng.random() < SPOILT else record for record in records]


def _goods(world: World, line: int) -> Goods:
    return Goods(
        hs6=str(world.commodities.hs6[world.lines.commodity[line]]),
        origin=str(world.countries.code[world.lines.origin[line]]),
    )


@cache
def _iso_name(country: str) -> str:
    import pycountry

    found = pycountry.countries.get(alpha_2=country)
    return str(getattr(found, "common_name", found.name))
