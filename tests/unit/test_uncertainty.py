"""What is not known, of which kind, where it goes, and what a look at it is worth."""

import numpy as np
import pytest

from ml import uncertainty
from ml.config import ModelConfig
from ml.features import NAMES


def test_the_kind_of_uncertainty_and_the_trend_by_hand():
    rows = np.full((4, len(NAMES)), np.nan)

    def put(name, *numbers):
        rows[:, NAMES.index(name)] = numbers

    put("is_first_importer_hs6", 1, 0, 0, 0)
    put("is_first_importer_origin", 1, 0, 0, 0)
    put("log_declarations_consignment", *np.log1p([0, 4, 4, 4]))
    put("log_inspections_importer", *np.log1p([0, 2, 40, 40]))
    put("log_inspections_hs6_origin", *np.log1p([0, 1, 10, 10]))
    put("rate_importer", np.nan, 0.1, 0.1, 0.1)
    put("recent_rate_importer", np.nan, 0.1, 0.2, 0.1)
    put("rate_hs6_origin", np.nan, 0.3, 0.3, 0.3)
    put("recent_rate_hs6_origin", np.nan, 0.31, 0.31, 0.05)
    doubt = uncertainty.assess(rows, ModelConfig())
    assert doubt.kind.tolist() == ["novelty", "thin_data", "estimate", "estimate"]
    assert doubt.evidence == pytest.approx([0, 3, 50, 50])
    assert doubt.novelty.tolist() == [1, 0, 0, 0]
    assert uncertainty.trend(rows).tolist() == ["unknown", "steady", "rising", "falling"]


def test_what_is_certain_is_not_worth_a_look_even_if_rounding_says_more_than_certain():
    likelihood = np.array([0.0, 0.5, 1.0, np.nextafter(1, 2)])
    worth = uncertainty.worth_knowing(likelihood, np.full(4, 3.0), np.full(4, 100.0))
    assert worth == pytest.approx([0, 0.25 * 10, 0, 0])
