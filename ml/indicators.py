"""Where findings are few: the indicator score of a risk domain, calibrated against what is known.

People built the indicators to point at risk (Order 271, Article 10), so before any result is known
they are presumed to. A logistic regression of findings on the score starts from that presumption,
and every inspected declaration that was scored moves it; its posterior, taken as normal around its
peak (Laplace), says how sure the likelihood is.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_SCALE = 10.0  # points of a score, which goes from 0 to 100
# before any result: one declaration in a hundred violates a given domain, give or take a factor of
# four, and ten points more raise the odds by a fifth, or by nothing, or by half
_CENTRE = np.array([np.log(0.01 / 0.99), 0.2])
_SPREAD = np.array([1.4, 0.2])
_SURE = 1.645  # of 90 % intervals


@dataclass(frozen=True)
class ScoreCalibration:
    """The log-odds of a finding in a domain: ``centre`` (at no points, per ten points) and how far
    they may be off; ``labels`` and ``findings`` are what it learned from.
    """

    centre: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    labels: int
    findings: int

    def likelihood(self, score: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the likelihood at each score (0 to 100), and the ends of its 90 % interval."""
        rows = _rows(score)
        odds = rows @ np.array(self.centre)
        doubt = np.sqrt(np.einsum("ij,jk,ik->i", rows, np.array(self.covariance), rows))
        return expit(odds), expit(odds - _SURE * doubt), expit(odds + _SURE * doubt)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "centre": list(self.centre),
            "covariance": [list(row) for row in self.covariance],
            "labels": self.labels,
            "findings": self.findings,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "ScoreCalibration":
        """Return what was stored beside a model."""
        covariance = tuple((float(one), float(other)) for one, other in stored["covariance"])
        centre = tuple(map(float, stored["centre"]))
        return cls(centre, covariance, stored["labels"], stored["findings"])


def fit(score: Floats, found: Floats, weight: Floats) -> ScoreCalibration:
    """Learn from scores (0 to 100), findings in the domain (0 or 1), and what each row counts.

    Weights count relative to each other: that a row stands for many adds no evidence.
    """
    from scipy.optimize import minimize

    counted = weight / weight.mean() if weight.size else weight
    rows, prior = _rows(score), np.diag(_SPREAD**-2.0)

    def surprise(centre: Floats) -> float:
        odds, off = rows @ centre, centre - _CENTRE
        return float(counted @ (np.logaddexp(0, odds) - found * odds) + off @ prior @ off / 2)

    def slope(centre: Floats) -> Floats:
        return rows.T @ (counted * (expit(rows @ centre) - found)) + prior @ (centre - _CENTRE)

    def bend(centre: Floats) -> Floats:
        likelihood = expit(rows @ centre)
        return (rows.T * (counted * likelihood * (1 - likelihood))) @ rows + prior

    centre = minimize(surprise, _CENTRE, jac=slope, hess=bend, method="trust-exact").x
    (one, both), (_, other) = np.linalg.inv(bend(centre))
    return ScoreCalibration(
        (float(centre[0]), float(centre[1])),
        ((float(one), float(both)), (float(both), float(other))),
        int(found.size),
        int(found.sum()),
    )


def fit_domains(known: "pd.DataFrame") -> dict[str, ScoreCalibration]:
    """Learn each domain's calibration from inspected declarations that were scored.

    ``known``: one row per declaration and domain; risk_domain, score, found, weight.
    """
    return {
        str(domain): fit(
            rows["score"].to_numpy(float),
            rows["found"].to_numpy(float),
            rows["weight"].to_numpy(float),
        )
        for domain, rows in known.groupby("risk_domain")
    }


def _rows(score: Floats) -> Floats:
    return np.column_stack([np.ones(score.size), score / _SCALE])
