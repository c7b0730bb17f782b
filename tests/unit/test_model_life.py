"""The life of models: drift without false alarms, comparison without bias, a policy, a card."""

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

from customs_risk.commands.models import app
from customs_risk.settings import REPOSITORY
from ml import champion, evaluate, paired, train
from ml.card import Card, area_interval, precision_interval, share_interval
from ml.champion import Policy
from ml.config import BoosterConfig, ModelConfig
from ml.drift import NOVEL
from ml.paired import Bootstrap, Evidence, Measure, Side
from ml.registry import Registered
from ml.shift import Reference, Thresholds, binned, find_rate, observed, psi, psi_by_chance
from tests.unit.test_ml import world

CONFIG = ModelConfig(booster=BoosterConfig(min_rounds=60, max_rounds=120))
NOTHING = np.empty(0)


# --- drift: measures


def test_the_stability_index_against_a_value_reckoned_by_hand():
    # shares (50.5, 30.5, 20.5) / 101.5 and the same turned round: 2 · 30 / 101.5 · ln(50.5 / 20.5)
    value = psi(np.array([50, 30, 20]), np.array([20, 30, 50]))
    assert value == pytest.approx(2 * 30 / 101.5 * np.log(50.5 / 20.5))
    assert psi(np.array([50, 30, 20]), np.array([50, 30, 20])) == 0


def test_a_value_counts_for_the_two_bins_beside_it_and_what_is_unknown_last():
    points = np.array([0.0, 1, 2])
    counts = binned(points, np.array([-9, 0, 0.25, 1, 1.5, 9, np.nan]))
    assert counts.tolist() == [2.75, 1.75, 1.5, 1]
    flag = Reference.of(np.repeat([0.0, 1.0], [995, 5]))
    assert flag.counts[0] == 995 and flag.counts.sum() == 1000
    assert Reference.of(np.full(3, np.nan)).counts[-1] == 3


def test_a_rate_that_many_share_may_wander_a_little_and_not_much():
    dice = np.random.default_rng(6)
    rates = dice.beta(2, 20, 4000)
    rates[:2400] = 0.0800
    reference = Reference.of(rates)
    a_little, much = (np.where(rates == 0.08, to, rates) for to in (0.0815, 0.12))
    assert psi(reference.counts, binned(reference.points, a_little)) < 0.05
    assert psi(reference.counts, binned(reference.points, much)) > 0.5


def test_chance_alone_exceeds_its_threshold_no_oftener_than_stated():
    dice = np.random.default_rng(5)
    reference = Reference.of(dice.normal(size=5000))
    beyond = [
        psi(reference.counts, counts) > psi_by_chance(reference.counts, counts, 0.05)
        for counts in (binned(reference.points, dice.normal(size=200)) for _ in range(1000))
    ]
    assert np.mean(beyond) <= 0.05


# --- drift: day by day


def days(
    rows: int, seed: int, *, length: int, shift_on: int = 999, shift: float = 0.0
) -> list[int]:
    """Return the days on which training is due: 40 features, of which 5 shift from some day on."""
    dice, thresholds = np.random.default_rng(seed), Thresholds()
    learned = dice.normal(size=(20_000, 40))
    references = {("feature", f"f{n}"): Reference.of(learned[:, n]) for n in range(40)}
    references["score", "likelihood"] = Reference.of(learned[:, :5].sum(axis=1))
    references["novelty", "importer"] = Reference(NOTHING, np.array([2000, 18_000]))
    past, due = [], []
    for day in range(length):
        values = dice.normal(size=(rows, 40))
        values[:, :5] += shift * (day >= shift_on)
        counts = {
            ("feature", f"f{n}"): binned(references["feature", f"f{n}"].points, values[:, n])
            for n in range(40)
        }
        score = references["score", "likelihood"]
        counts["score", "likelihood"] = binned(score.points, values[:, :5].sum(axis=1))
        novel = dice.binomial(rows, 0.1)
        counts["novelty", "importer"] = np.array([novel, rows - novel])
        past = [*past, counts][-thresholds.week_days :]
        week = {key: sum(each[key] for each in past) for key in counts}
        found = observed(references, counts, week, thresholds)
        if any(each.is_beyond for each in found if each.measure != "feature"):
            due.append(day)
    return due


@pytest.mark.parametrize("rows", [10, 300])
def test_two_hundred_days_without_drift_raise_no_alarm(rows):
    # one in a thousand days may: in 200 days one such episode would be much
    assert days(rows, 1, length=200) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_shift_makes_training_due_within_five_days(seed):
    due = days(300, seed, length=30, shift_on=20, shift=0.8)
    assert due and 20 <= due[0] < 25


def test_a_shift_too_small_to_matter_is_not_told_whatever_the_volume():
    assert days(20_000, 1, length=10, shift_on=0, shift=0.1) == []


def test_what_adds_up_by_itself_is_told_and_makes_no_training_due():
    reference, moved = Reference.of(np.linspace(0, 1, 1000)), np.ones(1000)

    def shifted(*names):
        references = {("feature", name): reference for name in names}
        counts = {key: binned(reference.points, moved) for key in references}
        *features, whole = observed(references, counts, counts, Thresholds())
        assert all(each.is_beyond for each in features)
        return whole.is_beyond

    assert shifted("log_mass", "price_z", "rate_goods")
    assert not shifted("log_inspections_office", "log_declarations_importer", "price_z")


def test_novelty_counts_against_that_at_training_and_not_without_one():
    seen = {("novelty", "route"): np.array([40, 60])}

    def beyond(*counts):
        references = {("novelty", "route"): Reference(NOTHING, np.array(counts))}
        return observed(references, seen, seen, Thresholds())[0]

    assert beyond(100, 900).is_beyond
    assert not beyond(350, 650).is_beyond
    unknown = beyond(0, 0)
    assert unknown.threshold is None and not unknown.is_beyond
    assert "route" in unknown.words()[0] and "路线" in unknown.words()[1]


def test_a_find_rate_no_better_than_chance_is_told_once_the_evidence_allows():
    # 30 of 300 and 30 of 300: a ratio of one, at most 1.6 by its interval
    assert find_rate(np.array([300, 30, 300, 30]), 1.5).value == 1
    assert not find_rate(np.array([300, 30, 300, 30]), 1.5).is_beyond
    assert find_rate(np.array([3000, 300, 3000, 300]), 1.5).is_beyond
    assert not find_rate(np.array([3000, 900, 3000, 300]), 1.5).is_beyond
    assert find_rate(np.array([300, 30, 0, 0]), 1.5) is None


def test_novelty_asks_for_the_keys_that_the_profiles_have():
    text = (REPOSITORY / "dbt_project" / "macros" / "profiles.sql").read_text(encoding="utf-8")
    risk = text.split("macro activity_profile_keys")[0]
    for kind, parts in NOVEL.items():
        (told,) = re.findall(rf"'{kind}': \[(.*?)\],\n", risk)
        assert tuple(re.findall(r"\"([^\"]+)\"|'([^'\"]+)'(?=[,\]]|$)", told)) == tuple(
            (part, "") if "'" in part else ("", part) for part in parts
        )


# --- champion and challenger


def side(score):
    return Side(score, 1 / (1 + np.exp(-score)), score >= np.quantile(score, 0.9))


def results(size: int, seed: int, *, noise: tuple[float, float]) -> Evidence:
    """Return results of all declarations, and two models that see the truth through noise.

    Some of the noise is common to both, as of models that learn from the same past.
    """
    dice = np.random.default_rng(seed)
    truth = dice.normal(-2, 1.5, size)
    found = (dice.random(size) < 1 / (1 + np.exp(-truth))).astype(float)
    seen = truth + dice.normal(0, 0.7, size)
    older, newer = (side(seen + dice.normal(0, each, size)) for each in noise)
    return Evidence(found, 1000 * found, np.ones(size), older, newer)


def said(evidence: Evidence, draws: int = 200) -> str:
    measures = {
        name: paired.measure(evidence, name, Bootstrap(draws=draws))
        for name in ("average_precision", "brier")
    }
    return paired.verdict(measures, {"average_precision": 0.02, "brier": 0.005})


def test_weights_count_as_so_many_equal_rows():
    evidence = results(300, 3, noise=(1, 1))
    times = np.random.default_rng(4).integers(1, 4, 300)
    again = np.repeat(np.arange(300), times)
    value = paired.measure(
        replace(evidence, weight=times.astype(float)), "average_precision", Bootstrap(draws=1)
    )
    repeated = evaluate.average_precision(evidence.older.score[again], evidence.found[again])
    # equal rows have equal scores, whose ties are broken in the worst way: a little lower
    assert value.older == pytest.approx(repeated, abs=0.02)
    plain = paired.measure(evidence, "average_precision", Bootstrap(draws=1))
    exact = evaluate.average_precision(evidence.newer.score, evidence.found)
    assert plain.newer == pytest.approx(exact)


def test_the_policy_tells_better_equal_and_worse_models_apart():
    assert said(results(6000, 1, noise=(0.3, 0.3))) == "not worse"
    assert said(results(6000, 1, noise=(2.0, 0.3))) == "not worse"
    assert said(results(6000, 1, noise=(0.3, 2.0))) == "worse"
    assert said(results(150, 1, noise=(0.3, 0.4))) == "open"


def test_a_model_that_is_worse_by_more_than_the_margin_is_seldom_let_through():
    evidence = [results(800, seed, noise=(0.5, 0.75)) for seed in range(60)]
    gaps = [
        paired.measure(each, "average_precision", Bootstrap(draws=1)).difference
        for each in evidence
    ]
    assert np.mean(gaps) < -0.02
    assert np.mean([said(each, draws=100) == "not worse" for each in evidence]) <= 0.05


def test_a_likelihood_that_grew_worse_counts_though_the_ranking_did_not():
    equal = Measure(0.5, 0.5, 0.0, -0.01, 0.01)
    margins = {"average_precision": 0.02, "brier": 0.005}
    poor = Measure(0.05, 0.09, 0.04, 0.03, 0.05)
    assert paired.verdict({"average_precision": equal, "brier": poor}, margins) == "worse"
    good = replace(poor, difference=-0.04, low=-0.05, high=-0.03)
    assert paired.verdict({"average_precision": equal, "brier": good}, margins) == "not worse"


def test_a_challenger_is_not_judged_only_where_the_champion_looked():
    """Both models are equally good; what was inspected is what the champion ranked first."""
    dice = np.random.default_rng(8)
    whole = results(60_000, 8, noise=(1.0, 1.0))
    probability = np.where(whole.older.is_first, 1.0, 0.05)
    drawn = dice.random(60_000) < probability

    def gap(weight):
        sides = (
            Side(each.score[drawn], each.likelihood[drawn], each.is_first[drawn])
            for each in (whole.older, whole.newer)
        )
        evidence = Evidence(whole.found[drawn], whole.revenue_cny[drawn], weight, *sides)
        return {
            name: paired.measure(evidence, name, Bootstrap(draws=100))
            for name in ("average_precision", "precision_at_capacity")
        }

    naive, weighed = gap(np.ones(drawn.sum())), gap(1 / probability[drawn])
    for name in naive:
        assert weighed[name].low < 0 < weighed[name].high
    assert naive["precision_at_capacity"].low > 0.02


# --- the policy before a model serves


@pytest.fixture(scope="module")
def serving():
    """A model that learned from the first 30 days, and all 60 days of labels."""
    labels = world(3000)
    early = labels.take(np.flatnonzero(labels.known < np.datetime64("2026-05-01")))
    model, _metrics = train.fit(early, CONFIG)
    return Registered("v1", date(2026, 4, 30), CONFIG.hash(), "", model, "activated"), labels


def test_who_serves_before_there_is_evidence(serving):
    current, labels = serving
    assert champion.compare(labels, CONFIG, 60, None)["activated"]
    for held in (
        replace(current, served_by="rolled_back"),
        replace(current, config_hash="another"),
    ):
        decided = champion.compare(labels, CONFIG, 60, held)
        assert not decided["activated"]
        assert " · " in decided["reason"]
    few = labels.take(np.flatnonzero(labels.known < np.datetime64("2026-05-02")))
    assert champion.compare(few, CONFIG, 60, current)["activated"]


def test_a_newer_model_serves_unless_it_is_worse(serving):
    current, labels = serving
    decided = champion.compare(labels, CONFIG, 60, current)
    assert decided["activated"] and decided["compared_with"] == "v1"
    low, difference, high = decided["difference"]
    assert low <= difference <= high

    wrong = labels.found.copy()
    past = labels.known <= np.datetime64("2026-04-30")
    wrong[past] = 1 - wrong[past]
    decided = champion.compare(replace(labels, found=wrong), CONFIG, 60, current)
    assert not decided["activated"]
    assert decided["average_precision"] < decided["average_precision_active"] - 0.02


def test_the_policy_asks_for_labels_and_for_findings():
    policy = Policy()
    assert policy.has_enough(np.repeat([0.0, 1.0], [80, 20]))
    assert not policy.has_enough(np.repeat([0.0, 1.0], [90, 10]))
    assert not policy.has_enough(np.ones(50))


# --- the card


@pytest.fixture(scope="module")
def written():
    labels = world()
    model, metrics = train.fit(labels, CONFIG)
    window = date(2026, 4, 1), date(2026, 6, 2)
    return Card("v1", window, model.config.as_dict(), model.config.hash(), metrics, "ab12")


def test_the_card_tells_the_same_in_both_languages(written):
    english, chinese = written.english(), written.chinese()
    held = written.metrics["holdout"]
    for text in (english, chinese):
        assert text.count("\n## ") == 9
        assert "2026-04-01" in text and "2026-06-02" in text and "ab12" in text
        assert f"{held['rows']:,}" in text and f"{held['findings']:,}" in text
        assert text.count("\n| ") == len(written.metrics["rankings"]) + 1
        assert f"{written.metrics['rankings']['model']['auc']:.3f} (" in text
        assert "nan" not in text and "None" not in text
    assert "licence of the data is not known" in english and "许可" in chinese


def test_a_card_can_be_written_of_a_model_that_was_hardly_measured(written):
    bare = replace(written, metrics={"labels": 5}, config={})
    assert "# Model v1" in bare.english() and "# 模型 v1" in bare.chinese()


def test_intervals_against_values_reckoned_by_hand():
    assert share_interval(0.5, 100) == pytest.approx((0.5, 0.4038, 0.5962), abs=1e-4)
    # of 0.5 with ten on either side the variance is (0.25 + 18 · (1/3 - 1/4)) / 100
    half = 1.96 * np.sqrt(0.0175)
    assert area_interval(0.5, 10, 10) == pytest.approx((0.5, 0.5 - half, 0.5 + half))
    value, low, high = precision_interval(0.3, 100)
    assert 0 < low < value < high < 1
    assert area_interval(0.5, 0, 10) is None and share_interval(None, 10) is None


# --- the command line


@pytest.mark.parametrize("act", [("promote", "v1"), ("rollback",), ("rollback", "--to", "v1")])
def test_who_puts_a_model_in_service_says_who_and_why(act):
    for given in ((), ("--by", "li.na"), ("--by", " ", "--reason", "r")):
        assert CliRunner().invoke(app, [*act, *given]).exit_code == 2
