"""Splitting in time: what a model is tested on was declared after all it learned was known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]
Rows = NDArray[np.intp]


class OverlapError(ValueError):
    """Training rows and test rows overlap in time."""


@dataclass(frozen=True)
class Fold:
    """Row numbers to learn from and to validate on."""

    train: Rows
    test: Rows


def forward_folds(declared: Days, known: Days, folds: int) -> list[Fold]:
    """Split rows into ``folds`` steps forward in time; each learns from all before it.

    ``declared`` is the day on which a declaration became known, ``known`` the day of its result.
    The rows, by the day of declaration, make ``folds + 1`` blocks of about equal size, whole days
    each. Rows that were declared before a boundary and answered on or after it are not learned
    from. Folds without rows on either side are left out; every fold is checked.
    """
    made = []
    for start, end in _boundaries(declared, folds):
        train = np.flatnonzero(known < start)
        test = np.flatnonzero((declared >= start) & (declared < end))
        if train.size and test.size:
            check(declared, known, Fold(train, test))
            made.append(Fold(train, test))
    return made


def check(declared: Days, known: Days, fold: Fold) -> None:
    """Raise OverlapError unless every training label was known before any test row was declared."""
    if np.intersect1d(fold.train, fold.test).size:
        raise OverlapError("a row is in training and in test")
    last, first = known[fold.train].max(), declared[fold.test].min()
    if last >= first:
        raise OverlapError(f"a training label of {last} is not older than a test row of {first}")


def _boundaries(declared: Days, folds: int) -> Iterator[tuple[np.datetime64, np.datetime64]]:
    ordered = np.sort(declared)
    cuts = [ordered[len(ordered) * block // (folds + 1)] for block in range(1, folds + 1)]
    days = [*np.unique(cuts), ordered[-1] + np.timedelta64(1, "D")]
    for position in range(len(days) - 1):
        yield days[position], days[position + 1]
