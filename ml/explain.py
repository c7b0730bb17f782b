"""Why a score is high: the features that raised it most, in words."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.features import BY_NAME, phrases

Floats = NDArray[np.float64]

FACTORS = 3


def told_contributions(contributions: Floats, names: tuple[str, ...]) -> Floats:
    """Add each feature's contribution to that of the feature which speaks for it.

    ``contributions`` (rows × features, log-odds) comes from XGBoost, without its bias column. The
    sum of each row stays the same.
    """
    speakers = np.zeros((len(names), len(names)))
    for position, name in enumerate(names):
        told_by = BY_NAME[name].told_by
        speakers[position, names.index(told_by) if told_by in names else position] = 1.0
    return contributions @ speakers


def strongest_factors(
    contributions: Floats, values: Floats, names: tuple[str, ...]
) -> pd.DataFrame:
    """Return the three features that raise each row's score most, in a long table.

    Columns: row (its number), position (1 to 3), feature, value (null if unknown), contribution
    (log-odds), en, zh. ``values`` and ``contributions`` are rows × features.
    """
    told = told_contributions(contributions, names)
    # a feature that is told by another never comes up in its own name
    silent = [i for i, name in enumerate(names) if BY_NAME[name].told_by in names]
    told[:, silent] = -np.inf
    best = np.argsort(-told, axis=1, kind="stable")[:, :FACTORS]
    rows = np.repeat(np.arange(len(values)), FACTORS)
    columns = best.ravel()
    factors = pd.DataFrame(
        {
            "row": rows,
            "position": np.tile(np.arange(1, FACTORS + 1), len(values)),
            "feature": np.array(names, dtype=object)[columns],
            "value": values[rows, columns],
            "contribution": told[rows, columns],
        }
    )
    return _with_words(factors)


def _with_words(factors: pd.DataFrame) -> pd.DataFrame:
    factors = factors.assign(en="", zh="")
    for name, group in factors.groupby("feature", sort=False):
        english, chinese = phrases(BY_NAME[str(name)], group["value"].to_numpy(float))
        factors.loc[group.index, "en"] = english
        factors.loc[group.index, "zh"] = chinese
    return factors
