"""Every setting that can change a score, in one place, so that one hash names them all."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ml.features import NAMES


@dataclass(frozen=True)
class BoosterConfig:
    """XGBoost's settings. Shallow trees: inspected rows are few and the rates do the work."""

    max_depth: int = 3
    eta: float = 0.05
    min_child_weight: float = 5.0
    gamma: float = 1.0
    reg_lambda: float = 2.0
    subsample: float = 0.8
    colsample_bytree: float = 0.8
    # a floor, since early stopping on a few hundred labels stops by chance
    min_rounds: int = 120
    max_rounds: int = 600
    patience: int = 40
    # one thread: with more, threads that wait for each other on a busy machine cost more than they
    # bring (measured: 8 times slower), and sums of floats would depend on their number
    threads: int = 1
    seed: int = 271

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that XGBoost knows by these names."""
        return {
            "tree_method": "hist",
            "max_depth": self.max_depth,
            "eta": self.eta,
            "min_child_weight": self.min_child_weight,
            "gamma": self.gamma,
            "reg_lambda": self.reg_lambda,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "nthread": self.threads,
            "seed": self.seed,
        }


# what moves a rank, as it was before it came to be a setting
_BEFORE = {"record_weight": 0.0, "learning_days": None}


@dataclass(frozen=True)
class ModelConfig:
    """What a model is made by. Change anything here and the model's version changes."""

    booster: BoosterConfig = field(default_factory=BoosterConfig)
    features: tuple[str, ...] = NAMES
    smoothing_weight: float = 8.0
    # at least so many labels and findings, or there is no model yet
    min_labels: int = 200
    min_findings: int = 20
    # only the newest labels are learned from: older trade says little, and time is limited
    max_labels: int = 25_000
    # validation goes forward in time in so many steps
    folds: int = 3
    # findings needed before the revenue of a finding is modelled rather than averaged
    min_findings_for_revenue: int = 100
    # findings of a domain needed before it is told apart from others
    min_findings_of_domain: int = 40
    domain_rounds: int = 60
    # validation learns from so many labels at most: it asks how many rounds, and how sure
    max_fold_labels: int = 100_000
    # how many declarations one label may stand for, when learning and when calibrating: a label
    # drawn with a small probability stands for many, and must not decide alone
    most_learned_as: float = 5.0
    most_counted_as: float = 100.0
    # a likelihood rests on thin data below so many earlier inspections of the party and the goods
    thin_data: float = 5.0
    # and is about something new when so much of what it is about was never declared before
    novel: float = 0.75
    ranking: Literal["likelihood", "value"] = "likelihood"
    # log-odds added per log(1 + declarations to come) of a consignment pattern that recurs and was
    # never inspected: what is learned of it serves as often (Order 271, article 16: act, then find
    # out what is not known). As many are to come in so many days as have come until now, a day
    learning_weight: float = 1.0
    learning_days: float | None = 546.0
    # and as many at most, up or down, by what was found in a pattern that recurs where it was
    # inspected: trees learn rates of all patterns, and say too little of the one at hand
    record_weight: float = 3.0
    # levels relative to the base rate, and the likelihood that is high at any base rate
    high_lift: float = 3.0
    medium_lift: float = 1.5
    high_likelihood: float = 0.5
    # a new model may be so much worse in average precision before it is held back
    activation_tolerance: float = 0.02

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, as they are stored beside a model."""
        return dict(json.loads(json.dumps(asdict(self))))

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "ModelConfig":
        """Return the settings that were stored beside a model; one that came later is as today.

        What moves a rank was not there before it came, so that scores are told again as they were.
        """
        known = {name: value for name, value in stored.items() if name in cls.__dataclass_fields__}
        booster = {
            name: value
            for name, value in known.get("booster", {}).items()
            if name in BoosterConfig.__dataclass_fields__
        }
        features = tuple(known.get("features", NAMES))
        return cls(**_BEFORE | known | {"booster": BoosterConfig(**booster), "features": features})

    def hash(self) -> str:
        """Return the SHA-256 of the settings."""
        text = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def configured() -> ModelConfig:
    """Return the configuration with what the environment sets."""
    from customs_risk.settings import settings

    return ModelConfig(
        ranking=settings().ranking,
        smoothing_weight=settings().smoothing_weight,
        max_labels=settings().newest_labels,
    )
