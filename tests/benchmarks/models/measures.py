"""What the tables measure, each with an interval: whole days or weeks are drawn again and again.

Every row of a table is measured on the same draws, so the difference of two rows has an interval
of its own, narrower than theirs. The measures are those of ml.evaluate, over rows that count as
often as they were drawn: all resamples at once, and the sample as it is first.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluate import SHARES

Floats = NDArray[np.float64]

RESAMPLES = 200
_TOGETHER = 20  # resamples that are in memory at a time
_BINS = 10


@dataclass(frozen=True)
class Figure:
    """A measure on the sample, and the 95 % interval of the resamples."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Draws:
    """How often each block of rows counts: as it is, then in each resample."""

    counts: Floats  # 1 + resamples × blocks
    block_of: NDArray[np.intp]  # of each row

    def of_rows(self) -> Iterator[Floats]:
        """Yield how often each row counts, some resamples × rows at a time."""
        for first in range(0, len(self.counts), _TOGETHER):
            yield self.counts[first : first + _TOGETHER, self.block_of]

    def sums(self, of_rows: Floats) -> Floats:
        """Return the sum of a quantity of each row (rows, or rows × some) in each resample."""
        blocks = np.zeros((self.counts.shape[1], *of_rows.shape[1:]))
        np.add.at(blocks, self.block_of, of_rows)
        return self.counts @ blocks


def draws(block: NDArray[np.generic], resamples: int = RESAMPLES, seed: int = 271) -> Draws:
    """Draw blocks (a day or a week of each row) with replacement, as many as there are."""
    names, block_of = np.unique(block, return_inverse=True)
    dice = np.random.default_rng(seed)
    drawn = dice.multinomial(names.size, np.full(names.size, 1 / names.size), resamples)
    return Draws(np.vstack([np.ones(names.size), drawn]), block_of)


def ranking(score: Floats, found: Floats, revenue: Floats, drawn: Draws) -> dict[str, Floats]:
    """Return AUC, average precision, and precision, recall and revenue at each share.

    Each is an array over the sample and its resamples. Ties count in the worst way, as in
    ml.evaluate: among equal scores the rows without a finding, or with less revenue, come first.
    """
    by_finding, by_revenue = np.lexsort((found, -score)), np.lexsort((revenue, -score))
    parts = [
        _areas(times[:, by_finding], found[by_finding])
        | _at_shares(times[:, by_finding], found[by_finding], ("precision", "recall"))
        | _at_shares(times[:, by_revenue], revenue[by_revenue], (None, "revenue"))
        for times in drawn.of_rows()
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def calibration(likelihood: Floats, found: Floats, drawn: Draws) -> dict[str, Floats]:
    """Return the Brier score and the expected calibration error over equally filled bins.

    The bins are those of the sample; what lies in each is drawn again.
    """
    groups = np.array_split(np.argsort(likelihood, kind="stable"), min(_BINS, likelihood.size))
    gaps = np.zeros((likelihood.size, len(groups)))
    for number, group in enumerate(groups):
        gaps[group, number] = likelihood[group] - found[group]
    size = drawn.sums(np.ones(likelihood.size))
    return {
        "brier": drawn.sums((likelihood - found) ** 2) / size,
        "calibration_error": np.abs(drawn.sums(gaps)).sum(axis=1) / size,
    }


def ratio(part: Floats, whole: Floats, drawn: Draws) -> Floats:
    """Return the sum of one quantity of each row over the sum of another; nan where that is 0."""
    return _ratio(drawn.sums(part), drawn.sums(whole))


def figure_of(measured: Floats) -> Figure:
    """Return the value on the sample, and the middle 95 % of the resamples laid around it.

    Some measures are larger on any resample (the calibration error: noise counts as error), so
    what counts is how far the resamples lie from their median.
    """
    value = float(measured[0])
    low, median, high = np.nanquantile(measured[1:], (0.025, 0.5, 0.975))
    return Figure(value, float(value + low - median), float(value + high - median))


def _areas(times: Floats, found: Floats) -> dict[str, Floats]:
    hits = np.cumsum(times * found, axis=1)
    ranked = np.cumsum(times, axis=1)
    clean = ranked - hits
    # what lies behind a finding is clean of a lower score: equals without a finding stand before it
    outranked = times * found * (clean[:, -1:] - clean)
    precision = times * found * hits / np.maximum(ranked, 1)
    return {
        "auc": _ratio(outranked.sum(axis=1), hits[:, -1] * clean[:, -1]),
        "average_precision": _ratio(precision.sum(axis=1), hits[:, -1]),
    }


def _at_shares(
    times: Floats, gain: Floats, names: tuple[str | None, str | None]
) -> dict[str, Floats]:
    """Return per share: what the best rows gain by each of them, and of what there is."""
    ranked, gained = np.cumsum(times, axis=1), np.cumsum(times * gain, axis=1)
    measured = {}
    for share in SHARES:
        size = np.maximum(1, np.floor(share * ranked[:, -1] + 1e-9))
        best = [np.interp(s, r, g) for s, r, g in zip(size, ranked, gained, strict=True)]
        per_row, of_all = names
        if per_row:
            measured[f"{per_row}_{round(100 * share)}"] = np.array(best) / size
        if of_all:
            measured[f"{of_all}_{round(100 * share)}"] = _ratio(np.array(best), gained[:, -1])
    return measured


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole != 0)
