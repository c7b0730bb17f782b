"""One likelihood out of several: the model's and the experts', pooled in log-odds (Article 11).

The rule, whole:

- Each source says how likely a violation is. Who says an interval is taken at its middle in
  log-odds. Nobody may be surer than the rule's floor: 0 and 1 would outvote everybody.
- The pooled log-odds are the weighted mean of the sources' (Genest and Zidek 1986, Statistical
  Science 1(1)). One source alone is left as it is; who has no weight is not heard.
- A weight is the source's Brier skill against the base rate, on its own past statements whose
  results are known, shrunk towards what is assumed of a source without a past. Who does worse than
  the base rate has none. The model is held to the same rule.
- Extremising (Satopää et al. 2014, International Journal of Forecasting 30(2)) is off: it pays when
  sources know different things, and here they read the same case.
- Disagreement is the weighted standard deviation of the log-odds, and is told as uncertainty.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ml.config import ModelConfig

Floats = NDArray[np.float64]
Cases = NDArray[np.intp]
Words = NDArray[np.object_]


@dataclass(frozen=True)
class PoolingRule:
    """Every setting of the rule; the hash of them is stored with whatever was pooled by it."""

    # skill assumed of a source without a past, and the number of cases that this counts as
    prior_skill: float = 0.1
    prior_cases: float = 20.0
    # no source is surer than this of a violation or of none
    floor: float = 0.001
    # sources agree below the one, and contradict each other from the other on (log-odds)
    close: float = 0.5
    apart: float = 1.5
    # an expert's statement speaks for so many days
    speaks_days: int = 90
    # base rates and the model's record are taken from so many of the newest results
    recent_results: int = 20_000

    def hash(self) -> str:
        """Return the SHA-256 of the settings."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Pooled:
    """What the sources of each case say together; nan where none has any weight."""

    likelihood: Floats
    low: Floats  # likelihood one spread of the sources below and above the pooled one
    high: Floats
    spread: Floats  # log-odds
    sources: NDArray[np.int64]  # how many were heard


def middle(low: Floats, high: Floats, rule: PoolingRule) -> Floats:
    """Return the middle in log-odds of each interval of likelihoods; of a point, the point."""
    return expit((_log_odds(low, rule) + _log_odds(high, rule)) / 2)


def weights(
    cases: Floats, brier_score: Floats, reference_brier_score: Floats, rule: PoolingRule
) -> Floats:
    """Return the weight of each source, 0 to 1: its Brier skill, shrunk to the prior skill.

    ``brier_score`` is the source's mean over its ``cases`` resolved cases, and
    ``reference_brier_score`` what the base rate, as it was known to each, would have got. Without
    cases both may be nan.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        skill = 1 - brier_score / reference_brier_score
    skill = np.clip(np.nan_to_num(skill, nan=0.0), -1.0, 1.0)
    shrunk = (rule.prior_cases * rule.prior_skill + cases * skill) / (rule.prior_cases + cases)
    return np.maximum(shrunk, 0.0)


def pool(likelihood: Floats, weight: Floats, case: Cases, cases: int, rule: PoolingRule) -> Pooled:
    """Pool what several sources say of each case.

    ``likelihood``, ``weight`` and ``case`` (0 to ``cases`` - 1) have one entry per statement.
    """
    odds = _log_odds(likelihood, rule)
    total = np.bincount(case, weight, cases)
    with np.errstate(invalid="ignore"):
        centre = np.bincount(case, weight * odds, cases) / total
        squares = np.bincount(case, weight * (odds - centre[case]) ** 2, cases) / total
    spread = np.sqrt(squares)
    return Pooled(
        likelihood=expit(centre),
        low=expit(centre - spread),
        high=expit(centre + spread),
        spread=spread,
        sources=np.bincount(case[weight > 0], minlength=cases),
    )


def agreement(pooled: Pooled, rule: PoolingRule) -> Words:
    """Return how the sources agree: none, single, close, different or contradictory."""
    return np.select(
        [
            pooled.sources == 0,
            pooled.sources == 1,
            pooled.spread < rule.close,
            pooled.spread < rule.apart,
        ],
        ["none", "single", "close", "different"],
        "contradictory",
    ).astype(object)


def levels(likelihood: Floats, base_rate: Floats, config: ModelConfig) -> Words:
    """Return low, medium or high relative to the base rate, as a model's level is; else unknown."""
    high = np.minimum(config.high_lift * base_rate, config.high_likelihood)
    medium = np.minimum(config.medium_lift * base_rate, high)
    return np.select(
        [np.isnan(likelihood + base_rate), likelihood >= high, likelihood >= medium],
        ["unknown", "high", "medium"],
        "low",
    ).astype(object)


def _log_odds(likelihood: Floats, rule: PoolingRule) -> Floats:
    return logit(np.clip(likelihood, rule.floor, 1 - rule.floor))
