"""The rows of a table: who ranks declarations, from chance to a tuned XGBoost.

A rival learns from rows as they were declared and what was found in them, and scores others. The
tuned one tries `SETTINGS` and no more: each is fitted once on the older rows, with early stopping
on the newest fifth, and the best area under the curve there is fitted on all. This system searches
nothing: its settings are those of `ml.config`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray

from ml import baselines
from ml.baselines import PlainModel
from ml.config import configured
from ml.model import Model, value_score
from tests.benchmarks.models.splits import Rows, Split

Floats = NDArray[np.float64]
Scorer = Callable[[pd.DataFrame], "Ranked"]
Learner = Callable[[pd.DataFrame, Floats], Scorer]

SETTINGS: list[dict[str, Any]] = [
    {"max_depth": depth, "min_child_weight": weight, "colsample_bytree": share}
    for depth, weight, share in product((3, 6, 9), (1, 10), (0.4, 0.8))
]
_SEARCH: dict[str, Any] = {
    "objective": "binary:logistic",
    "eval_metric": "auc",
    "tree_method": "hist",
    "eta": 0.1,
    "subsample": 0.8,
    "nthread": 1,
    "seed": 271,
}
_MOST_ROUNDS, _PATIENCE = 400, 30
_NEWEST = 5  # one part in so many is validated on

# key: English, Chinese
NAMES = {
    "random": ("random", "随机"),
    "price": ("price rule", "价格规则"),
    "importer": ("importer-rate rule", "进口商查获率规则"),
    "xgb": ("raw XGBoost, default", "XGBoost 原始字段（默认）"),
    "xgb_tuned": ("raw XGBoost, tuned", "XGBoost 原始字段（调优）"),
    "this": ("this system", "本系统"),
    "this_value": ("this system, by value", "本系统（按价值）"),
    "oracle": ("oracle", "全知"),
}


@dataclass(frozen=True)
class Ranked:
    """What a row of a table says of declarations: an order, and a likelihood if it has one."""

    score: Floats
    likelihood: Floats | None = None


@dataclass(frozen=True)
class Tuned:
    """What a search found: a setting, its number of rounds, and how well it ranked."""

    setting: dict[str, Any]
    rounds: int
    auc: float


class TunedModel(PlainModel):
    """The plain model under the best of `SETTINGS`."""

    def __init__(self, rows: pd.DataFrame, found: Floats, best: Tuned) -> None:
        """Learn from rows (the columns of ml.baselines), found 0 or 1, as the best did."""
        super().__init__(rows, found)
        matrix = self._matrix(rows, found)
        self._booster = xgboost.train(_SEARCH | best.setting, matrix, best.rounds)

    @classmethod
    def search(cls, rows: pd.DataFrame, found: Floats, apart: list[str]) -> Tuned:
        """Return what ranks the newest fifth of rows, in the order of time, best.

        Older rows that agree with a newer one in all columns of ``apart`` are not learned from, so
        that it is tuned for what it is measured on.
        """
        newest = np.arange(len(rows)) >= len(rows) - len(rows) // _NEWEST
        older = ~newest
        if apart:
            keys = pd.MultiIndex.from_frame(rows[apart])
            older &= ~keys.isin(keys[newest])
        plain = PlainModel(rows[older], found[older])
        learned = plain._matrix(rows[older], found[older])
        watched = plain._matrix(rows[newest], found[newest])
        tried = [
            xgboost.train(
                _SEARCH | setting,
                learned,
                _MOST_ROUNDS,
                evals=[(watched, "newest")],
                early_stopping_rounds=_PATIENCE,
                verbose_eval=False,
            )
            for setting in SETTINGS
        ]
        found_best = [
            Tuned(setting, booster.best_iteration + 1, booster.best_score)
            for setting, booster in zip(SETTINGS, tried, strict=True)
        ]
        return max(found_best, key=lambda tuned: tuned.auc)


@dataclass
class TunedLearner:
    """Learns with the tuned model; it searches anew whenever there are twice as many rows."""

    apart: list[str]
    _size: int = 0
    _best: Tuned | None = None

    def __call__(self, rows: pd.DataFrame, found: Floats) -> Scorer:
        """Return a scorer that learned from rows in the order of time."""
        if self._best is None or len(rows) >= 2 * self._size:
            self._size, self._best = len(rows), TunedModel.search(rows, found, self.apart)
        return _scorer(TunedModel(rows, found, self._best))


def learn_plain(rows: pd.DataFrame, found: Floats) -> Scorer:
    """Learn with XGBoost on the raw columns, as it is."""
    return _scorer(PlainModel(rows, found))


def learn_importers(rows: pd.DataFrame, found: Floats) -> Scorer:
    """Learn each importer's find rate, smoothed towards the overall rate."""
    weight, overall = configured().smoothing_weight, found.mean()
    known = pd.DataFrame({"importer_id": rows["importer_id"].to_numpy(), "found": found})
    counts = known.groupby("importer_id")["found"].agg(["sum", "size"])
    rates = (counts["sum"] + weight * overall) / (counts["size"] + weight)

    def score(others: pd.DataFrame) -> Ranked:
        rate = others["importer_id"].map(rates).fillna(overall).to_numpy(float)
        return Ranked(rate, rate)

    return score


def learn_base_rate(rows: pd.DataFrame, found: Floats) -> Scorer:
    """Learn no more than how often something is found; the order is left to the dice."""
    overall, dice = float(found.mean()), np.random.default_rng(len(rows))
    return lambda others: Ranked(dice.random(len(others)), np.full(len(others), overall))


def ranked_split(data: Split, apart: list[str]) -> dict[str, Ranked]:
    """Let each rival learn from a split's past and rank its future, and this system too."""
    past, future = data.past, data.future
    learners: dict[str, Learner] = {
        "random": learn_base_rate,
        "importer": learn_importers,
        "xgb": learn_plain,
        "xgb_tuned": TunedLearner(apart),
    }
    ranked = {key: learn(past.raw, past.found)(future.raw) for key, learn in learners.items()}
    return (
        ranked | {"price": Ranked(baselines.price_rule(future.values))} | this(data.model, future)
    )


def this(model: Model, rows: Rows) -> dict[str, Ranked]:
    """Rank rows by this system's likelihood, and by its value (likelihood × √revenue)."""
    margin = model.margin(rows.values)
    likelihood = model.calibrator.likelihood(margin)
    by_value = value_score(margin, model.revenue.given_finding(rows.values))
    return {"this": Ranked(margin, likelihood), "this_value": Ranked(by_value)}


def _scorer(model: PlainModel) -> Scorer:
    def score(rows: pd.DataFrame) -> Ranked:
        margin = model.score(rows)
        return Ranked(margin, 1 / (1 + np.exp(-margin)))

    return score
