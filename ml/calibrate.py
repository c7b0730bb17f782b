"""Calibration: from the model's margin to a likelihood that comes true as often as it says."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_KNOTS = 100


@dataclass(frozen=True)
class Calibrator:
    """A rising line through points (margin, likelihood), level beyond its ends.

    It is stored as two lists of numbers, so that anybody can read and recompute it.
    """

    margins: tuple[float, ...]
    likelihoods: tuple[float, ...]

    def likelihood(self, margin: Floats) -> Floats:
        """Return the calibrated likelihood, in (0, 1), of each margin (log-odds)."""
        return np.interp(margin, self.margins, self.likelihoods)

    def as_dict(self) -> dict[str, list[float]]:
        """Return the points, as they are stored."""
        return {"margins": list(self.margins), "likelihoods": list(self.likelihoods)}

    @classmethod
    def from_dict(cls, points: dict[str, Any]) -> "Calibrator":
        """Return the calibrator of stored points."""
        return cls(tuple(points["margins"]), tuple(points["likelihoods"]))


@dataclass(frozen=True)
class Interval:
    """How low and how high a likelihood may be, as two lines like the calibrator's."""

    low: Calibrator
    high: Calibrator

    def as_dict(self) -> dict[str, Any]:
        """Return the points of both lines, as they are stored."""
        return {"low": self.low.as_dict(), "high": self.high.as_dict()}

    @classmethod
    def from_dict(cls, lines: dict[str, Any]) -> "Interval":
        """Return the interval of stored points."""
        return cls(Calibrator.from_dict(lines["low"]), Calibrator.from_dict(lines["high"]))


def fit(margin: Floats, found: Floats, weight: Floats) -> Calibrator:
    """Fit an isotonic calibrator on margins of rows that the model did not learn from.

    ``found`` holds 0 or 1; ``weight`` how many declarations a row stands for, so that the
    likelihood is that of all declarations and not of those that were picked. The ends are kept off
    0 and 1 by half a row of doubt: a hundred rows without a finding do not make it impossible.
    """
    doubt = 0.5 / (found.size + 1)
    return _rising(margin, found, weight, doubt)


def fit_interval(calibrator: Calibrator, margin: Floats, found: Floats, weight: Floats) -> Interval:
    """Fit the Venn-Abers interval: what one more row at a margin, clean or not, would make of it.

    Of the two ends one is the calibrated likelihood of the row whatever comes of it, without any
    assumption but that rows are alike (Vovk, Petej, Fedorova 2015, "Large-scale probabilistic
    predictors with and without guarantees of validity").
    """
    knots = np.array(calibrator.margins)
    knots = knots[np.unique(np.linspace(0, knots.size - 1, _MOST_KNOTS).round().astype(int))]
    usual = float(weight.mean())
    ends = []
    for outcome in (0.0, 1.0):
        at = [_with_one_more(margin, found, weight, knot, outcome, usual) for knot in knots]
        rising = np.maximum.accumulate(at)
        ends.append(Calibrator(tuple(map(float, knots)), tuple(map(float, rising))))
    return Interval(*ends)


def _with_one_more(
    margin: Floats, found: Floats, weight: Floats, knot: float, outcome: float, usual: float
) -> float:
    line = _rising(
        np.append(margin, knot), np.append(found, outcome), np.append(weight, usual), doubt=0.0
    )
    return float(line.likelihood(np.array([knot]))[0])


def _rising(margin: Floats, found: Floats, weight: Floats, doubt: float) -> Calibrator:
    from sklearn.isotonic import IsotonicRegression

    isotonic = IsotonicRegression(y_min=doubt, y_max=1 - doubt, out_of_bounds="clip")
    isotonic.fit(margin, found, sample_weight=weight)
    return Calibrator(
        tuple(float(x) for x in isotonic.X_thresholds_),
        tuple(float(y) for y in isotonic.y_thresholds_),
    )
