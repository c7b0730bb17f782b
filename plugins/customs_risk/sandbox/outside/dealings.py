"""Who deals in what: what notices and reports tell of, about half the time of real offenders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from customs_risk.sandbox.chance import Floats, draw
from customs_risk.sandbox.names import importer_name, seller_name
from customs_risk.sandbox.offences import Episodes
from customs_risk.sandbox.outside.basis import INFORMED, Rng

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

AHEAD_DAYS = 20  # others often see trouble before customs does


@dataclass(frozen=True)
class Dealing:
    """An importer that buys a commodity of one origin from a seller."""

    importer_id: str
    seller_id: str
    hs6: str
    goods_name: str
    category: str
    origin: str
    departure: str
    office: str

    @property
    def importer(self) -> str:
        """The importer's name."""
        return importer_name(self.importer_id)

    @property
    def seller(self) -> str:
        """The seller's name."""
        return seller_name(self.seller_id)


def some_dealing(
    world: World, rng: Rng, number: int, categories: Collection[str] | None = None
) -> Dealing:
    """Return a dealing of that day, of these categories of goods if any are named.

    About half the time it is one whose importer, seller, goods or route offend then or soon.
    """
    lines = world.lines
    weight = np.sqrt(lines.weight_on(number))
    if categories is not None:
        category = world.commodities.category[lines.commodity]
        weight = np.where(np.isin(category, list(categories)), weight, 0.0)
    bad = weight * _badness(world, number)
    is_informed = bad.any() and rng.random() < INFORMED
    return _dealing(world, int(draw(rng, bad if is_informed else weight, 1)[0]))


@lru_cache(maxsize=32)
def _badness(world: World, number: int) -> Floats:
    """How likely each trade line's declarations are bad, by the worst that touches it."""
    lines, offenders = world.lines, world.offenders

    def strength(episodes: Episodes, subject: np.ndarray) -> Floats:
        subjects = int(max(subject.max(), episodes.subject.max())) + 1
        now, soon = (episodes.strength_on(day, subjects) for day in (number, number + AHEAD_DAYS))
        return np.maximum(now, soon)[subject]

    return np.maximum.reduce(
        [
            strength(offenders.importers, lines.importer),
            strength(offenders.sellers, lines.seller),
            strength(offenders.pairs, lines.pair),
            strength(offenders.routes, lines.route),
            strength(offenders.contaminated, lines.pair),
        ]
    )


def _dealing(world: World, line: int) -> Dealing:
    lines, parties, countries = world.lines, world.parties, world.countries
    commodity = lines.commodity[line]
    return Dealing(
        importer_id=str(parties.importer_id[lines.importer[line]]),
        seller_id=str(parties.seller_id[lines.seller[line]]),
        hs6=str(world.commodities.hs6[commodity]),
        goods_name=str(world.commodities.goods_name[commodity]),
        category=str(world.commodities.category[commodity]),
        origin=str(countries.code[lines.origin[line]]),
        departure=str(countries.code[lines.departure[line]]),
        office=str(parties.office_code[lines.office[line]]),
    )
