"""The rival's own loop: it sees no label that it did not pay for with an inspection."""

import numpy as np
import pandas as pd
import pytest

from ml.baselines import CATEGORIES, NUMBERS
from ml.weekly import rival, select


def declarations(weeks: int = 10, per_week: int = 300) -> pd.DataFrame:
    dice = np.random.default_rng(5)
    size = weeks * per_week
    rows = pd.DataFrame({name: dice.choice(list("abcdefgh"), size) for name in CATEGORIES})
    rows = rows.assign(**{name: dice.random(size) for name in NUMBERS})
    rows["week"] = np.repeat(np.arange(weeks), per_week)
    rows["found"] = (rows["hs6"].isin(["a", "b"]) & (dice.random(size) < 0.9)).astype(int)
    return rows


def test_the_plain_rival_learns_and_the_random_one_does_not():
    rows = declarations()
    late = {}
    for by in ("plain", "random"):
        outcome = rival(rows, by)
        assert outcome["selected"].mean() == pytest.approx(0.10, abs=0.01)
        chosen = outcome[outcome["selected"] & (outcome["week"] >= 6)]
        late[by] = chosen["found"].mean()
    assert late["plain"] > 0.6 > 0.4 > late["random"]


def test_labels_of_rows_not_selected_change_nothing():
    rows = declarations()
    selected = rival(rows, "plain")["selected"]
    hidden = rows.assign(found=rows["found"].where(selected, 1 - rows["found"]))
    assert (rival(hidden, "plain")["selected"] == selected).all()


def test_selection_keeps_to_capacity_within_each_office_and_takes_the_best():
    dice = np.random.default_rng(1)
    office = np.repeat(["x", "y"], [100, 50])
    score = np.arange(150.0)
    chosen = select(score, office, 0.10, 0.0, dice)
    assert np.flatnonzero(chosen).tolist() == [*range(90, 100), *range(145, 150)]


def test_the_random_share_is_drawn_from_all():
    dice = np.random.default_rng(1)
    score = np.arange(1000.0)
    chosen = np.flatnonzero(select(score, np.zeros(1000), 0.10, 0.10, dice))
    assert chosen.size == 100
    assert 5 <= (chosen < 900).sum() <= 10
