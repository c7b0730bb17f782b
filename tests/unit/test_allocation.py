"""Allocation of people: the optimiser against brute force, its bounds, and what it rests on."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import numpy as np
import pandas as pd
import pytest

from ml.allocation import step
from ml.allocation.config import AllocationConfig
from ml.allocation.curves import (
    curves,
    drawn_to_one,
    lasting_variance,
    recalibrated,
    smoothed,
)
from ml.allocation.evidence import (
    COLUMNS,
    DOMAINS,
    Evidence,
    NothingToRankBy,
    Totals,
    arranged,
)
from ml.allocation.optimise import NoAllocation, Problem, best
from ml.allocation.recommend import Recommendation, recommend
from ml.allocation.words import cell_words, run_words

CONFIG = AllocationConfig(draws=60)


def problem(value: np.ndarray, hours: np.ndarray, budget: float, **changes: object) -> Problem:
    offices = len(value)
    made = Problem(
        value=value,
        inspections=np.ones_like(value),
        officer_hours=hours,
        budget_hours=budget,
        least_hours=np.zeros(offices),
        most_hours=np.full(offices, np.inf),
        least_inspections=np.zeros(offices),
        domain_least_hours=np.zeros(hours.shape[2]),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def by_brute_force(asked: Problem) -> float:
    """Try every number of whole segments of each office; hours are whole numbers, so none split."""
    offices, segments = asked.value.shape
    most = -np.inf
    for filled in product(range(segments + 1), repeat=offices):
        fill = (np.arange(segments) < np.array(filled)[:, None]).astype(float)
        hours = (fill[:, :, None] * asked.officer_hours).sum(axis=1)
        if (
            hours.sum() <= asked.budget_hours + 1e-9
            and (hours.sum(axis=1) >= asked.least_hours - 1e-9).all()
            and (hours.sum(axis=1) <= asked.most_hours + 1e-9).all()
            and ((fill * asked.inspections).sum(axis=1) >= asked.least_inspections - 1e-9).all()
            and (hours.sum(axis=0) >= asked.domain_least_hours - 1e-9).all()
        ):
            most = max(most, float((fill * asked.value).sum()))
    return most


def concave(dice: np.random.Generator, offices: int = 3, segments: int = 4) -> np.ndarray:
    return -np.sort(-dice.uniform(0, 10, (offices, segments)), axis=1)


@pytest.mark.parametrize("seed", range(20))
def test_the_optimiser_equals_brute_force(seed: int) -> None:
    dice = np.random.default_rng(seed)
    # each segment takes one hour, of either domain; bounds are whole hours
    domain = dice.integers(0, 2, (3, 4))
    hours = np.eye(2)[domain]
    asked = problem(
        concave(dice),
        hours,
        float(dice.integers(5, 10)),
        least_hours=dice.integers(0, 2, 3).astype(float),
        most_hours=dice.integers(3, 5, 3).astype(float),
        least_inspections=dice.integers(0, 2, 3).astype(float),
    )
    assert (asked.value * best(asked)).sum() == pytest.approx(by_brute_force(asked), abs=1e-5)


def test_a_domain_keeps_its_floor_though_its_findings_are_worth_less() -> None:
    # office 1 is all of the second domain, and worth little
    hours = np.zeros((2, 3, 2))
    hours[0, :, 0] = hours[1, :, 1] = 1.0
    value = np.array([[9.0, 8.0, 7.0], [1.0, 0.9, 0.8]])
    free = best(problem(value, hours, 3.0))
    assert free.sum(axis=1) == pytest.approx([3, 0])
    kept = best(problem(value, hours, 3.0, domain_least_hours=np.array([0.0, 1.5])))
    assert kept.sum(axis=1) == pytest.approx([1.5, 1.5])


def test_ranks_are_gone_down_in_order_though_a_later_segment_is_worth_more() -> None:
    value = np.array([[1.0, 9.0, 0.1], [4.0, 3.0, 0.2]])
    hours = np.ones((2, 3, 1))
    fill = best(problem(value, hours, 2.0))
    # 1 + 9, not 9 + 4
    assert fill == pytest.approx(np.array([[1, 1, 0], [0, 0, 0]]), abs=1e-6)
    fill = best(problem(value, hours, 1.0))
    assert fill == pytest.approx(np.array([[0, 0, 0], [1, 0, 0]]), abs=1e-6)


def test_bounds_that_leave_nothing_are_told() -> None:
    with pytest.raises(NoAllocation, match="no allocation within the bounds"):
        best(problem(np.ones((2, 2)), np.ones((2, 2, 1)), 1.0, least_hours=np.array([1.0, 1.0])))


def evidence(
    rates: dict[str, float], *, days: int = 42, seed: int = 1, size: int = 100
) -> pd.DataFrame:
    """Count decisions of offices whose declarations violate in so many cases per hundred.

    Ten of a hundred are inspected, one of them drawn; likelihoods are true.
    """
    dice = np.random.default_rng(seed)
    rows = []
    edges = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30, 40, 60]) / 100
    for office, rate in rates.items():
        for day in range(days):
            rank = np.arange(size)
            chance = np.minimum(rate * 0.35 * (rank + 1.0) ** -0.6, 0.9)
            way = np.where(rank < 9, "targeted", "none").astype(object)
            way[dice.integers(9, size)] = "random"
            found = (dice.random(size) < chance) & (way != "none")
            rows.append(
                pd.DataFrame(
                    {
                        "office_code": office,
                        "decided_on": date(2026, 5, 1) + timedelta(day),
                        "rank_bin": np.searchsorted(edges, (rank + 0.5) / size, side="right"),
                        "way": way,
                        "risk_domain": np.where(rank < 30, np.where(rank % 3, "tax", "ipr"), None),
                        "declarations": 1.0,
                        "likelihood": chance,
                        "expected_revenue_cny": 10_000 * chance,
                        "results": (way != "none").astype(float),
                        "findings": found.astype(float),
                        "result_likelihood": np.where(way != "none", chance, 0.0),
                        "revenue_cny": 10_000.0 * found,
                        "result_expected_revenue_cny": np.where(
                            way != "none", 10_000 * chance, 0.0
                        ),
                        "timed_results": (way != "none").astype(float),
                        "timed_findings": found.astype(float),
                        "officer_hours": np.where(way != "none", 2.0 + 5.0 * found, 0.0),
                        "officer_hours_of_findings": 7.0 * found,
                    }
                )
            )
    counted = pd.concat(rows, ignore_index=True)
    keys = ["office_code", "decided_on", "rank_bin", "way", "risk_domain"]
    return counted.groupby(keys, as_index=False, dropna=False).sum()[list(COLUMNS)]


RATES = {"0100": 0.6, "0200": 1.0, "2200": 2.0, "5300": 1.0}


@pytest.fixture(scope="module")
def told() -> Evidence:
    return arranged(evidence(RATES))


@pytest.fixture(scope="module")
def made(told: Evidence) -> Recommendation:
    return recommend(told, 22, CONFIG)


def test_who_finds_most_with_the_next_hour_gets_more(made: Recommendation) -> None:
    rate = dict(zip(made.offices, made.recommended_rate, strict=True))
    assert made.present_rate == pytest.approx([0.1] * 4, rel=1e-6)
    assert rate["2200"] > 0.11 and rate["0100"] < 0.09
    gain, low, high = made.expected_gain()["findings"]
    assert 0 < low < gain < high
    # margins come closer to each other
    before, after = (
        np.ptp(each["findings"].sum(axis=1))
        for each in (made.marginal_present, made.marginal_recommended)
    )
    assert after < before


def test_people_stay_as_many_and_bounds_hold(made: Recommendation) -> None:
    now, then = made.present.officer_hours, made.recommended.officer_hours
    # rates are told in hundredths of a per cent
    assert then.sum() <= now.sum() * 1.002
    moved = then.sum(axis=1) / now.sum(axis=1)
    assert (moved <= 1.301).all() and (moved >= 0.699).all()
    floor = CONFIG.domain_floor * now.sum(axis=0)
    assert (then.sum(axis=0) >= floor * 0.998).all()


def test_the_same_evidence_gives_the_same_recommendation(
    told: Evidence, made: Recommendation
) -> None:
    again = recommend(told, 22, CONFIG)
    np.testing.assert_array_equal(again.recommended_rate, made.recommended_rate)
    np.testing.assert_array_equal(again.gain_findings, made.gain_findings)


def test_offices_that_are_alike_stay_as_they_are() -> None:
    alike = recommend(arranged(evidence(dict.fromkeys(RATES, 1.0))), 22, CONFIG)
    gain, _, _ = alike.expected_gain()["findings"]
    assert gain < 0.01 * alike.present.findings.sum()


def test_what_the_choice_owes_to_luck_is_not_promised() -> None:
    seeming, promised = [], []
    for seed in range(8):
        # four offices that are alike, and too few days to tell
        alike = arranged(evidence(dict.fromkeys(RATES, 1.0), days=12, seed=seed, size=60))
        made = recommend(alike, 22, replace(CONFIG, draws=30))
        laid = curves(alike.weighted(np.ones(len(alike.days))), 22)
        now = laid.at(laid.present_fill)["findings"].sum()
        then = laid.at(laid.fill(made.recommended_rate * laid.declarations))["findings"].sum()
        seeming.append((then - now) / now)
        promised.append(made.expected_gain()["findings"][0] / now)
    assert np.mean(promised) < 0.5 * np.mean(seeming)


def test_every_office_keeps_its_random_inspections_and_least_rate(told: Evidence) -> None:
    bounded = replace(CONFIG, most_change=0.9, least_rate=0.08, least_random=0.0)
    made = recommend(told, 22, bounded)
    assert made.recommended_rate.min() >= 0.0799
    # of ten inspections one is drawn
    made = recommend(told, 22, replace(bounded, least_rate=0.0, least_random=20.0))
    assert (made.recommended_rate * made.declarations * 0.1).min() > 19.8
    free = recommend(told, 22, replace(bounded, least_rate=0.0, least_random=0.0))
    assert (free.recommended_rate * free.declarations * 0.1).min() < 15


def test_expected_findings_are_those_that_were_found(told: Evidence, made: Recommendation) -> None:
    totals = told.weighted(np.ones(len(told.days)))
    found = totals.chosen["findings"].sum() * 22 / totals.business_days
    assert made.present.findings.sum() == pytest.approx(found, rel=0.06)
    hours = totals.chosen["officer_hours"].sum() * 22 / totals.business_days
    assert made.present.officer_hours.sum() == pytest.approx(hours, rel=0.06)


def test_before_there_is_evidence_nothing_is_recommended(told: Evidence) -> None:
    with pytest.raises(NothingToRankBy, match="days with decisions"):
        recommend(arranged(evidence(RATES, days=3)), 22, CONFIG)
    unranked = evidence(RATES)
    unranked["way"] = unranked["way"].replace("targeted", "random")
    with pytest.raises(NothingToRankBy, match="hardly anything"):
        recommend(arranged(unranked), 22, CONFIG)
    with pytest.raises(NothingToRankBy, match="inspected of late"):
        arranged(unranked.assign(way="none"))


def test_the_smallest_offices_do_not_stop_the_others() -> None:
    counted, small = evidence(RATES), evidence({"small": 1.0}, size=12)
    day = sorted(counted["decided_on"].unique())
    last_month, yesterday = (small[small["decided_on"] == day[at]] for at in (3, -1))
    silent = small.assign(office_code="silent", way="none")
    closed = last_month.assign(office_code="closed")
    told = arranged(pd.concat([counted, yesterday, silent, closed], ignore_index=True))
    assert told.offices == (*sorted(RATES), "small")
    made = recommend(told, 22, CONFIG)
    cells = step.cells(made, "AL").to_pandas()
    assert not cells.isna().to_numpy().any()
    assert np.isfinite(made.expected_gain()["findings"]).all()
    assert "nan" not in "".join(run_words(made, date(2026, 7, 1)))


def test_what_is_not_told_of_is_shared_out_and_nothing_is_lost() -> None:
    counted = evidence(RATES, days=10)
    arrays = arranged(counted)
    assert arrays.declarations.sum() == pytest.approx(counted["declarations"].sum())
    assert arrays.chosen["findings"].sum() == pytest.approx(counted["findings"].sum())
    untold = [DOMAINS.index(name) for name in DOMAINS if name not in ("tax", "ipr")]
    assert arrays.ranked["declarations"][..., untold].sum() == 0
    counted.loc[0, "risk_domain"] = "taxes"
    with pytest.raises(ValueError, match="nobody knows"):
        arranged(counted)


def test_a_week_that_is_decided_at_once_is_five_days() -> None:
    counted = evidence(RATES, days=84)
    day_of_week = pd.to_datetime(counted["decided_on"]).dt.day_of_week
    daily = recommend(arranged(counted[day_of_week < 5]), 22, CONFIG)
    weekly = recommend(arranged(counted[day_of_week == 4]), 22, CONFIG)
    assert daily.declarations.sum() == pytest.approx(22 * 4 * 100, rel=0.02)
    assert weekly.declarations.sum() == pytest.approx(22 * 4 * 100 / 5, rel=0.02)


def test_likelihoods_in_steps_are_laid_on_a_line_and_held_against_results() -> None:
    count = np.full((1, 10), 50.0)
    steps = np.repeat([0.4, 0.1], 5)[None, :] * count
    line = smoothed(steps, count)
    assert (np.diff(line) < 0).all()
    # results are twice as steep
    results = np.full((1, 10), 400.0)
    chance = 1 / (1 + np.exp(-(0.3 + 2 * line)))
    intercept, slope = recalibrated(results, results * chance, line)
    assert (intercept, slope) == pytest.approx((0.3, 2.0), abs=0.15)


def test_luck_is_not_taken_for_skill() -> None:
    dice = np.random.default_rng(3)
    expected = np.full(40, 50.0)
    alike = drawn_to_one(dice.poisson(expected).astype(float), expected)
    assert np.ptp(alike) < 0.2
    true = np.repeat([0.5, 1.5], 20)
    apart = drawn_to_one(dice.poisson(expected * true).astype(float), expected)
    assert np.ptp(apart) > 0.7
    # what was so in the first half of the days and not in the second does not last
    first, second = dice.poisson(expected * true), dice.poisson(expected * true[::-1])
    assert lasting_variance(first, expected, second, expected) == 0
    again = dice.poisson(expected * true)
    assert 0.15 < lasting_variance(first, expected, again, expected) < 0.4


def test_curves_have_diminishing_returns(told: Evidence) -> None:
    laid = curves(told.weighted(np.ones(len(told.days))), 22)
    per_hour = laid.findings.sum(axis=2) / laid.officer_hours.sum(axis=2)
    assert (np.diff(per_hour, axis=1) < 1e-9).all()
    totals: Totals = told.weighted(np.ones(len(told.days)))
    assert laid.inspections_by_domain.sum() == pytest.approx(laid.inspections.sum())
    assert laid.declarations.sum() == pytest.approx(
        totals.declarations.sum() * 22 / totals.business_days
    )


def test_reasons_are_in_both_languages(made: Recommendation) -> None:
    en, zh = run_words(made, date(2026, 7, 1))
    assert "2026-07" in en and "95 % interval" in en and "2026年07月" in zh
    office = made.offices.index("2200")
    en, zh = cell_words(made, office, DOMAINS.index("ipr"))
    assert "more" in en and "intellectual property" in en and "增加" in zh and "知识产权" in zh
    table = step.cells(made, "AL-202607-1")
    assert table.num_rows == len(made.offices) * len(DOMAINS)


@pytest.mark.parametrize(
    ("day", "later"),
    [("2026-07-31", "2026-08-03"), ("2026-08-01", "2026-08-03"), ("2026-08-04", "2026-08-05")],
)
def test_the_next_business_day(day: str, later: str) -> None:
    assert step.next_business_day(date.fromisoformat(day)) == date.fromisoformat(later)


def test_months() -> None:
    assert step.earlier_month(date(2026, 1, 1), 2) == date(2025, 11, 1)
    assert step.earlier_month(date(2026, 12, 1), -1) == date(2027, 1, 1)
    assert step.business_days(date(2026, 7, 1)) == 23
