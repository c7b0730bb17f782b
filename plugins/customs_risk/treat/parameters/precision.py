"""How precise a parameter would be, from inspections that were chosen with known probabilities.

Some hits were sure to be inspected (ranked above the cut-off), the rest were inspected if a draw
fell on them, with a probability that was stored. Neither group speaks for the other: each has its
own rate, weighed by how many hits it holds. Within the drawn ones an inspection speaks for 1/p
declarations (a Hájek ratio, as in feedback's leakage). Results that are still out are stood for by
those that are back.

The interval is for the share that examinations of such hits would find, not for the hits of the
past alone: three hits with three findings are no proof of certainty. Each group's end is exact for
its effective number of inspections (Clopper and Pearson 1934; Korn and Graubard 1998), and the ends
are put together as Zou and Donner (2008) do. A group that nobody looked into may hold anything.
"""

from dataclasses import dataclass
from math import sqrt

COVERAGE = 0.95


@dataclass(frozen=True)
class Group:
    """Hits of one kind: how many, and sums over those whose inspection is completed.

    ``weight`` is Σ1/p, ``squares`` Σ1/p², ``found`` Σy/p and ``found_squares`` Σy/p², where y is
    1 for a finding and p the probability of selection.
    """

    hits: int
    completed: int
    weight: float
    squares: float
    found: float
    found_squares: float

    @property
    def rate(self) -> float | None:
        """Share of findings; None if nothing is known."""
        return min(self.found / self.weight, 1.0) if self.completed else None

    @property
    def effective(self) -> float:
        """Inspections of equal weight that would tell as much."""
        rate = self.rate
        if rate is None:
            return 0.0
        by_weights = self.weight**2 / self.squares
        # Σ(y − rate)²/p², for y of 0 and 1
        spread = self.found_squares * (1 - 2 * rate) + rate**2 * self.squares
        if rate in (0.0, 1.0) or spread <= 0:
            return by_weights
        by_spread = rate * (1 - rate) * self.weight**2 / spread
        return min(by_weights, by_spread)

    def ends(self) -> tuple[float, float]:
        """Return the exact ends for the effective number of inspections."""
        from scipy.stats import beta

        rate, trials = self.rate, self.effective
        if rate is None:
            return 0.0, 1.0
        found, tail = rate * trials, (1 - COVERAGE) / 2
        low = float(beta.ppf(tail, found, trials - found + 1)) if rate > 0 else 0.0
        high = float(beta.ppf(1 - tail, found + 1, trials - found)) if rate < 1 else 1.0
        return low, high


@dataclass(frozen=True)
class Precision:
    """The expected share of findings, None where a group is unknown; and its ends."""

    expected: float | None
    low: float
    high: float


def expected_precision(certain: Group, drawn: Group) -> Precision:
    """Return the share of hits in which an examination would find something, with its interval."""
    hits = certain.hits + drawn.hits
    if not hits:
        return Precision(None, 0.0, 1.0)
    known = middle = below = above = 0.0
    for group in (certain, drawn):
        share = group.hits / hits
        if group.rate is None:
            continue
        low, high = group.ends()
        known += share
        middle += share * group.rate
        below += (share * (group.rate - low)) ** 2
        above += (share * (high - group.rate)) ** 2
    unknown = 1 - known if known < 1 - 1e-12 else 0.0
    return Precision(
        middle if not unknown else None,
        max(middle - sqrt(below), 0.0),
        min(middle + sqrt(above) + unknown, 1.0),
    )
