"""Consignment patterns that recur: how far their past tells, and how they rank by it."""

from dataclasses import replace

import numpy as np
import pytest

from ml import train
from ml.data import Labelled
from ml.features import NAMES
from ml.model import Model
from tests.unit.test_ml import CONFIG, world


@pytest.fixture(scope="module")
def model() -> Model:
    answer = train.fit(world(), CONFIG)
    assert answer is not None
    return answer[0]


def recurring(*, tells: bool, reinspected: float, seed: int = 3) -> Labelled:
    """Return labels of patterns that were inspected before: each bad one is inspected again, of
    the others a share; or the past tells nothing.
    """
    dice = np.random.default_rng(seed)
    labels = world(4000)
    is_bad = dice.random(4000) < 0.2
    labels.values[:, NAMES.index("rate_consignment")] = np.where(is_bad, 0.4, 0.15)
    labels.values[:, NAMES.index("log_inspections_consignment")] = np.log1p(1)
    chance = np.where(is_bad, 0.95, 0.03) if tells else np.full(4000, 0.2)
    labels = replace(labels, found=(dice.random(4000) < chance).astype(float))
    return labels.take(np.flatnonzero(is_bad | (dice.random(4000) < reinspected)))


def test_how_well_the_past_tells_the_future_does_not_hang_on_who_is_inspected_again() -> None:
    everyone, few = (train.repeats(recurring(tells=True, reinspected=s)) for s in (1.0, 0.02))
    assert everyone == pytest.approx(0.92, abs=0.03)
    assert few == pytest.approx(everyone, abs=0.1)
    assert train.repeats(recurring(tells=False, reinspected=1.0)) < 0.05
    nobody = recurring(tells=True, reinspected=1.0).take(np.arange(3))
    assert train.repeats(nobody) < 0.5


def test_patterns_rank_by_their_record_or_by_what_they_teach_only_where_they_repeat(
    model: Model,
) -> None:
    never, common, clean, bad = range(4)
    rows = np.full((4, len(NAMES)), np.nan)
    rows[:, NAMES.index("log_declarations_consignment")] = np.log1p([0, 9, 9, 9])
    rows[:, NAMES.index("log_inspections_consignment")] = np.log1p([0, 0, 3, 3])
    rows[:, NAMES.index("rate_goods")] = [0.2, 0.2, 0.05, 0.8]
    margin, revenue = np.zeros(4), np.zeros(4)
    # nine in a quarter: 54 are to come in a year and a half
    watched = replace(model, watched_days=91.0)
    repeating, other = replace(watched, repeats=1.0), replace(watched, repeats=0.0)
    score = repeating.ranking_score(rows, margin, revenue)
    assert score[clean] < score[never] == 0 < min(score[common], score[bad])
    assert score[bad] == pytest.approx(0.6 * CONFIG.record_weight)
    assert score[common] == pytest.approx(np.log(55) * CONFIG.learning_weight)
    assert other.ranking_score(rows, margin, revenue).tolist() == [0, 0, 0, 0]
