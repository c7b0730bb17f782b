"""What the models promise: monotone, deterministic, calibrated, explained; and split in time."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xgboost

from customs_risk.settings import REPOSITORY
from ml import calibrate, dictionary, evaluate, explain, train
from ml.baselines import CATEGORIES, NUMBERS, PlainModel
from ml.config import BoosterConfig, ModelConfig
from ml.data import Labelled
from ml.domains import fit_domains
from ml.features import BY_NAME, FEATURES, NAMES, PROFILES, phrases
from ml.model import OtherFeaturesError, fit_revenue, restored
from ml.registry import digest
from ml.score import tie_breaker
from ml.split import Fold, OverlapError, check, forward_folds

CONFIG = ModelConfig(booster=BoosterConfig(min_rounds=60, max_rounds=120))
DAY = np.datetime64("2026-04-01")


def world(size: int = 1500, seed: int = 7) -> Labelled:
    """Return labels that depend on two rates and on the declared value, over 60 days."""
    dice = np.random.default_rng(seed)
    values = dice.normal(size=(size, len(NAMES)))
    rate, goods = NAMES.index("rate_importer"), NAMES.index("rate_goods")
    values[:, [rate, goods]] = dice.beta(1, 4, size=(size, 2))
    value = NAMES.index("log_value")
    values[dice.random((size, len(NAMES))) < 0.05] = np.nan
    risk = -4 + 6 * np.nan_to_num(values[:, rate]) + 6 * np.nan_to_num(values[:, goods])
    found = (dice.random(size) < 1 / (1 + np.exp(-risk))).astype(float)
    declared = DAY + np.sort(dice.integers(0, 60, size)).astype("timedelta64[D]")
    raw = pd.DataFrame({name: dice.choice(list("abcd"), size) for name in CATEGORIES})
    return Labelled(
        declaration_id=np.array([f"D{i:05d}" for i in range(size)], dtype=object),
        values=values,
        found=found,
        revenue_cny=found * np.exp(8 + np.nan_to_num(values[:, value])),
        risk_domain=np.where(found == 1, np.where(values[:, value] > 0, "tax", "ipr"), None),
        rate_all=np.full(size, 0.2),
        declared=declared,
        known=declared + dice.integers(0, 4, size).astype("timedelta64[D]"),
        is_random=dice.random(size) < 0.2,
        stands_for=np.ones(size),
        raw=raw.assign(**{name: dice.random(size) for name in NUMBERS}),
    )


@pytest.fixture(scope="module")
def fitted():
    answer = train.fit(world(), CONFIG)
    assert answer is not None
    return answer


# --- splits


def test_every_fold_learns_only_what_was_known_before_its_test_rows_were_declared():
    labels = world()
    folds = forward_folds(labels.declared, labels.known, 3)
    assert len(folds) == 3
    for fold in folds:
        assert labels.known[fold.train].max() < labels.declared[fold.test].min()
    # answered after the boundary: declared before it, and yet not learned from
    boundary = labels.declared[folds[0].test].min()
    late = np.flatnonzero((labels.declared < boundary) & (labels.known >= boundary))
    assert late.size
    assert not np.intersect1d(late, folds[0].train).size


@pytest.mark.parametrize(
    ("declared", "known", "fold"),
    [
        ([0, 5], [5, 6], Fold(np.array([0]), np.array([1]))),  # known on the day of the test row
        ([0, 5], [7, 8], Fold(np.array([0]), np.array([1]))),  # known after it
        ([0, 5], [1, 6], Fold(np.array([0, 1]), np.array([1]))),  # a row on both sides
    ],
)
def test_the_validator_refuses_overlap(declared, known, fold):
    with pytest.raises(OverlapError):
        check(DAY + np.array(declared), DAY + np.array(known), fold)


def test_weekly_deliveries_still_make_folds():
    """A week is declared on one day and answered on the next, as in a replay."""
    week = np.repeat(np.arange(4), 70) * np.timedelta64(7, "D")
    folds = forward_folds(DAY + week, DAY + week + 1, 3)
    assert [fold.train.size for fold in folds] == [70, 140, 210]


def test_results_of_one_day_make_no_fold():
    assert forward_folds(np.full(9, DAY), np.full(9, DAY), 3) == []


# --- the model


def test_a_higher_rate_never_lowers_and_every_direction_is_kept(fitted):
    model, _ = fitted
    rows = world(200, seed=8).values
    for position, feature in enumerate(FEATURES):
        if feature.direction == 0:
            continue
        lower, higher = rows.copy(), rows.copy()
        lower[:, position], higher[:, position] = 0.1, 0.6
        change = model.margin(higher) - model.margin(lower)
        assert (change * feature.direction >= -1e-6).all(), feature.name


def test_the_same_labels_make_the_same_bytes_and_other_labels_do_not(fitted):
    model, _ = fitted
    again, _ = train.fit(world(), CONFIG)
    other, _ = train.fit(world(seed=9), CONFIG)
    assert model.files() == again.files()
    assert digest(model.files()) != digest(other.files())


def test_a_restored_model_scores_the_same(fitted):
    model, _ = fitted
    rows = world(100, seed=8).values
    back = restored(model.files(), CONFIG)
    assert (back.margin(rows) == model.margin(rows)).all()
    assert (back.revenue.given_finding(rows) == model.revenue.given_finding(rows)).all()
    assert back.calibrator == model.calibrator


def test_a_model_of_other_features_is_refused(fitted):
    model, _ = fitted
    files = model.files()
    files["model.json"] = files["model.json"].replace(b'"log_mass"', b'"log_weight"')
    with pytest.raises(OtherFeaturesError):
        restored(files, CONFIG)


def test_a_model_of_fewer_features_scores_on_when_there_are_more(fitted):
    model, _ = fitted
    few = NAMES[:-6]
    labels = world()
    matrix = xgboost.DMatrix(labels.values[:, :-6], labels.found, feature_names=list(few))
    older = replace(model, booster=xgboost.train({"max_depth": 3}, matrix, 10))
    rows = world(100, seed=8).values
    back = restored(older.files(), CONFIG)
    assert tuple(back.names) == few
    margin = older.booster.predict(
        xgboost.DMatrix(rows[:, :-6], feature_names=list(few)), output_margin=True
    )
    assert (back.margin(rows) == margin).all()
    contributions = back.contributions(rows)
    assert contributions.shape == (100, len(NAMES) + 1)
    assert contributions.sum(axis=1) == pytest.approx(margin, abs=1e-4)


def test_every_feature_has_its_place_in_the_dictionary():
    entries = dictionary.entries()
    assert [entry[1] for entry in entries] == list(NAMES)
    assert {entry[2] for entry in entries} == set(dictionary.GROUPS)
    assert all(value not in ("", None) for entry in entries for value in entry)


def test_the_warehouse_and_the_dictionary_agree_on_what_came_when():
    text = (REPOSITORY / "dbt_project" / "macros" / "features.sql").read_text(encoding="utf-8")
    (later,) = re.findall(
        r"for name in \[([^\]]*)\] -%\}\s*\{%- do names.update\(\{name: 2\}\)", text
    )
    assert set(re.findall(r"'(\w+)'", later)) == {f.name for f in FEATURES if f.feature_set == 2}


def test_the_configuration_hash_names_every_setting():
    assert CONFIG.hash() == replace(CONFIG).hash()
    for change in ({"learning_weight": 2.0}, {"ranking": "value"}, {"features": NAMES[1:]}):
        assert replace(CONFIG, **change).hash() != CONFIG.hash()
    deeper = replace(CONFIG, booster=replace(CONFIG.booster, max_depth=9))
    assert deeper.hash() != CONFIG.hash()


def test_a_setting_that_came_later_does_not_move_the_rank_of_an_older_model():
    stored = CONFIG.as_dict()
    assert ModelConfig.from_dict(stored) == CONFIG
    del stored["record_weight"], stored["learning_days"]
    older = ModelConfig.from_dict(stored)
    assert older == replace(CONFIG, record_weight=0.0, learning_days=None)


def test_the_model_beats_its_rivals_where_its_features_tell(fitted):
    _, metrics = fitted
    precision = {name: r["average_precision"] for name, r in metrics["rankings"].items()}
    assert precision["model"] > precision["importer_rate"] > precision["price"]
    assert precision["model"] > precision["plain_xgboost"]


def test_expected_revenue_adds_up_and_follows_value():
    labels = world(3000)
    is_found = labels.found == 1
    values, revenue = labels.values[is_found], labels.revenue_cny[is_found]
    model = fit_revenue(values, revenue, CONFIG)
    predicted = model.given_finding(values)
    assert predicted.sum() == pytest.approx(revenue.sum(), rel=1e-5)
    value = values[:, NAMES.index("log_value")]
    assert predicted[value > 1].mean() > 2 * predicted[value < -1].mean()


def test_few_findings_make_a_mean_and_none_make_nothing():
    rows = np.zeros((3, len(NAMES)))
    assert fit_revenue(rows, np.array([1.0, 2.0, 3.0]), CONFIG).given_finding(rows).tolist() == [
        2.0,
        2.0,
        2.0,
    ]
    assert fit_revenue(rows[:0], np.array([]), CONFIG).given_finding(rows).sum() == 0


def test_levels_are_relative_to_the_base_rate(fitted):
    model = replace(fitted[0], base_rate=0.02)
    assert model.level(np.array([0.01, 0.03, 0.059, 0.06])).tolist() == [
        "low",
        "medium",
        "medium",
        "high",
    ]


def test_base_rate_is_of_random_inspections():
    labels = world()
    labels = replace(labels, is_random=labels.found == 0)
    assert train.base_rate(labels) < 0.01 < labels.found.mean()


def test_ties_are_broken_the_same_way_and_below_any_difference_that_counts():
    ids = pd.Series([f"D{i}" for i in range(5000)])
    first = tie_breaker(ids)
    assert (first == tie_breaker(ids)).all()
    assert len(np.unique(first)) == 5000
    assert 0 <= first.min() <= first.max() <= 1e-6


# --- calibration


def test_calibration_improves_what_was_overconfident():
    dice = np.random.default_rng(3)
    truth = dice.normal(-1, 1, 8000)
    found = (dice.random(8000) < 1 / (1 + np.exp(-truth))).astype(float)
    margin = 3 * truth  # three times too sure
    calibrator = calibrate.fit(margin[:4000], found[:4000], np.ones(4000))
    before = evaluate.calibration(1 / (1 + np.exp(-margin[4000:])), found[4000:])
    after = evaluate.calibration(calibrator.likelihood(margin[4000:]), found[4000:])
    assert after["brier"] < before["brier"]
    assert after["calibration_error"] < before["calibration_error"] / 3


def test_likelihood_rises_with_the_margin_and_is_never_certain():
    calibrator = calibrate.fit(np.array([-2.0, -1, 1, 2]), np.array([0.0, 0, 1, 1]), np.ones(4))
    likelihood = calibrator.likelihood(np.linspace(-9, 9, 50))
    assert (np.diff(likelihood) >= 0).all()
    assert 0 < likelihood.min() < likelihood.max() < 1
    assert calibrate.Calibrator.from_dict(calibrator.as_dict()) == calibrator


# --- explanation


def test_contributions_sum_to_the_margin_also_after_some_speak_for_others(fitted):
    model, _ = fitted
    rows = world(50, seed=8).values
    contributions = model.contributions(rows)
    told = explain.told_contributions(contributions[:, :-1], NAMES)
    assert contributions.sum(axis=1) == pytest.approx(model.margin(rows), abs=1e-4)
    assert told.sum(axis=1) + contributions[:, -1] == pytest.approx(model.margin(rows), abs=1e-4)


def test_the_three_strongest_factors_in_order_and_in_words():
    values, contributions = np.zeros((1, len(NAMES))), np.zeros((1, len(NAMES)))
    for name, value, contribution in (
        ("rate_route", 0.31, 0.5),
        ("log_inspections_route", np.log1p(12), 0.7),  # told by rate_route: 1.2 together
        ("has_watch_list_match", 1.0, 0.9),
        ("price_z", -2.13, 1.0),
        ("rate_office", 0.9, 0.1),
    ):
        values[0, NAMES.index(name)] = value
        contributions[0, NAMES.index(name)] = contribution
    factors = explain.strongest_factors(contributions, values, NAMES)
    assert factors["feature"].tolist() == ["rate_route", "price_z", "has_watch_list_match"]
    assert factors["contribution"].tolist() == pytest.approx([1.2, 1.0, 0.9])
    assert factors["en"].tolist() == [
        "estimated find rate of this commodity on this route 31 %",
        "price -2.1 standard deviations against this commodity and origin",
        "importer or seller is on a watch list",
    ]
    assert factors["zh"].tolist()[0] == "该商品的该航线估计查获率31%"


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_every_feature_has_words_for_any_value(feature):
    english, chinese = phrases(feature, np.array([0.0, 1.0, np.nan]))
    assert all(english) and all(chinese)
    assert "{" not in "".join(english + chinese)
    assert "not known" in english[2] and "未知" in chinese[2]
    assert not feature.told_by or feature.told_by in BY_NAME


def test_rates_may_only_raise():
    assert all(BY_NAME[f"rate_{kind}"].direction == 1 for kind in PROFILES)


# --- measures


def test_measures_against_values_reckoned_by_hand():
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    found = np.array([1.0, 0, 1, 0, 0, 0, 0, 0, 0, 1])
    revenue = np.array([10.0, 0, 30, 0, 0, 0, 0, 0, 0, 60])
    assert evaluate.average_precision(score, found) == pytest.approx((1 + 2 / 3 + 3 / 10) / 3)
    # of 21 pairs 7 + 6 + 0 are in order
    assert evaluate.area_under_curve(score, found) == pytest.approx(13 / 21)
    best = evaluate.at_share(score, found, revenue, 0.3)
    assert best == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "revenue": 0.4})


def test_ties_count_against_the_ranking():
    score, found = np.zeros(4), np.array([1.0, 0, 0, 0])
    revenue = np.array([5.0, 0, 0, 0])
    assert evaluate.average_precision(score, found) == pytest.approx(1 / 4)
    assert evaluate.area_under_curve(score, found) == 0
    assert evaluate.at_share(score, found, revenue, 0.5)["precision"] == 0
    assert evaluate.at_share(score, found, revenue, 0.5)["revenue"] == 0


def test_calibration_measures_by_hand():
    likelihood, found = np.array([0.2, 0.2, 0.8, 0.8]), np.array([0.0, 1, 1, 1])
    measured = evaluate.calibration(likelihood, found, bins=2)
    assert measured["brier"] == pytest.approx((0.04 + 0.64 + 0.04 + 0.04) / 4)
    assert measured["calibration_error"] == pytest.approx((0.3 * 2 + 0.2 * 2) / 4)


def test_a_month_is_held_against_the_most_that_could_be_caught():
    outcomes = pd.DataFrame(
        {
            "month": ["2020-01"] * 5,
            "selected": [True, True, False, False, False],
            "found": [1, 0, 1, 0, 1],
            "revenue_cny": [10.0, 0, 50, 0, 40],
        }
    )
    month, last = evaluate.by_month(outcomes).to_dict("records")
    assert month["precision"] == 0.5
    assert month["recall"] == pytest.approx(1 / 3)
    assert month["norm_precision"] == 0.5
    assert month["norm_revenue"] == pytest.approx(10 / 90)
    assert last["month"] == "last three"
    assert last["norm_precision"] == 0.5


def test_the_plain_baseline_takes_values_it_never_saw():
    labels = world(300)
    model = PlainModel(labels.raw, labels.found)
    unseen = labels.raw.assign(hs6="999999", importer_id=None)
    assert np.isfinite(model.score(unseen)).all()


# --- selection, domains


def test_a_label_counts_as_many_declarations_as_it_stands_for_up_to_a_limit():
    labels = replace(world(4), stands_for=np.array([1.0, 2.0, 5.0, 1000.0]))
    weight = train.counted(labels, most=5.0)
    assert weight / weight[0] == pytest.approx([1, 2, 5, 5])
    assert weight.mean() == pytest.approx(1)


def test_calibration_speaks_of_all_declarations_and_not_of_those_picked():
    """Of what was picked half is found, of the rest, drawn one in a hundred, one in twenty."""
    margin = np.zeros(300)
    found = np.r_[np.tile([0.0, 1.0], 100), np.tile([1.0] + [0.0] * 19, 5)]
    stands_for = np.r_[np.ones(200), np.full(100, 100.0)]
    (likelihood,) = calibrate.fit(margin, found, stands_for).likelihood(np.zeros(1))
    assert likelihood == pytest.approx((100 + 5 * 100) / (200 + 10_000))


def test_the_interval_holds_the_likelihood_and_is_wide_where_little_is_known():
    dice = np.random.default_rng(5)
    margin = np.r_[dice.normal(-2, 1, 4000), dice.normal(3, 0.3, 12)]
    found = (dice.random(margin.size) < 1 / (1 + np.exp(-margin))).astype(float)
    even = np.ones(margin.size)
    line = calibrate.fit(margin, found, even)
    interval = calibrate.fit_interval(line, margin, found, even)
    at = np.linspace(-4, 3, 60)
    low, high = interval.low.likelihood(at), interval.high.likelihood(at)
    assert (low <= line.likelihood(at) + 0.02).all() and (line.likelihood(at) <= high + 0.02).all()
    width = dict(zip(at.round(2), high - low, strict=True))
    assert width[-2.1] < 0.02 < 0.05 < width[3.0]
    assert calibrate.Interval.from_dict(interval.as_dict()) == interval


def test_models_of_other_periods_agree_where_much_is_known(fitted):
    model, _ = fitted
    rows = world(200, seed=8).values
    assert len(model.committee) == 3
    apart = model.disagreement(rows)
    assert (apart >= 0).all() and 0 < apart.mean() < 0.2
    assert replace(model, committee=(model.booster,)).disagreement(rows) == pytest.approx(0)
    assert np.isnan(replace(model, committee=()).disagreement(rows)).all()


def test_findings_tell_their_domain_and_a_rare_one_keeps_its_share():
    dice = np.random.default_rng(2)
    values = dice.normal(size=(600, len(NAMES)))
    domain = np.where(values[:, 0] > 0, "tax", "ipr").astype(object)
    domain[:6], domain[6:20] = "food_safety", None
    model = fit_domains(values, domain, CONFIG)
    assert model.domains == ("food_safety", "ipr", "tax") and model.learned == ("ipr", "tax")
    shares = model.shares(values)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert shares[:, 0] == pytest.approx(7 / 589)
    assert (shares[:, 1:].argmax(axis=1) == (values[:, 0] > 0)).mean() > 0.97
    low, high = model.interval("food_safety")
    assert low < 6 / 586 < high < 0.03
    assert fit_domains(values[:30], domain[:30], CONFIG).booster is None
