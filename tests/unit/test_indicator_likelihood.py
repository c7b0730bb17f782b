"""Indicator scores as likelihoods: a presumption that results move, as sure as they are many."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml import explain, indicators
from ml.indicators import ScoreCalibration, fit
from tests.unit.test_ml import fitted as fitted
from tests.unit.test_ml import world

NOTHING = np.array([])
SCORES = np.array([0.0, 20.0, 50.0, 90.0])


def sample(rows: int, seed: int, *, slope: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores, findings that follow them, and the likelihood of each."""
    dice = np.random.default_rng(seed)
    score = dice.uniform(0, 100, rows)
    likelihood = 1 / (1 + np.exp(4 - slope * score / 10))
    return score, (dice.random(rows) < likelihood).astype(float), likelihood


def test_before_any_result_a_score_speaks_and_is_not_sure():
    likelihood, low, high = fit(NOTHING, NOTHING, NOTHING).likelihood(SCORES)
    assert (np.diff(likelihood) > 0).all()
    assert likelihood[0] == pytest.approx(0.01)
    assert (high / low > 5).all()


def test_many_results_overrule_the_presumption_both_ways():
    for slope in (0.6, 0.0):
        score, found, _ = sample(20_000, 1, slope=slope)
        likelihood, low, high = fit(score, found, np.ones(score.size)).likelihood(SCORES)
        truth = 1 / (1 + np.exp(4 - slope * SCORES / 10))
        assert likelihood == pytest.approx(truth, rel=0.25)
        assert (low < likelihood).all() and (likelihood < high).all()
        assert (high - low < 0.1).all()


def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = []
    for seed in range(200):
        score, found, likelihood = sample(300, seed, slope=0.25)
        _, low, high = fit(score, found, np.ones(score.size)).likelihood(score[:1])
        held.append(low[0] <= likelihood[0] <= high[0])
    assert 0.84 <= np.mean(held) <= 0.99


def test_a_row_that_stands_for_many_counts_more_and_adds_no_evidence():
    score, found, _ = sample(2000, 3, slope=0.4)
    once = fit(score, found, np.ones(score.size))
    assert fit(score, found, np.full(score.size, 50.0)) == once
    # those with a finding are told of ten times as often as others
    doubled = fit(score, found, np.where(found == 1, 10.0, 1.0))
    assert (doubled.likelihood(SCORES)[0] > once.likelihood(SCORES)[0]).all()


def test_each_domain_learns_from_its_own_findings_and_is_stored_with_the_model(fitted):
    score, found, _ = sample(900, 4, slope=0.5)
    known = pd.DataFrame(
        {
            "risk_domain": ["food_safety"] * 900 + ["drugs"] * 900,
            "score": np.tile(score, 2),
            "found": np.concatenate([found, np.zeros(900)]),
            "weight": 1.0,
        }
    )
    told = indicators.fit_domains(known)
    assert set(told) == {"food_safety", "drugs"}
    assert told["drugs"].findings == 0 and told["food_safety"].findings == found.sum()
    assert told["drugs"].likelihood(SCORES)[0].max() < 0.02
    stored = json.loads(json.dumps(told["drugs"].as_dict()))
    assert ScoreCalibration.from_dict(stored) == told["drugs"]


def test_where_findings_are_few_the_indicators_speak_for_a_domain(fitted):
    model, _ = fitted
    values = world(3, seed=8).values
    likelihood = np.array([0.3, 0.3, 0.001])
    scores = pd.DataFrame({"food_safety": [0.0, 90.0, 90.0]})
    calibrated = {"food_safety": fit(NOTHING, NOTHING, NOTHING)}
    model = replace(model, indicators=calibrated)
    told = [each["food_safety"] for each in _by_domain(model, values, likelihood, scores)]
    assert [each["by"] for each in told] == ["indicators"] * 3
    assert told[0]["likelihood"] < told[1]["likelihood"] < told[1]["high"]
    # no domain is likelier than a finding in any
    assert told[2]["likelihood"] == 0.001
    # what findings taught is told by the model, and without scores nothing is made up
    assert _by_domain(model, values, likelihood, scores)[0]["tax"]["by"] == "model"
    assert "food_safety" not in _by_domain(model, values, likelihood, None)[0]


def _by_domain(model, values, likelihood, scores):
    return explain.domain_likelihoods(model, values, likelihood, scores)
