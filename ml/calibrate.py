"""Calibration: from the model's margin to a likelihood that comes true as often as it says."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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


def fit(margin: Floats, found: Floats) -> Calibrator:
    """Fit an isotonic calibrator on margins of rows that the model did not learn from.

    ``found`` holds 0 or 1. The ends are kept off 0 and 1 by half a row of doubt: a hundred rows
    without a finding do not make it impossible.
    """
    from sklearn.isotonic import IsotonicRegression

    doubt = 0.5 / (found.size + 1)
    isotonic = IsotonicRegression(y_min=doubt, y_max=1 - doubt, out_of_bounds="clip")
    isotonic.fit(margin, found)
    return Calibrator(
        tuple(float(x) for x in isotonic.X_thresholds_),
        tuple(float(y) for y in isotonic.y_thresholds_),
    )
