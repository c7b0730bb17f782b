"""Simple rivals that a model must beat on the same rows: two rules and a plain XGBoost."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.features import NAMES
from ml.matrix import Values

Floats = NDArray[np.float64]

# columns of a declaration as it is declared, of intermediate.int_declarations
CATEGORIES = (
    "office_code",
    "process_type",
    "trade_mode",
    "import_use",
    "payment_type",
    "transport_mode",
    "declarant_id",
    "importer_id",
    "seller_id",
    "courier_id",
    "hs6",
    "departure_country",
    "origin_country",
    "tax_type",
    "origin_indicator",
)
NUMBERS = ("tax_rate_pct", "net_mass_kg", "declared_value_cny")

_ROUNDS = 100
_PARAMETERS: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 6,
    "eta": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "nthread": 1,
    "seed": 271,
}


def importer_rate_rule(values: Values) -> Values:
    """Score each row of features by its importer's find rate so far."""
    return values[:, NAMES.index("rate_importer")]


def price_rule(values: Values) -> Values:
    """Score each row of features by how far its price lies below that of its commodity."""
    return -np.nan_to_num(values[:, NAMES.index("price_z")])


class PlainModel:
    """XGBoost on the columns of a declaration as they are, texts as categories."""

    def __init__(self, rows: pd.DataFrame, found: Floats) -> None:
        """Learn from ``rows`` (CATEGORIES and NUMBERS; others are ignored), found 0 or 1."""
        import xgboost

        self._known = {name: pd.Index(rows[name].dropna().unique()) for name in CATEGORIES}
        self._booster = xgboost.train(_PARAMETERS, self._matrix(rows, found), _ROUNDS)

    def score(self, rows: pd.DataFrame) -> Floats:
        """Return a margin for each row. A value never seen counts as missing."""
        return self._booster.predict(self._matrix(rows, None), output_margin=True).astype(float)

    def _matrix(self, rows: pd.DataFrame, found: Floats | None) -> Any:
        import xgboost

        codes = {name: self._codes(name, rows[name]) for name in CATEGORIES}
        numbers = {name: rows[name].astype("float64").to_numpy() for name in NUMBERS}
        types = ["c"] * len(codes) + ["q"] * len(numbers)
        return xgboost.DMatrix(
            np.column_stack([*codes.values(), *numbers.values()]),
            found,
            feature_types=types,
            enable_categorical=True,
            nthread=1,
        )

    def _codes(self, name: str, values: "pd.Series[Any]") -> Floats:
        codes = self._known[name].get_indexer(values).astype(float)
        codes[codes < 0] = np.nan
        return codes
