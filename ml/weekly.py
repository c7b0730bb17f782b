"""A rival's own loop over labelled declarations: it sees a label only where it inspected.

The same rules as the real loop's replay: a warm-up at random, then in every week the rival ranks
that week's declarations by what it learned from the weeks before, a share of inspections stays
random, and whoever inspects together has a capacity of its own.
"""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.baselines import PlainModel

CapacityOf = Literal["office", "country"]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def rival(
    rows: pd.DataFrame,
    by: Literal["plain", "random"],
    *,
    inspection_rate: float = 0.10,
    random_share: float = 0.10,
    capacity_of: CapacityOf = "office",
    warm_up: int = 4,
    seed: int = 271,
) -> pd.DataFrame:
    """Let a rival choose inspections week by week; return ``rows`` with a column ``selected``.

    ``rows``: one declaration each, with week (sortable), office_code, found (0 or 1), and for
    ``plain`` the columns of ml.baselines. Nothing but the labels of rows that the rival itself
    selected in earlier weeks is learned from.
    """
    dice = np.random.default_rng(seed)
    selected = np.zeros(len(rows), dtype=bool)
    week, found = rows["week"].to_numpy(), rows["found"].to_numpy(float)
    office = inspectors(rows, capacity_of)
    for number, current in enumerate(np.unique(week)):
        here = np.flatnonzero(week == current)
        learns = by == "plain" and number >= warm_up and np.unique(found[selected]).size == 2
        if learns:
            model = PlainModel(rows[selected], found[selected])
            score, share = model.score(rows.iloc[here]), random_share
        else:
            score, share = np.zeros(here.size), 1.0
        selected[here] = select(score, office[here], inspection_rate, share, dice)
    return rows.assign(selected=selected)


def inspectors(rows: pd.DataFrame, capacity_of: CapacityOf) -> NDArray[Any]:
    """Return who inspects what is chosen of each row: its office, or all of them together."""
    office = rows["office_code"].to_numpy()
    return office if capacity_of == "office" else np.full(len(rows), "all", dtype=object)


def select(
    score: Floats,
    office: NDArray[Any],
    inspection_rate: float,
    random_share: float,
    dice: np.random.Generator,
) -> Flags:
    """Choose within each office: first the random share of its capacity, then the best scores.

    Fractions of an inspection are rounded by the dice, so that capacity is right over time.
    """
    chosen = np.zeros(score.size, dtype=bool)
    for name in np.unique(office):
        here = dice.permutation(np.flatnonzero(office == name))
        capacity = _rounded(inspection_rate * here.size, dice)
        drawn = _rounded(random_share * capacity, dice)
        others = here[drawn:]
        best = others[np.argsort(-score[others], kind="stable")][: capacity - drawn]
        chosen[here[:drawn]] = True
        chosen[best] = True
    return chosen


def _rounded(number: float, dice: np.random.Generator) -> int:
    return int(number + dice.random())
