"""Expected unit prices: quantile regression of log CNY per kg, relative to what is known.

What is learned is not a price but how far a price lies from the known mean of its commodity: so
what was learned of goods that are traded daily holds for goods that are seldom seen. One booster
gives all quantiles (Koenker and Bassett 1978); sorted, they do not cross (Chernozhukov,
Fernández-Val and Galichon 2010). The interval is conformalised on later declarations than those
learned from (Romano, Patterson and Candès 2019), so that it covers the share that it promises.

Rows are data frames with the columns of ``ml.prices.step.read``.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray

from ml.config import BoosterConfig
from ml.model import OtherFeaturesError
from ml.split import Fold, forward_folds

Floats = NDArray[np.float64]

# sums over earlier declarations: of the commodity, of it from this origin, of the importer's own
# trade in it, and of the commodity from this origin in the last 28 days
KINDS = ("hs6", "hs6_origin", "importer_hs6", "recent")
CODES = ("origin_country", "departure_country", "transport_mode")
FEATURES = (
    *(f"mean_{kind}" for kind in KINDS),
    *(f"spread_{kind}" for kind in KINDS),
    *(f"log_count_{kind}" for kind in KINDS),
    "mass_deviation",
    "log_mass",
    "tax_rate_pct",
    *CODES,
)
_TYPES = ["c" if name in CODES else "q" for name in FEATURES]

# as for price_z: a spread needs five prices, and is at least five per cent
_MIN_COUNT, _MIN_SPREAD = 5, 0.05
# the distance of the quartiles of a normal distribution, in standard deviations
_QUARTILES_APART = 1.349


@dataclass(frozen=True)
class PriceConfig:
    """What a price model is made by. Change anything here and its hash changes."""

    booster: BoosterConfig = field(
        default_factory=lambda: BoosterConfig(
            max_depth=4,
            eta=0.1,
            min_child_weight=40.0,
            gamma=0.0,
            min_rounds=20,
            max_rounds=300,
            patience=15,
        )
    )
    # ascending: the interval's ends first and last, the expectation in the middle
    quantiles: tuple[float, float, float, float, float] = (0.05, 0.25, 0.5, 0.75, 0.95)
    # share of later declarations whose price the interval must hold
    coverage: float = 0.90
    # earlier declarations of HS6 that a first one from an origin counts against
    reference_weight: float = 5.0
    # a country or mode of transport seen less often is as one never seen
    min_rows_per_code: int = 50
    min_rows: int = 1_000
    # only the newest declarations are learned from; the means hold what is older
    max_rows: int = 30_000
    # steps forward in time: the last is measured on, the one before it widens the interval
    folds: int = 4
    # prices move slowly: a model serves so many days before a new one is trained
    renewed_after_days: int = 7
    vat_rate: float = 0.13
    features: tuple[str, ...] = FEATURES

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, as they are stored beside a model."""
        return dict(json.loads(json.dumps(asdict(self))))

    def hash(self) -> str:
        """Return the SHA-256 of the settings."""
        text = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class PriceModel:
    """What tells the price that a declaration should have.

    ``codes`` are the codes of each coded feature in the booster's order; ``widening`` is what
    conformal calibration adds to either end of the interval, in logarithms.
    """

    booster: xgboost.Booster
    codes: dict[str, list[str]]
    widening: float
    reference_weight: float

    def quantiles(self, rows: pd.DataFrame) -> Floats:
        """Return rows × quantiles of log CNY per kg, ascending; nan where nothing is known."""
        reference = references(rows, self.reference_weight)
        relative = _relative(self.booster, _as_matrix(rows, self.codes, reference))
        relative[:, 0] -= self.widening
        relative[:, -1] += self.widening
        # a negative widening must not turn the interval inside out
        relative[:, 0] = np.minimum(relative[:, 0], relative[:, 1])
        relative[:, -1] = np.maximum(relative[:, -1], relative[:, -2])
        return reference[:, None] + relative

    def files(self) -> dict[str, bytes]:
        """Return the artefact: file names and their bytes, the same for the same model."""
        told = {
            "features": FEATURES,
            "codes": self.codes,
            "widening": self.widening,
            "reference_weight": self.reference_weight,
        }
        return {
            "prices.ubj": bytes(self.booster.save_raw("ubj")),
            "prices.json": json.dumps(told, indent=1, sort_keys=True).encode(),
        }


def restored(files: dict[str, bytes]) -> PriceModel:
    """Return the model that an artefact holds.

    Raises OtherFeaturesError if it was made for other features than those known now.
    """
    told = json.loads(files["prices.json"])
    if tuple(told["features"]) != FEATURES:
        raise OtherFeaturesError("the price model was made for other features: train a new one")
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(files["prices.ubj"]))
    return PriceModel(booster, told["codes"], told["widening"], told["reference_weight"])


def expectations(rows: pd.DataFrame, model: PriceModel | None, vat_rate: float) -> pd.DataFrame:
    """Return what the model expects of each row; all unknown without a model.

    Columns: expected, low and high in CNY per kg; log_gap, declared less expected, in logarithms;
    robust_z, the same in standard deviations (from the quartiles); price_position, where the
    declared price lies against the interval; value_gap_cny, expected less declared value;
    revenue_at_risk_cny, the taxes on that gap where the declared value is the lower one.
    """
    told = np.full((len(rows), 5), np.nan) if model is None else model.quantiles(rows)
    low, quartile, middle, upper_quartile, high = told.T
    declared = _floats(rows, "log_unit_value")
    spread = np.maximum((upper_quartile - quartile) / _QUARTILES_APART, _MIN_SPREAD)
    value_gap = np.exp(middle) * _floats(rows, "net_mass_kg") - _floats(rows, "declared_value_cny")
    return pd.DataFrame(
        {
            "expected_cny_per_kg": np.exp(middle),
            "low_cny_per_kg": np.exp(low),
            "high_cny_per_kg": np.exp(high),
            "log_gap": declared - middle,
            "robust_z": (declared - middle) / spread,
            "price_position": np.select(
                [np.isnan(middle), declared < low, declared > high],
                ["unknown", "below", "above"],
                "within",
            ),
            "value_gap_cny": value_gap,
            "revenue_at_risk_cny": taxes_on(
                np.maximum(value_gap, 0.0), _floats(rows, "tax_rate_pct"), vat_rate
            ),
        },
        index=rows.index,
    )


def taxes_on(value_cny: Floats, duty_pct: Floats, vat_rate: float) -> Floats:
    """Return duty and value-added tax in CNY: value × ((1 + duty) × (1 + VAT) − 1).

    Other taxes (consumption tax, additional duties) are not in a declaration and not reckoned.
    """
    return value_cny * ((1 + duty_pct / 100) * (1 + vat_rate) - 1)


def fit(rows: pd.DataFrame, config: PriceConfig) -> tuple[PriceModel, dict[str, Any]] | None:
    """Return a model and its measures, or None if rows are too few or cover too few days.

    The model that is measured learned from what lies before the last two steps in time, was
    widened on the first of them, and is measured on the last. The model that is kept stands one
    step further on: it learned from all but the last step, which widens it.
    """
    rows = rows[~np.isnan(references(rows, config.reference_weight))]
    days = rows["known_on"].to_numpy("datetime64[D]")
    folds = forward_folds(days, days, config.folds) if len(rows) >= config.min_rows else []
    if len(folds) < 2:
        return None
    earlier, later = folds[-2:]
    measured = _fit(rows, earlier, config)
    metrics = measure(measured, rows.iloc[later.test], config)
    rounds = measured.booster.num_boosted_rounds()
    return _fit(rows, later, config, rounds), metrics | {"rows": len(rows), "rounds": rounds}


def measure(model: PriceModel, rows: pd.DataFrame, config: PriceConfig) -> dict[str, Any]:
    """Measure a model on rows that it knows nothing of.

    coverage: share of prices within the interval; interval_factor: median of its upper end over
    its lower. pinball and pinball_baseline: mean pinball loss over the quantiles, on the
    ``compared`` rows with at least five earlier prices; the baseline knows the mean and the spread
    of HS6 × origin and takes log prices for normal.
    """
    declared, told = _floats(rows, "log_unit_value"), model.quantiles(rows)
    is_compared = _floats(rows, "count_hs6_origin") >= _MIN_COUNT
    spread = np.maximum(_spread(rows, "hs6_origin"), _MIN_SPREAD)
    normal = np.array([NormalDist().inv_cdf(share) for share in config.quantiles])
    baseline = _mean(rows, "hs6_origin")[:, None] + spread[:, None] * normal
    return {
        "measured": {
            "rows": len(rows),
            "from": str(rows["known_on"].min()),
            "to": str(rows["known_on"].max()),
        },
        "coverage": float(np.mean((declared >= told[:, 0]) & (declared <= told[:, -1]))),
        "interval_factor": float(np.exp(np.median(told[:, -1] - told[:, 0]))),
        "compared": int(is_compared.sum()),
        "pinball": pinball(declared[is_compared], told[is_compared], config.quantiles),
        "pinball_baseline": pinball(declared[is_compared], baseline[is_compared], config.quantiles),
    }


def pinball(actual: Floats, told: Floats, quantiles: tuple[float, ...]) -> float:
    """Return the mean pinball loss of rows × quantiles; nan without rows."""
    if not actual.size:
        return float("nan")
    over = actual[:, None] - told
    shares = np.array(quantiles)
    return float(np.maximum(shares * over, (shares - 1) * over).mean())


def widening(actual: Floats, low: Floats, high: Floats, coverage: float) -> float:
    """Return what must be added to either end so that intervals hold a share of such rows.

    The ⌈(n + 1) × coverage⌉th smallest conformity score (Romano et al. 2019, equations 6 to 8), the
    largest where they are too few. Negative if the intervals were too wide.
    """
    score = np.maximum(low - actual, actual - high)
    place = int(np.ceil((score.size + 1) * coverage - 1e-9))
    return float(np.sort(score)[min(place, score.size) - 1])


def references(rows: pd.DataFrame, weight: float) -> Floats:
    """Return the log price known of each row's goods, nan if such goods were never seen.

    The mean of HS6 × origin, drawn towards that of HS6 as if this were ``weight`` declarations.
    """
    total = _floats(rows, "sum_hs6_origin") + weight * _mean(rows, "hs6")
    return total / (_floats(rows, "count_hs6_origin") + weight)


def features(rows: pd.DataFrame, codes: dict[str, list[str]], reference: Floats) -> Floats:
    """Return rows × FEATURES; nan where unknown, prices and masses relative to what is known."""
    mass = _floats(rows, "log_mass")
    usual_mass = _floats(rows, "mass_sum_hs6_origin") / _count(rows, "hs6_origin")
    return np.column_stack(
        [
            *(_mean(rows, kind) - reference for kind in KINDS),
            *(_spread(rows, kind) for kind in KINDS),
            *(np.log1p(_floats(rows, f"count_{kind}")) for kind in KINDS),
            mass - usual_mass,
            mass,
            _floats(rows, "tax_rate_pct"),
            *(_coded(rows[name], codes[name]) for name in CODES),
        ]
    )


def _fit(
    rows: pd.DataFrame, fold: Fold, config: PriceConfig, rounds: int | None = None
) -> PriceModel:
    """Learn from a fold's training rows, and widen on its test rows.

    Without a number of rounds, learning ends when the test rows are told no better.
    """
    known = rows.iloc[fold.train]
    codes = {name: _frequent(known[name], config.min_rows_per_code) for name in CODES}
    learned = _to_learn(known, codes, config.reference_weight)
    watched = _to_learn(rows.iloc[fold.test], codes, config.reference_weight)
    parameters = config.booster.parameters() | {
        "objective": "reg:quantileerror",
        "quantile_alpha": list(config.quantiles),
    }
    booster = xgboost.train(
        parameters,
        learned,
        rounds or config.booster.max_rounds,
        evals=[] if rounds else [(watched, "watched")],
        early_stopping_rounds=None if rounds else config.booster.patience,
        verbose_eval=False,
    )
    if not rounds:
        best = max(booster.best_iteration + 1, config.booster.min_rounds)
        booster = booster[: min(best, booster.num_boosted_rounds())]
    told = _relative(booster, watched)
    added = widening(watched.get_label().astype(float), told[:, 0], told[:, -1], config.coverage)
    return PriceModel(booster, codes, added, config.reference_weight)


def _floats(rows: pd.DataFrame, name: str) -> Floats:
    return rows[name].to_numpy(float)


def _count(rows: pd.DataFrame, kind: str) -> Floats:
    """Return the number of earlier declarations, nan for none."""
    count = _floats(rows, f"count_{kind}")
    return np.where(count > 0, count, np.nan)


def _mean(rows: pd.DataFrame, kind: str) -> Floats:
    return _floats(rows, f"sum_{kind}") / _count(rows, kind)


def _spread(rows: pd.DataFrame, kind: str) -> Floats:
    """Return the standard deviation of earlier log prices, nan with fewer than five."""
    count = np.where(_count(rows, kind) >= _MIN_COUNT, _count(rows, kind), np.nan)
    squares = _floats(rows, f"squares_{kind}") - _floats(rows, f"sum_{kind}") ** 2 / count
    return np.sqrt(np.maximum(squares, 0.0) / (count - 1))


def _frequent(column: pd.Series, least: int) -> list[str]:
    counts = column.value_counts()
    return sorted(str(code) for code in counts.index[counts >= least])


def _coded(column: pd.Series, codes: list[str]) -> Floats:
    """Return each code's place in the list; nan for one that is not in it."""
    places = column.map({code: float(place) for place, code in enumerate(codes)})
    return np.asarray(places, dtype=np.float64)


def _as_matrix(
    rows: pd.DataFrame, codes: dict[str, list[str]], reference: Floats
) -> xgboost.DMatrix:
    return xgboost.DMatrix(
        features(rows, codes, reference),
        feature_names=list(FEATURES),
        feature_types=_TYPES,
        enable_categorical=True,
        nthread=1,
    )


def _to_learn(rows: pd.DataFrame, codes: dict[str, list[str]], weight: float) -> xgboost.DMatrix:
    """Return rows with what is learned of them: log price less reference."""
    reference = references(rows, weight)
    matrix = _as_matrix(rows, codes, reference)
    matrix.set_label(_floats(rows, "log_unit_value") - reference)
    return matrix


def _relative(booster: xgboost.Booster, matrix: xgboost.DMatrix) -> Floats:
    """Return rows × quantiles relative to the reference; sorted, so that none crosses another."""
    return np.sort(booster.predict(matrix).astype(float), axis=1)
