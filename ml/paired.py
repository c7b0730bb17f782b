"""Two models on the same results: measures of both, and an interval of what lies between them.

Inspected declarations are no sample of all: the model in service chose most of them. So each counts
by the inverse of the probability with which it was inspected (Horvitz and Thompson 1952), or a
challenger would be judged only where the champion looked. Intervals come from a paired bootstrap
over declarations, with Poisson weights.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ml import evaluate

Floats = NDArray[np.float64]
Verdict = Literal["worse", "not worse", "open"]

_DRAWS_AT_ONCE = 50


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn; each end is passed by chance 5 times in 100."""

    confidence: float = 0.90
    draws: int = 400
    seed: int = 271


@dataclass(frozen=True)
class Side:
    """What one model says of each row; ``is_first``: it lies within what can be inspected."""

    score: Floats
    likelihood: Floats
    is_first: NDArray[np.bool_]

    @classmethod
    def of_ranking(cls, score: Floats) -> "Side":
        """Return a side of which only the order of its scores is known."""
        return cls(score, np.full(score.size, np.nan), np.zeros(score.size, dtype=bool))


@dataclass(frozen=True)
class Evidence:
    """Results that neither of two models learned from, and what both said of them."""

    found: Floats  # 0 or 1
    revenue_cny: Floats
    weight: Floats  # 1 / probability of being inspected
    older: Side
    newer: Side


@dataclass(frozen=True)
class Measure:
    """One measure of both models; the interval is of the difference, newer less older."""

    older: float
    newer: float
    difference: float
    low: float
    high: float


# each returns the measure for every row of weights (draws × rows)


def _average_precision(evidence: Evidence, side: Side, weights: Floats) -> Floats:
    order = evaluate.worst_case_order(side.score, evidence.found)
    weighed = weights[:, order]
    positive = weighed * evidence.found[order]
    # before the first row that counts there is nothing to divide by, and nothing to count
    precision = positive.cumsum(axis=1) / np.maximum(weighed.cumsum(axis=1), 1e-300)
    return (positive * precision).sum(axis=1) / positive.sum(axis=1)


def _brier(evidence: Evidence, side: Side, weights: Floats) -> Floats:
    return weights @ (side.likelihood - evidence.found) ** 2 / weights.sum(axis=1)


def _precision_at_capacity(evidence: Evidence, side: Side, weights: Floats) -> Floats:
    return weights @ (side.is_first * evidence.found) / (weights @ side.is_first)


def _revenue_at_capacity(evidence: Evidence, side: Side, weights: Floats) -> Floats:
    return weights @ (side.is_first * evidence.revenue_cny) / (weights @ side.is_first)


MEASURES: dict[str, Callable[[Evidence, Side, Floats], Floats]] = {
    "average_precision": _average_precision,
    "brier": _brier,
    "precision_at_capacity": _precision_at_capacity,
    "revenue_at_capacity_cny": _revenue_at_capacity,
}
_BETTER_WHEN_LOWER = {"brier"}


def measure(evidence: Evidence, name: str, bootstrap: Bootstrap) -> Measure:
    """Return a measure of both sides, and the interval of their difference.

    Both sides and all measures see the same draws. nan where a side has no row that counts.
    """
    of = MEASURES[name]
    with np.errstate(invalid="ignore"):
        older = float(of(evidence, evidence.older, evidence.weight[np.newaxis])[0])
        newer = float(of(evidence, evidence.newer, evidence.weight[np.newaxis])[0])
        differences = np.concatenate(
            [
                of(evidence, evidence.newer, weights) - of(evidence, evidence.older, weights)
                for weights in _resampled(evidence.weight, bootstrap)
            ]
        )
    differences = differences[~np.isnan(differences)]
    if not differences.size:
        return Measure(older, newer, np.nan, np.nan, np.nan)
    beyond = (1 - bootstrap.confidence) / 2
    low, high = (float(end) for end in np.quantile(differences, (beyond, 1 - beyond)))
    return Measure(older, newer, newer - older, low, high)


def verdict(measures: dict[str, Measure], margins: dict[str, float]) -> Verdict:
    """Return whether the newer model is worse, shown not to be worse, or neither.

    ``margins`` names the measures that count, and by how much worse is too much. It is worse if one
    of them says so: by more than the margin, and not by chance. It is not worse if all say so: the
    whole interval lies within the margin.
    """
    signed = [(_gain(name, measures[name]), margin) for name, margin in margins.items()]
    if any(difference < -margin and high < 0 for (_, difference, high), margin in signed):
        return "worse"
    if all(low >= -margin for (low, _, _), margin in signed):
        return "not worse"
    return "open"


def _gain(name: str, measured: Measure) -> tuple[float, float, float]:
    """Return low, difference and high of what the newer model is better by."""
    if name in _BETTER_WHEN_LOWER:
        return -measured.high, -measured.difference, -measured.low
    return measured.low, measured.difference, measured.high


def _resampled(weight: Floats, bootstrap: Bootstrap) -> Iterator[Floats]:
    """Yield draws × rows of weights, as if the rows had been drawn again."""
    dice = np.random.default_rng(bootstrap.seed)
    for start in range(0, bootstrap.draws, _DRAWS_AT_ONCE):
        size = min(_DRAWS_AT_ONCE, bootstrap.draws - start), weight.size
        yield weight * dice.poisson(1.0, size)
