"""Who offends, where and from when; and what a finding would bring.

Offending comes in episodes: a firm, a broker, a seller, a commodity from one origin or a whole
route is bad from one day until another, with its own strength. Episodes end and new ones begin at
the same pace, so the overall rate stays while its causes drift. Nothing in a declaration names
them; they show only through what is found.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customs_risk.sandbox.chance import Bools, Floats, Ints, draw, generator
from customs_risk.sandbox.commodities import Commodities
from customs_risk.sandbox.traders import HORIZON_DAYS, Lines, Parties

OFFENCE_RATE = 0.045  # of declarations, over the horizon
VAT = 0.13
LARGEST_CASE_CNY = 60_000.0  # larger consignments are settled elsewhere: no case decides a month
SMALLEST_CASE_CNY = 1_000.0
BASE_RATE = 0.014  # of declarations that nothing bad touches

UNDERVALUATION = "undervaluation"
MISCLASSIFICATION = "misclassification"
FALSE_ORIGIN = "false_origin"
UNDECLARED_QUANTITY = "undeclared_quantity"
IPR = "ipr"
PROHIBITED = "prohibited"
FOOD_SAFETY = "food_safety"
KINDS = (
    UNDERVALUATION,
    MISCLASSIFICATION,
    FALSE_ORIGIN,
    UNDECLARED_QUANTITY,
    IPR,
    PROHIBITED,
    FOOD_SAFETY,
)
_USUAL = (0.46, 0.22, 0.14, 0.16, 0.0, 0.02, 0.0)
_BY_CATEGORY = {
    "brand": (0.30, 0.10, 0.08, 0.08, 0.44, 0.0, 0.0),
    "apparel": (0.34, 0.12, 0.12, 0.10, 0.32, 0.0, 0.0),
    "cosmetics": (0.40, 0.20, 0.08, 0.10, 0.20, 0.02, 0.0),
    "toys": (0.40, 0.16, 0.08, 0.12, 0.24, 0.0, 0.0),
    "waste": (0.16, 0.20, 0.04, 0.12, 0.0, 0.48, 0.0),
    "food": (0.40, 0.18, 0.14, 0.22, 0.0, 0.06, 0.0),
    "wine": (0.56, 0.14, 0.14, 0.16, 0.0, 0.0, 0.0),
}


@dataclass(frozen=True)
class Episodes:
    """Parallel arrays, one position per episode of one kind of subject."""

    subject: Ints
    from_day: Ints
    until_day: Ints
    strength: Floats

    def strength_on(self, day: int, subjects: int) -> Floats:
        """The chance that each subject's declaration is bad on that day; 0 for most."""
        now = (self.from_day <= day) & (day < self.until_day)
        strength = np.zeros(subjects)
        np.maximum.at(strength, self.subject[now], self.strength[now])
        return strength


@dataclass(frozen=True)
class Offenders:
    """All episodes, and the scale at which they give the stated overall rate."""

    importers: Episodes
    brokers: Episodes
    sellers: Episodes
    pairs: Episodes
    routes: Episodes
    contaminated: Episodes
    base_rate: Floats  # per importer
    line_kind: npt.NDArray[np.object_]
    scale: float = 1.0

    def chances(
        self, lines: Lines, parties: Parties, day: int, line: Ints, broker: Ints
    ) -> tuple[Floats, Floats]:
        """The chance of contaminated food, and of any other offence, per declaration."""
        clean = 1.0 - self.base_rate[lines.importer[line]]
        clean *= self._cleanliness(self.importers, day, len(parties.importer_id))[
            lines.importer[line]
        ]
        clean *= self._cleanliness(self.brokers, day, len(parties.broker_id))[broker]
        clean *= self._cleanliness(self.sellers, day, len(parties.seller_id))[lines.seller[line]]
        clean *= self._cleanliness(self.pairs, day, int(lines.pair.max()) + 1)[lines.pair[line]]
        clean *= self._cleanliness(self.routes, day, int(lines.route.max()) + 1)[lines.route[line]]
        food = self.contaminated.strength_on(day, int(lines.pair.max()) + 1)[lines.pair[line]]
        return np.minimum(self.scale * food, 0.9), 1.0 - clean

    def _cleanliness(self, episodes: Episodes, day: int, subjects: int) -> Floats:
        return 1.0 - np.minimum(self.scale * episodes.strength_on(day, subjects), 0.9)


def make_offenders(
    seed: int, commodities: Commodities, lines: Lines, parties: Parties
) -> Offenders:
    """Plant the episodes, and scale them to the stated overall rate."""
    rng = generator(seed, "offenders")
    pair_size = _sizes(lines.pair, lines.weight)
    category = commodities.category[lines.commodity]
    edible = _sizes(lines.pair, lines.weight * np.isin(category, ["food", "wine"]))
    importers = len(parties.importer_id)
    unscaled = Offenders(
        importers=_episodes(rng, _middling(parties.importer_size), 0.032, 200, (2.5, 3.0)),
        brokers=_episodes(rng, _middling(parties.broker_size), 0.03, 240, (2.0, 7.0)),
        sellers=_episodes(rng, _middling(parties.seller_size), 0.01, 200, (2.5, 3.0)),
        pairs=_episodes(rng, _middling(pair_size), 0.008, 150, (2.0, 5.0)),
        routes=_episodes(rng, _middling(_sizes(lines.route, lines.weight)), 0.012, 110, (2.5, 3.0)),
        contaminated=_episodes(rng, _middling(edible), 0.04, 120, (2.5, 4.0)),
        base_rate=np.minimum(BASE_RATE * rng.lognormal(-0.32, 0.8, importers), 0.1),
        line_kind=_kinds(rng, category),
    )
    return _scaled(unscaled, lines, parties)


def kinds_of(
    rng: np.random.Generator,
    offenders: Offenders,
    commodities: Commodities,
    lines: Lines,
    line: Ints,
) -> npt.NDArray[np.object_]:
    """How each declaration would offend: mostly in the manner of its trade line."""
    other = _kinds(rng, commodities.category[lines.commodity[line]])
    return np.where(rng.random(len(line)) < 0.7, offenders.line_kind[line], other)


def taxes_on(value: Floats, duty_pct: Floats) -> Floats:
    """Duty and value-added tax on a value, in CNY."""
    return value * ((1 + duty_pct / 100) * (1 + VAT) - 1)


def case_revenue(
    rng: np.random.Generator, evaded: Floats, value: Floats, is_fined: Bools
) -> Floats:
    """What a finding brings: evaded taxes and a penalty on them, or a fine on the goods' value."""
    penalised = evaded * (1 + rng.uniform(0.3, 1.0, len(evaded)))
    fined = value * rng.uniform(0.1, 0.3, len(value))
    revenue = np.where(is_fined, fined, penalised)
    return np.round(np.clip(revenue, SMALLEST_CASE_CNY, LARGEST_CASE_CNY), 2)


def _episodes(
    rng: np.random.Generator,
    likelihood: Floats,
    share: float,
    mean_days: int,
    strength: tuple[float, float],
) -> Episodes:
    """As many episodes as keep `share` of the subjects bad at any one time."""
    subjects = np.count_nonzero(likelihood)
    # before day 0 long enough for the first day to be a day like any other
    span = HORIZON_DAYS + 4 * mean_days
    count = max(int(share * subjects * span / mean_days), 1)
    from_day = rng.integers(-4 * mean_days, HORIZON_DAYS, count)
    return Episodes(
        subject=draw(rng, likelihood, count),
        from_day=from_day,
        until_day=from_day + 1 + rng.exponential(mean_days, count).astype(np.int64),
        strength=rng.beta(*strength, count),
    )


def _middling(sizes: Floats) -> Floats:
    """Offenders are neither the few giants nor, as a rule, those who hardly trade."""
    positive = sizes[sizes > 0]
    giant = np.quantile(positive, 0.985)
    return np.where((sizes > 0) & (sizes < giant), np.sqrt(sizes), 0.0)


def _sizes(group: Ints, weight: Floats) -> Floats:
    return np.bincount(group, weights=weight).astype(np.float64)


def _kinds(rng: np.random.Generator, category: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    kinds = np.empty(len(category), dtype=object)
    for name in np.unique(category.astype(str)):
        of_name = np.flatnonzero(category == name)
        weights = np.array(_BY_CATEGORY.get(str(name), _USUAL))
        kinds[of_name] = np.array(KINDS, dtype=object)[draw(rng, weights, len(of_name))]
    return kinds


def _scaled(offenders: Offenders, lines: Lines, parties: Parties) -> Offenders:
    """Find the scale that gives the overall rate, by halving: the rate only grows with it."""
    low, high = 0.05, 4.0
    for _ in range(12):
        middle = (low + high) / 2
        tried = _with_scale(offenders, middle)
        too_high = _mean_rate(tried, lines, parties) > OFFENCE_RATE
        low, high = (low, middle) if too_high else (middle, high)
    return _with_scale(offenders, (low + high) / 2)


def _with_scale(offenders: Offenders, scale: float) -> Offenders:
    return Offenders(**{**vars(offenders), "scale": scale})


def _mean_rate(offenders: Offenders, lines: Lines, parties: Parties) -> float:
    every = np.arange(len(lines))
    rates = []
    # the first half year is what most runs see
    for day in range(0, 210, 30):
        food, other = offenders.chances(lines, parties, day, every, lines.broker)
        rates.append(np.average(1 - (1 - food) * (1 - other), weights=lines.weight_on(day)))
    return float(np.mean(rates))
