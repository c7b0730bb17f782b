"""Training: learn from the results known so far, validate forward in time, register.

Validation takes steps forward in time: each fold learns from results known before its test rows
were declared. From the folds come the number of rounds, the calibration (on margins of rows that
the fold did not learn from) and, on the last fold, the measures and the baselines beside them.
The model that is kept then learns from all labels, the newest included: they matter most.
"""

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from ml import baselines, calibrate, champion, data, evaluate, indicators, registry
from ml.config import ModelConfig, configured
from ml.data import Labelled
from ml.domains import fit_domains
from ml.features import NAMES
from ml.matrix import predicted
from ml.model import (
    Model,
    OtherFeaturesError,
    RevenueModel,
    fit_likelihood,
    fit_revenue,
    value_score,
)
from ml.split import Fold, forward_folds

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

log = logging.getLogger(__name__)

_MIN_RANDOM = 100
# rows at the overall rate that stand beside what repeats counts
_PULL = 5.0


@dataclass(frozen=True)
class Validation:
    """What the forward folds told."""

    rounds: int
    rows: NDArray[np.intp]  # rows that some fold was tested on
    margin: Floats  # of each of these, by the fold that did not know it
    last: Fold  # the latest fold, on which all are measured
    boosters: tuple[xgboost.Booster, ...]  # one per fold


def train() -> str | None:
    """Train a model on the results known so far and register it; return its version.

    Returns None, and leaves the active model as it is, while labels are too few. Nothing new to
    learn from under the same configuration: returns the active model's version.
    """
    config = configured()
    labels = data.labelled(config.max_labels)
    if labels.found.size < config.min_labels or labels.found.sum() < config.min_findings:
        log.info("no model yet: %d labels, %d findings", labels.found.size, labels.found.sum())
        return None
    current = _active_of_these_features()
    labels_hash = hash_of(labels)
    if current and (current.config_hash, current.labels_hash) == (config.hash(), labels_hash):
        return current.version
    fitted = fit(labels, config)
    if fitted is None:
        log.info("no model yet: results cover too few days")
        return None
    model, metrics = fitted
    learned_until = labels.known.max().astype(date)
    model = replace(
        model,
        watched_days=float(max((learned_until - data.first_day()).days, 1)),
        indicators=indicators.fit_domains(_scored(config)),
    )
    activation = champion.compare(labels, config, metrics["rounds"], current)
    window = labels.known.min().astype(date), learned_until
    metrics |= {"labels_hash": labels_hash, "activation": activation}
    return registry.register(model, window, metrics, activate=activation["activated"])


def fit(labels: Labelled, config: ModelConfig) -> tuple[Model, dict[str, Any]] | None:
    """Return a model and its measures, or None if no fold forward in time can be made."""
    validation = validate(labels, config)
    if validation is None:
        return None
    weight = counted(labels, config.most_learned_as)
    tested = labels.take(validation.rows)
    shown = validation.margin, tested.found, counted(tested, config.most_counted_as)
    calibrator = calibrate.fit(*shown)
    is_found = labels.found == 1
    model = Model(
        booster=fit_likelihood(
            labels.values, labels.found, config, validation.rounds, weight=weight
        ),
        calibrator=calibrator,
        interval=calibrate.fit_interval(calibrator, *shown),
        revenue=_revenue_model(labels, config),
        domains=fit_domains(labels.values[is_found], labels.risk_domain[is_found], config),
        base_rate=base_rate(labels),
        repeats=repeats(tested),
        config=config,
        committee=validation.boosters,
    )
    return model, measure(labels, validation, config) | {
        "labels": int(labels.found.size),
        "findings": int(labels.found.sum()),
        "rounds": validation.rounds,
        "base_rate": model.base_rate,
        "repeats": model.repeats,
    }


def validate(labels: Labelled, config: ModelConfig) -> Validation | None:
    """Fit each forward fold with early stopping; return what they tell, or None without folds."""
    folds = [
        Fold(fold.train[-config.max_fold_labels :], fold.test)
        for fold in forward_folds(labels.declared, labels.known, config.folds)
    ]
    folds = [fold for fold in folds if np.unique(labels.found[fold.train]).size == 2]
    if not folds:
        return None
    watched = [_watched(labels, fold, config) for fold in folds]
    best = [booster.best_iteration + 1 for booster in watched]
    sizes = [fold.test.size for fold in folds]
    rounds = int(max(config.booster.min_rounds, np.average(best, weights=sizes)))
    # every fold speaks with the rounds of the model that is kept: the calibration then belongs to
    # margins of the same kind, and no fold stopped where its own test rows liked it best
    boosters = [
        _of_rounds(rounds, labels, fold, config, booster)
        for fold, booster in zip(folds, watched, strict=True)
    ]
    margins = [
        predicted(booster, labels.values[fold.test], output_margin=True)
        for fold, booster in zip(folds, boosters, strict=True)
    ]
    rows = np.concatenate([fold.test for fold in folds])
    return Validation(rounds, rows, np.concatenate(margins), folds[-1], tuple(boosters))


def measure(labels: Labelled, validation: Validation, config: ModelConfig) -> dict[str, Any]:
    """Measure the model and its rivals on the last fold; none of them learned from its rows."""
    train_rows, test_rows = validation.last.train, validation.last.test
    known, test = labels.take(train_rows), labels.take(test_rows)
    margin = validation.margin[-test_rows.size :]
    revenue = _revenue_model(known, config).given_finding(test.values)
    scores = {
        "model": margin,
        "model_by_value": value_score(margin, revenue),
        "importer_rate": baselines.importer_rate_rule(test.values),
        "price": baselines.price_rule(test.values),
    }
    uncalibrated = evaluate.calibration(1 / (1 + np.exp(-margin)), test.found)
    measured: dict[str, Any] = {
        "holdout": {
            "rows": int(test.found.size),
            "findings": int(test.found.sum()),
            "from": str(test.declared.min()),
            "to": str(test.declared.max()),
        },
        "rankings": {
            name: evaluate.ranking(score, test.found, test.revenue_cny)
            for name, score in scores.items()
        }
        | _plain(labels, validation.last),
        "uncalibrated": uncalibrated,
        "calibrated": None,
    }
    margins = validation.margin[: -test_rows.size]
    if margins.size:
        earlier = labels.take(validation.rows[: -test_rows.size])
        weight = counted(earlier, config.most_counted_as)
        likelihood = calibrate.fit(margins, earlier.found, weight).likelihood(margin)
        measured["calibrated"] = evaluate.calibration(likelihood, test.found)
        predicted = float((likelihood * revenue).sum())
        measured["revenue_predicted_to_found"] = _ratio(predicted, test.revenue_cny.sum())
    return measured


def base_rate(labels: Labelled) -> float:
    """Return the find rate to hold levels against: of random inspections where there are enough.

    Targeted ones find more than there is on average.
    """
    found = labels.found[labels.is_random]
    if found.size < _MIN_RANDOM:
        return float(labels.found.mean())
    return float((found.sum() + 0.5) / (found.size + 1))


def repeats(labels: Labelled) -> float:
    """Return how well a consignment pattern's past tells its future: 0 not at all, 1 wholly.

    How much oftener is something found where a pattern's record is worse than the rate of its day
    than where it is not? Goods are chosen by that record, not by what will come of it, so the
    difference holds for all, however few good records are looked at again; an area under the curve
    of those that were chosen would not. Both are pulled to the overall rate when they are few.
    """
    excess = labels.values[:, NAMES.index("rate_consignment")] - labels.rate_all
    inspected = labels.values[:, NAMES.index("log_inspections_consignment")]
    is_known = (np.nan_to_num(inspected) > 0) & ~np.isnan(excess)
    usual = base_rate(labels)
    worse, other = (
        (labels.found[each].sum() + _PULL * usual) / (labels.found[each].size + _PULL)
        for each in (is_known & (excess > 0), is_known & (excess <= 0))
    )
    return float(max(0.0, worse - other))


def hash_of(labels: Labelled) -> str:
    """Return the SHA-256 of what is learned from."""
    total = hashlib.sha256("\n".join(labels.declaration_id).encode())
    for part in (labels.values, labels.found, labels.revenue_cny, labels.known.astype("int64")):
        total.update(np.ascontiguousarray(part).tobytes())
    return total.hexdigest()


def counted(labels: Labelled, most: float) -> Floats:
    """Return what each label counts, 1 on average: as many declarations as it stands for.

    Goods that were picked show their label each, the others only where they were drawn; each is
    weighed by the probability with which it was selected (Horvitz, Thompson 1952), up to a limit,
    for then one label in ten thousand cannot decide alone.
    """
    weight = np.minimum(labels.stands_for, most)
    return weight / weight.mean()


def _plain(labels: Labelled, fold: Fold) -> dict[str, Any]:
    """Measure a plain XGBoost on the newest labels of the fold, as many as are told as declared."""
    first = labels.first_declared
    train_rows, test_rows = fold.train[fold.train >= first], fold.test[fold.test >= first]
    if np.unique(labels.found[train_rows]).size < 2:
        return {}
    plain = baselines.PlainModel(labels.declared_as(train_rows), labels.found[train_rows])
    score = plain.score(labels.declared_as(test_rows))
    found, revenue = labels.found[test_rows], labels.revenue_cny[test_rows]
    return {"plain_xgboost": evaluate.ranking(score, found, revenue)}


def _watched(labels: Labelled, fold: Fold, config: ModelConfig) -> xgboost.Booster:
    known, test = labels.take(fold.train), labels.take(fold.test)
    return fit_likelihood(
        known.values,
        known.found,
        config,
        config.booster.max_rounds,
        weight=counted(known, config.most_learned_as),
        watch=(test.values, test.found),
    )


def _of_rounds(
    rounds: int, labels: Labelled, fold: Fold, config: ModelConfig, booster: xgboost.Booster
) -> xgboost.Booster:
    # the first rounds of a longer run are those of a shorter one; only one that stopped before
    # them has to be fitted again
    if booster.num_boosted_rounds() >= rounds:
        return booster[:rounds]
    known = labels.take(fold.train)
    weight = counted(known, config.most_learned_as)
    return fit_likelihood(known.values, known.found, config, rounds, weight=weight)


def _revenue_model(labels: Labelled, config: ModelConfig) -> RevenueModel:
    is_found = labels.found == 1
    return fit_revenue(labels.values[is_found], labels.revenue_cny[is_found], config)


def _active_of_these_features() -> registry.Registered | None:
    try:
        return registry.active()
    except OtherFeaturesError:
        log.warning("the active model was made for other features: the new one replaces it")
        return None


def _scored(config: ModelConfig) -> "pd.DataFrame":
    known = data.domain_scores(config.max_labels)
    return known.assign(weight=known["weight"].clip(upper=config.most_counted_as))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
