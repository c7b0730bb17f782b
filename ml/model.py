"""A trained model: two boosters, a calibrator, and what is needed to speak of levels."""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from ml.calibrate import Calibrator, Interval
from ml.config import ModelConfig
from ml.domains import DomainModel
from ml.features import NAMES, directions
from ml.indicators import ScoreCalibration
from ml.matrix import THREADS, Values, as_matrix, predicted

Floats = NDArray[np.float64]

_NO_REVENUE = 0.0


class OtherFeaturesError(ValueError):
    """A stored model was made for other features than those known now."""


@dataclass(frozen=True)
class RevenueModel:
    """Additional duty expected if something is found, in CNY.

    A Tweedie regression (many findings bring nothing, a few bring much), or a mean when findings
    are too few; ``scale`` is the mean that the booster's output is relative to. ``quantiles`` are
    the median and the 90th percentile of duty over findings: the steps of severity.
    """

    scale: float
    quantiles: tuple[float, float]
    booster: xgboost.Booster | None = None

    def given_finding(self, values: Values) -> Floats:
        """Return the expected additional duty in CNY, given a finding, of each row."""
        if self.booster is None:
            return np.full(len(values), self.scale)
        return self.scale * predicted(self.booster, values)

    def severity(self, revenue_cny: Floats) -> NDArray[np.object_]:
        """Return minor, moderate or serious: how a finding would compare with past findings."""
        words = np.array(["minor", "moderate", "serious"], dtype=object)
        return words[np.searchsorted(self.quantiles, revenue_cny, side="right")]


@dataclass(frozen=True)
class Model:
    """What scores declarations. ``repeats`` (0 to 1) says how well a consignment pattern's past
    tells its future; it scales how far a pattern's own record moves its place in the ranking. The
    ``watched_days`` are those over which declarations had been counted when it was trained. The
    ``committee`` are the models of earlier periods that it was validated by. ``indicators`` speak
    for the risk domains in which findings are too few to be learned.
    """

    booster: xgboost.Booster
    calibrator: Calibrator
    interval: Interval
    revenue: RevenueModel
    domains: DomainModel
    base_rate: float
    repeats: float
    config: ModelConfig
    watched_days: float = 1.0
    committee: tuple[xgboost.Booster, ...] = ()
    indicators: dict[str, ScoreCalibration] = field(default_factory=dict)

    def margin(self, values: Values) -> Floats:
        """Return the raw log-odds of each row; unlike the likelihood it has few ties."""
        return predicted(self.booster, values, output_margin=True)

    def disagreement(self, values: Values) -> Floats:
        """Return how far the models of other periods differ on each row: the standard deviation
        of their likelihoods, uncalibrated; nan without a committee.
        """
        if not self.committee:
            return np.full(len(values), np.nan)
        boosters = (self.booster, *self.committee)
        margins = [predicted(booster, values, output_margin=True) for booster in boosters]
        return np.std(1 / (1 + np.exp(-np.array(margins))), axis=0)

    def contributions(self, values: Values) -> Floats:
        """Return each feature's part of the margin, and the bias in the last column."""
        read = predicted(self.booster, values, pred_contribs=True)
        parts = np.zeros((len(values), len(NAMES) + 1))
        parts[:, [*map(NAMES.index, self.names), -1]] = read
        return parts

    @property
    def names(self) -> list[str]:
        """The features that it was made for, in its order; what came later it never saw."""
        return list(self.booster.feature_names or NAMES)

    def ranking_score(self, values: Values, margin: Floats, revenue_cny: Floats) -> Floats:
        """Return what declarations are ranked by, in log-odds or in logarithms of value."""
        of_pattern = self.repeats * _of_pattern(values, self.watched_days, self.config)
        if self.config.ranking == "likelihood":
            return margin + of_pattern
        return value_score(margin, revenue_cny) + of_pattern

    def level(self, likelihood: Floats) -> NDArray[np.object_]:
        """Return low, medium or high, relative to the base rate."""
        high = min(self.config.high_lift * self.base_rate, self.config.high_likelihood)
        medium = min(self.config.medium_lift * self.base_rate, high)
        words = np.array(["low", "medium", "high"], dtype=object)
        return words[np.searchsorted((medium, high), likelihood, side="right")]

    def described(self) -> dict[str, Any]:
        """Return all but the boosters as plain values."""
        return {
            "features": self.names,
            "config": self.config.as_dict(),
            "calibrator": self.calibrator.as_dict(),
            "interval": self.interval.as_dict(),
            "domains": self.domains.as_dict(),
            "indicators": {name: each.as_dict() for name, each in self.indicators.items()},
            "base_rate": self.base_rate,
            "repeats": self.repeats,
            "watched_days": self.watched_days,
            "revenue": {"scale": self.revenue.scale, "quantiles": list(self.revenue.quantiles)},
        }

    def files(self) -> dict[str, bytes]:
        """Return the artefact: file names and their bytes, the same for the same model."""
        files = {
            "likelihood.ubj": bytes(self.booster.save_raw("ubj")),
            "model.json": json.dumps(self.described(), indent=1, sort_keys=True).encode(),
        }
        others = {"revenue": self.revenue.booster, "domains": self.domains.booster}
        others |= {f"committee_{n}": booster for n, booster in enumerate(self.committee, 1)}
        return files | {
            f"{name}.ubj": bytes(booster.save_raw("ubj"))
            for name, booster in others.items()
            if booster is not None
        }


def restored(files: dict[str, bytes], config: ModelConfig) -> Model:
    """Return the model that an artefact holds.

    What was learned comes from the artefact, how it scores and ranks from ``config``.
    Raises OtherFeaturesError if the artefact was made for features that are not known now; that
    there are more of them by now does not matter.
    """
    described = json.loads(files["model.json"])
    if not set(described["features"]) <= set(NAMES):
        raise OtherFeaturesError("the artefact was made for other features: train a new model")
    boosters = {
        name.removesuffix(".ubj"): _booster(raw)
        for name, raw in sorted(files.items())
        if name.endswith(".ubj")
    }
    calibrator = Calibrator.from_dict(described["calibrator"])
    # what was made before there were intervals and domains tells none
    interval, domains = described.get("interval"), described.get("domains", {"counts": {}})
    return Model(
        booster=boosters["likelihood"],
        calibrator=calibrator,
        interval=Interval.from_dict(interval) if interval else Interval(calibrator, calibrator),
        revenue=RevenueModel(
            described["revenue"]["scale"],
            tuple(described["revenue"]["quantiles"]),
            boosters.get("revenue"),
        ),
        domains=DomainModel(
            domains["counts"], tuple(domains.get("learned", ())), boosters.get("domains")
        ),
        base_rate=described["base_rate"],
        repeats=described["repeats"],
        watched_days=described.get("watched_days", 1.0),
        config=config,
        committee=tuple(
            booster for name, booster in boosters.items() if name.startswith("committee_")
        ),
        indicators={
            name: ScoreCalibration.from_dict(stored)
            for name, stored in described.get("indicators", {}).items()
        },
    )


def fit_likelihood(
    values: Values,
    found: Floats,
    config: ModelConfig,
    rounds: int,
    *,
    weight: Floats | None = None,
    watch: tuple[Values, Floats] | None = None,
) -> xgboost.Booster:
    """Fit the likelihood booster: rows × features, 0 or 1, and what each row counts.

    With ``watch`` (values, found) it stops when it gets no better.
    """
    parameters = config.booster.parameters() | {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "monotone_constraints": str(directions(NAMES)),
    }
    learned = as_matrix(values, found, weight=weight)
    return xgboost.train(
        parameters,
        learned,
        rounds,
        evals=[(as_matrix(*watch, like=learned), "watch")] if watch else None,
        early_stopping_rounds=config.booster.patience if watch else None,
        verbose_eval=False,
    )


def fit_revenue(values: Values, revenue_cny: Floats, config: ModelConfig) -> RevenueModel:
    """Fit the revenue model on findings alone: rows × features, and their additional duty."""
    if not revenue_cny.size or not revenue_cny.sum():
        return RevenueModel(_NO_REVENUE, (0.0, 0.0))
    scale = float(revenue_cny.mean())
    median, most = (float(q) for q in np.quantile(revenue_cny, (0.5, 0.9)))
    if revenue_cny.size < config.min_findings_for_revenue:
        return RevenueModel(scale, (median, most))
    parameters = config.booster.parameters() | {
        "objective": "reg:tweedie",
        "tweedie_variance_power": 1.5,
        "base_score": 1.0,
    }
    matrix = as_matrix(values, revenue_cny / scale)
    booster = xgboost.train(parameters, matrix, config.booster.min_rounds)
    # trees of a log link fall short of the total; one factor brings it back
    factor = float(revenue_cny.sum() / (scale * predicted(booster, values).sum()))
    return RevenueModel(scale * factor, (median, most), booster)


def value_score(margin: Floats, revenue_cny: Floats) -> Floats:
    """Return log(p · √revenue), p from the margin: calibration's steps would make ties."""
    return -np.logaddexp(0, -margin) + 0.5 * np.log1p(revenue_cny)


def _of_pattern(values: Values, watched_days: float, config: ModelConfig) -> Floats:
    """Return the log-odds that a consignment pattern adds: by its record, or by what it teaches."""
    seen, inspected, rate = (
        np.nan_to_num(values[:, NAMES.index(name)])
        for name in ("log_declarations_consignment", "log_inspections_consignment", "rate_goods")
    )
    if config.learning_days is None:
        to_come = seen
    else:
        to_come = np.log1p(np.expm1(seen) * config.learning_days / watched_days)
    record = config.record_weight * (2 * rate - 1)
    return np.where(inspected > 0, record, config.learning_weight * to_come)


def _booster(raw: bytes) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": THREADS})
    booster.load_model(bytearray(raw))
    return booster
