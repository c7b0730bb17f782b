"""The benchmark's measures, rivals and loops: equal to the project's own, and blind to the rest."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from ml import evaluate, weekly
from ml.baselines import CATEGORIES, NUMBERS
from tests.benchmarks.models import kcs, measures
from tests.benchmarks.models.compare import contest, on_loops
from tests.benchmarks.models.loops import Loop, best_possible, rival_loop, within_week
from tests.benchmarks.models.rivals import (
    Ranked,
    TunedModel,
    learn_base_rate,
    learn_importers,
    learn_plain,
)
from tests.benchmarks.models.table import keep, table


def sample(size: int = 700, seed: int = 3):
    """Return scores with ties, findings, revenue, and the day of each."""
    dice = np.random.default_rng(seed)
    score = np.round(dice.normal(size=size), 1)
    found = (dice.random(size) < 1 / (1 + np.exp(2 - score))).astype(float)
    return score, found, found * dice.exponential(1000, size), np.sort(dice.integers(0, 30, size))


def declarations(weeks: int = 6, per_week: int = 250, seed: int = 5) -> pd.DataFrame:
    """Return weeks of declarations of which two commodities are bad."""
    dice = np.random.default_rng(seed)
    size = weeks * per_week
    rows = pd.DataFrame({name: dice.choice(list("abcdefgh"), size) for name in CATEGORIES})
    rows = rows.assign(**{name: dice.random(size) for name in NUMBERS})
    rows["price_score"] = dice.normal(size=size)
    rows["week"] = np.repeat(np.arange(weeks), per_week)
    rows["found"] = (rows["hs6"].isin(["a", "b"]) & (dice.random(size) < 0.9)).astype(int)
    rows["revenue_cny"] = rows["found"] * dice.exponential(1000, size)
    return rows


# --- measures


def test_on_the_sample_as_it_is_the_measures_are_those_of_the_project():
    score, found, revenue, day = sample()
    measured = measures.ranking(score, found, revenue, measures.draws(day))
    known = evaluate.ranking(score, found, revenue)
    for share in (1, 2, 5, 10):
        for name, value in known.pop(f"at_{share}_pct").items():
            assert measured[f"{name}_{share}"][0] == pytest.approx(value)
    assert {name: measured[name][0] for name in known} == pytest.approx(known)
    likelihood = 1 / (1 + np.exp(-score))
    calibration = measures.calibration(likelihood, found, measures.draws(day))
    known = evaluate.calibration(likelihood, found)
    assert {name: calibration[name][0] for name in known} == pytest.approx(known)


def test_a_resample_is_measured_as_if_its_days_were_there_as_often_as_drawn():
    score, found, revenue, day = sample()
    drawn = measures.draws(day, resamples=3)
    measured = measures.ranking(score, found, revenue, drawn)
    calibration = measures.calibration(np.full(700, 0.25), found, drawn)
    for number, times in enumerate(drawn.counts.astype(int)[1:], start=1):
        rows = np.repeat(np.arange(700), times[drawn.block_of])
        known = evaluate.ranking(score[rows], found[rows], revenue[rows])
        assert measured["auc"][number] == pytest.approx(known["auc"])
        # rows that repeat have one place among equals, so the order within a tie is another
        assert measured["average_precision"][number] == pytest.approx(
            known["average_precision"], abs=0.01
        )
        assert measured["revenue_10"][number] == pytest.approx(
            known["at_10_pct"]["revenue"], abs=0.01
        )
        brier = evaluate.calibration(np.full(rows.size, 0.25), found[rows])["brier"]
        assert calibration["brier"][number] == pytest.approx(brier)


def test_the_interval_of_a_rate_has_the_width_that_theory_gives_it():
    dice = np.random.default_rng(1)
    found = (dice.random(4000) < 0.3).astype(float)
    rate = measures.ratio(found, np.ones(4000), measures.draws(np.arange(4000), resamples=1000))
    told = measures.figure_of(rate)
    assert told.low < told.value < told.high
    assert told.high - told.low == pytest.approx(2 * 1.96 * np.sqrt(0.3 * 0.7 / 4000), rel=0.1)


def test_days_that_hang_together_widen_the_interval():
    dice = np.random.default_rng(1)
    day = np.repeat(np.arange(40), 100)
    found = (dice.random(4000) < dice.beta(2, 5, 40)[day]).astype(float)
    widths = {}
    for name, block in {"days": day, "rows": np.arange(4000)}.items():
        told = measures.figure_of(measures.ratio(found, np.ones(4000), measures.draws(block)))
        widths[name] = told.high - told.low
    assert widths["days"] > 2 * widths["rows"]


# --- rivals


def test_the_tuned_rival_searches_on_the_newest_rows_and_learns_from_all():
    rows = declarations()
    found = rows["found"].to_numpy(float)
    model = TunedModel(rows, found, TunedModel.search(rows, found, apart=[]))
    fresh = declarations(weeks=1, seed=6)
    assert evaluate.area_under_curve(model.score(fresh), fresh["found"].to_numpy(float)) > 0.9


def test_what_is_kept_apart_is_not_searched_on():
    """Each commodity has a label of its own: what was learned of one says nothing of another."""
    dice = np.random.default_rng(2)
    rows = declarations(weeks=4)
    is_newest = np.arange(len(rows)) >= len(rows) * 4 // 5
    # the newest rows know 30 commodities; half of the older rows know 30 others
    number = dice.integers(0, np.where(is_newest, 30, 60))
    rows["hs6"] = number.astype(str)
    found = (dice.random(60) < 0.5)[number].astype(float)
    assert TunedModel.search(rows, found, apart=[]).auc > 0.95
    assert TunedModel.search(rows, found, apart=["hs6"]).auc < 0.7


def test_the_importer_rule_is_a_smoothed_rate():
    rows = pd.DataFrame({"importer_id": ["a"] * 8 + ["b"] * 8})
    rule = learn_importers(rows, np.array([1.0] * 8 + [0.0] * 8))
    told = rule(pd.DataFrame({"importer_id": ["a", "b", "c"]}))
    assert told.score == pytest.approx([0.75, 0.25, 0.5])


# --- loops


def test_the_plain_rival_chooses_as_in_the_replay():
    rows = declarations()
    loop = rival_loop(rows, learn_plain, warm_up=4)
    assert (loop.selected == weekly.rival(rows, "plain")["selected"]).all()


@pytest.mark.parametrize("learner", [learn_plain, learn_importers, learn_base_rate])
def test_a_label_that_was_not_inspected_changes_nothing(learner):
    rows = declarations(weeks=6)
    loop = rival_loop(rows, learner, warm_up=2)
    hidden = rows.assign(found=rows["found"].where(loop.selected, 1 - rows["found"]))
    again = rival_loop(hidden, learner, warm_up=2)
    assert (again.selected == loop.selected).all()
    np.testing.assert_array_equal(again.ranked.score, loop.ranked.score)


def test_scores_of_two_weeks_are_not_compared_and_ties_stay():
    score = np.array([1.0, 2.0, 2.0, 30.0, 10.0])
    assert within_week(score, np.array([1, 1, 1, 2, 2])).tolist() == [1 / 3, 2 / 3, 2 / 3, 1, 0.5]


def test_who_knows_all_inspects_as_many_in_each_place():
    gain = np.array([1.0, 5, 3, 9, 0, 2])
    selected = np.array([True, False, True, False, True, False])
    place = np.array([0, 0, 0, 1, 1, 1])
    assert np.flatnonzero(best_possible(gain, selected, place)).tolist() == [1, 2, 3]


def test_a_system_that_knows_all_reaches_the_norm_and_the_rivals_are_measured_beside_it():
    rows = declarations()
    late = rows["week"].to_numpy() >= 2
    score = np.where(late, rows["revenue_cny"].to_numpy(), np.nan)
    capacity = rival_loop(rows, learn_base_rate, warm_up=0).selected
    chosen = best_possible(rows["revenue_cny"].to_numpy(), capacity, rows["week"].to_numpy())
    this = Loop(chosen, Ranked(score, np.where(late, rows["found"], np.nan)))
    measured = on_loops([contest(rows, this)], places=[])
    assert measured["this"]["norm_revenue"] == pytest.approx(np.ones(201))
    assert measured["this"]["brier"][0] == 0
    assert measured["this"]["auc"][0] == 1
    assert 0.4 < measured["random"]["auc"][0] < 0.6
    assert measured["this"]["norm_precision"][0] > measured["xgb"]["norm_precision"][0]
    assert measured["xgb"]["norm_precision"][0] > measured["random"]["norm_precision"][0]
    assert "brier" not in measured["price"]


# --- datasets and tables


def test_the_disjoint_split_shares_no_tuple(tmp_path):
    columns = [*kcs.TUPLE.values(), "Date"]
    for name, days in {"train": "ab", "valid": "cd", "test": "de"}.items():
        rows = pd.DataFrame([[*["x"] * 5, mass, mass] for mass in days], columns=columns)
        rows.to_csv(tmp_path / f"df_syn_{name}_eng.csv", index=False)
    past, future = kcs.disjoint(tmp_path)
    assert past["Date"].tolist() == ["a", "b", "c"]
    assert future["Date"].tolist() == ["d", "e"]
    assert kcs.is_in(tmp_path)
    assert not kcs.is_in(tmp_path / "elsewhere")


def test_a_table_is_kept_with_its_intervals_and_the_paired_difference(tmp_path):
    dice = np.random.default_rng(4)
    shared = dice.normal(0.6, 0.1, 201)
    measured = {
        "this": {"auc": shared + 0.1, "brier": shared},
        "xgb_tuned": {"auc": shared},
        "random": {"auc": np.full(201, 0.5)},
    }
    made = table("toy", "Toy", "note", measured, less="xgb_tuned")
    difference = made.rows["this - xgb_tuned"]["auc"]
    # the two go up and down together: their difference is sure, whatever each of them is
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.1, 0.1, 0.1))
    assert "brier" not in made.rows["this - xgb_tuned"]
    keep(tmp_path, made)
    with (tmp_path / "toy.csv").open() as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    assert float(rows["this"]["auc"]) == pytest.approx(shared[0] + 0.1)
    assert rows["random"]["brier"] == ""
    kept = json.loads((tmp_path / "toy.json").read_text())
    assert kept["rows"]["this"]["auc"]["low"] == float(rows["this"]["auc_low"])
    assert "this system 本系统" in (tmp_path / "toy.md").read_text()
