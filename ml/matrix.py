"""Features as XGBoost takes them: rows × ml.features.NAMES, nan where unknown."""

import numpy as np
import xgboost
from numpy.typing import NDArray

from ml.features import NAMES

Values = NDArray[np.floating]
Floats = NDArray[np.float64]

# sums of floats depend on the number of threads, and a score must come out the same again
THREADS = 1


def as_matrix(
    values: Values,
    labels: Floats,
    *,
    weight: Floats | None = None,
    like: xgboost.DMatrix | None = None,
) -> xgboost.QuantileDMatrix:
    """Return what is learned from; it takes a byte a value, whatever the values take.

    What is only watched is cut into steps ``like`` what is learned from.
    """
    return xgboost.QuantileDMatrix(
        values, labels, weight=weight, ref=like, feature_names=list(NAMES), nthread=THREADS
    )


def predicted(booster: xgboost.Booster, values: Values, **options: bool) -> Floats:
    """Return what a booster says of each row, shown the features that it was made for."""
    names = list(booster.feature_names or NAMES)
    columns = values if names == list(NAMES) else values[:, [NAMES.index(name) for name in names]]
    matrix = xgboost.DMatrix(columns, feature_names=names, nthread=THREADS)
    return booster.predict(matrix, **options).astype(np.float64)
