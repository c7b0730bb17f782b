"""What dynamic focus promises: changes noticed within days, quiet series left alone."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.focus import change
from ml.focus.change import ChangeConfig
from ml.focus.episodes import Episode, Looked, look
from ml.focus.words import MEASURES, indicator_measure, words

CONFIG = ChangeConfig()
WINDOW = CONFIG.window_days
# from Monday; at weekends little is done
WEEK = np.array([1.2, 1.2, 1.2, 1.2, 1.1, 0.8, 0.3])
FIRST = date(2026, 1, 5)


def trade(dice: np.random.Generator, series: int, days: int) -> np.ndarray:
    """Return declarations of each series and day: weeks of their own, and far from Poisson."""
    size = np.clip(dice.lognormal(1.0, 1.3, series), 0.3, 200)[:, np.newaxis]
    weekdays = np.tile(7 * dice.dirichlet(5 * WEEK, series), days // 7 + 1)[:, :days]
    holidays = np.where(np.arange(days) % 100 < 5, 0.3, 1.0)
    variation = dice.gamma(2, 0.25, series)[:, np.newaxis]
    bursts = dice.gamma(1 / variation, variation, (series, days))
    weeks = np.repeat(np.exp(dice.normal(0, 0.25, (series, days // 7 + 1))), 7, axis=1)[:, :days]
    return dice.poisson(size * weekdays * holidays * bursts * weeks).astype(float)


def inspections(dice: np.random.Generator, series: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inspections and findings, drawn and chosen, of series with find rates of their own."""
    size = np.clip(dice.lognormal(0.3, 1.3, series), 0.1, 40)[:, np.newaxis]
    weekdays = np.tile(WEEK, days // 7 + 1)[:days]
    units = np.stack([dice.poisson(size * weekdays * share) for share in (0.15, 0.85)])
    factor = np.clip(dice.gamma(1.5, 1 / 1.5, series), 0.02, 4)[:, np.newaxis]
    rates = np.stack([0.05 * factor, np.clip(0.2 * factor**0.7, 0, 0.9)])
    # one day's goods have more in common than chance
    rates = np.clip(rates * dice.gamma(5, 1 / 5, units.shape), 0, 1)
    return units.astype(float), dice.binomial(units, rates).astype(float)


def windows(days: int) -> Iterator[tuple[slice, int]]:
    for day in range(WINDOW, days + 1):
        yield slice(day - WINDOW, day), day


def is_noticed(evidence: change.Evidence, units: np.ndarray) -> np.ndarray:
    return change.alarms(evidence.log_e, units, evidence.log_e.size, CONFIG)


def rate_evidence(units: np.ndarray, events: np.ndarray) -> change.Evidence:
    like = np.ones(units.shape[1], dtype=bool)
    return change.of_rates(events, change.expected_events(events, units, like, CONFIG), CONFIG)


# --- what is promised


def test_a_route_that_turns_bad_is_noticed_within_five_days() -> None:
    """One of 1,000 routes, 8 to 40 inspections a day, goes from 5 % to 35 % on day 60."""
    delays, errors = [], []
    for seed in range(30):
        dice = np.random.default_rng(seed)
        units, events = inspections(dice, 1000, 70)
        per_day = dice.uniform(8, 40)
        units[:, 0] = dice.poisson(per_day * np.array([[0.15], [0.85]]), (2, 70))
        rate = np.where(np.arange(70) < 60, 0.05, 0.35)
        events[:, 0] = dice.binomial(units[:, 0].astype(int), rate)
        for day in range(61, 71):
            evidence = rate_evidence(units[..., :day], events[..., :day])
            if is_noticed(evidence, units[..., : day - 28].sum((0, 2)))[0]:
                assert evidence.rises[0]
                delays.append(day - 60)
                errors.append(abs(evidence.days_ago[0] - (day - 60)))
                break
    assert len(delays) == 30
    assert np.mean(np.array(delays) <= 5) > 0.9
    assert np.median(delays) <= 3
    assert np.median(errors) <= 1


def test_a_thousand_quiet_series_raise_fewer_than_five_alarms_a_month() -> None:
    """Each of the three kinds of series for itself; an alarm stands for eight weeks."""
    days, months = WINDOW + 120, 4
    told = {"find_rate": 0, "volume": 0, "price": 0}
    for seed in range(2):
        dice = np.random.default_rng(seed)
        units, events = inspections(dice, 1000, days)
        declared = trade(dice, 1000, days)
        spread = dice.uniform(0.5, 1.2, (1000, 1)) * np.sqrt(declared) * 0.7
        prices = declared * dice.normal(0, 0.5, (1000, 1)) + spread * dice.standard_t(
            4, declared.shape
        )
        like = np.ones(1000, dtype=bool)
        silent_until = {name: np.zeros(1000) for name in told}
        for window, day in windows(days):
            counts = change.weekly(declared[:, window])
            means = change.weekly(prices[:, window]) / np.maximum(counts, 1)
            weights = counts / (counts + CONFIG.units_for_half)
            levels = change.level_of_counts(counts, like)
            settled = slice(window.start, window.stop - 28)
            past = declared[:, settled].sum(1)
            for name, evidence, seen in (
                ("find_rate", rate_evidence(units[..., window], events[..., window]),
                 units[..., settled].sum((0, 2))),
                ("volume", change.of_levels(levels, np.ones_like(levels), CONFIG), past),
                ("price", change.of_levels(means, weights, CONFIG), past),
            ):  # fmt: skip
                new = is_noticed(evidence, seen) & (silent_until[name] < day)
                told[name] += int(new.sum())
                silent_until[name][new] = day + CONFIG.usual_after_days
    assert max(told.values()) / (2 * months) < 5


def test_while_nothing_changes_the_mean_evidence_is_below_the_days_that_count() -> None:
    """What the promise rests on: for series as the family's prior tells them."""
    dice = np.random.default_rng(7)
    means = []
    for _ in range(20):
        factor = dice.gamma(CONFIG.prior_events, 1 / CONFIG.prior_events, (4000, 1))
        expected = np.full((1, 4000, 84), 0.4)
        events = dice.poisson(0.4 * factor, (4000, 84)).astype(float)[np.newaxis]
        means.append(np.exp(change.of_rates(events, expected, CONFIG).log_e).mean())
    assert 1 < np.mean(means) <= len(CONFIG.days_ago)


# --- what is no change


def test_what_all_series_share_is_no_change_of_one() -> None:
    dice = np.random.default_rng(3)
    units = dice.poisson(10, (1, 200, WINDOW)).astype(float)
    rate = np.where(np.arange(WINDOW) < WINDOW - 40, 0.05, 0.15)
    events = dice.binomial(units.astype(int), rate).astype(float)
    evidence = rate_evidence(units, events)
    assert not is_noticed(evidence, units.sum((0, 2))).any()


def test_more_findings_because_of_better_selection_are_no_change() -> None:
    """Until day 90 all is drawn; then most is chosen, and finds six times as much everywhere."""
    dice = np.random.default_rng(4)
    is_late = np.arange(WINDOW) >= 90
    per_day = np.stack([np.where(is_late, 1.0, 10.0), np.where(is_late, 9.0, 0.0)])
    units = dice.poisson(per_day[:, np.newaxis], (2, 200, WINDOW)).astype(float)
    rates = np.array([0.05, 0.3])[:, np.newaxis, np.newaxis]
    events = dice.binomial(units.astype(int), rates).astype(float)
    assert not is_noticed(rate_evidence(units, events), units.sum((0, 2))).any()


def test_a_surge_of_one_is_noticed_and_the_weekday_is_not() -> None:
    dice = np.random.default_rng(5)
    weekdays = np.tile(WEEK, 18)
    declared = dice.poisson(20 * weekdays, (100, WINDOW)).astype(float)
    # one office works when the others rest
    declared[1] = dice.poisson(20 * np.roll(weekdays, 3))
    declared[0, -10:] *= 3
    levels = change.level_of_counts(change.weekly(declared), np.ones(100, dtype=bool))
    evidence = change.of_levels(levels, np.ones_like(levels), CONFIG)
    noticed = is_noticed(evidence, declared.sum(1))
    assert noticed.tolist() == [True] + [False] * 99
    assert evidence.rises[0] and evidence.days_ago[0] in (7, 14)


def test_what_is_seldom_seen_raises_nothing() -> None:
    units = np.zeros((1, 50, WINDOW))
    units[..., ::10] = 1
    evidence = rate_evidence(units, np.zeros_like(units))
    assert not is_noticed(evidence, units.sum((0, 2))).any()
    few = np.zeros((3, 2))
    assert (change.of_levels(few, few, CONFIG).log_e == -np.inf).all()


# --- episodes


def world(find_rates: np.ndarray, seed: int = 1) -> pd.DataFrame:
    """Return the counts of 40 routes, 20 inspections a day; the first has these find rates."""
    dice = np.random.default_rng(seed)
    rates = np.full((40, find_rates.size), 0.05)
    rates[0] = find_rates
    units = dice.poisson(20, rates.shape)
    days = pd.to_datetime(FIRST) + pd.to_timedelta(np.arange(find_rates.size), unit="D")
    return pd.DataFrame(
        {
            "counted_on": np.tile(days.date, 40),
            "measure": "find_rate",
            "subject_kind": "route",
            "subject_key": np.repeat([f"8517{n:02d}|US|US|A" for n in range(40)], find_rates.size),
            "stratum": "random",
            "units": units.ravel().astype(float),
            "events": dice.binomial(units, rates).ravel().astype(float),
        }
    )


def follow(counts: pd.DataFrame, days: range) -> tuple[list[Episode], dict[int, Looked]]:
    """Look at each day as the warehouse would; return the episodes and what each day brought."""
    episodes: dict[str, Episode] = {}
    told = {}
    on = counts["counted_on"]
    for number in days:
        day = FIRST + timedelta(number)
        known = counts[(on < day) & (on >= day - timedelta(WINDOW))]
        told[number] = looked = look(known, list(episodes.values()), MEASURES, day, CONFIG)
        for each in looked.endings:
            open_one = vars(episodes[each.focus_id])
            ended = {"until_on": each.until_on, "ended_because": each.because}
            episodes[each.focus_id] = Episode(**open_one | ended)
        for each in looked.changes:
            kept = {n: getattr(each, n) for n in Episode.__dataclass_fields__ if hasattr(each, n)}
            episodes[each.focus_id] = Episode(
                **kept, detected_on=day, until_on=None, ended_because=None
            )
    return list(episodes.values()), told


def test_an_episode_is_told_once_and_ends_when_the_level_comes_back() -> None:
    rates = np.full(150, 0.05)
    rates[90:110] = 0.35
    episodes, told = follow(world(rates), range(85, 150))
    assert [(each.subject_key, each.direction) for each in episodes] == [
        ("851700|US|US|A", "rising")
    ]
    (episode,) = episodes
    assert 91 <= (episode.detected_on - FIRST).days <= 95
    assert episode.ended_because == "returned"
    assert episode.until_on is not None
    assert abs((episode.until_on - FIRST).days - 110) <= 3
    (change_,) = [each for looked in told.values() for each in looked.changes]
    assert change_.is_adverse
    assert change_.level_before == pytest.approx(0.05, abs=0.03)
    assert 0.2 < change_.level_after < 0.7
    assert change_.strength > 3
    assert change_.trend_per_week is not None


def test_what_lasts_becomes_usual_and_is_no_news_any_more() -> None:
    rates = np.full(200, 0.05)
    rates[90:] = 0.35
    episodes, told = follow(world(rates), range(85, 200))
    (episode,) = episodes
    assert episode.ended_because == "usual"
    assert told[150].changes == [] == told[199].changes
    # what it is then held against is the new level: going back is news again
    rates[175:] = 0.05
    episodes, _ = follow(world(rates), range(85, 200))
    assert [(each.direction, each.ended_because) for each in episodes] == [
        ("rising", "usual"),
        ("falling", None),
    ]


def test_an_episode_of_which_nothing_more_is_seen_ends() -> None:
    rates = np.full(150, 0.05)
    rates[90:] = 0.35
    counts = world(rates)
    is_gone = (counts["subject_key"] == "851700|US|US|A") & (
        counts["counted_on"] >= FIRST + timedelta(100)
    )
    episodes, _ = follow(counts[~is_gone], range(85, 150))
    assert [each.ended_because for each in episodes] == ["silent"]


def test_more_taken_back_than_came_in_counts_as_none() -> None:
    counts = world(np.full(100, 0.05))
    counts.loc[counts.index[-1], ["units", "events"]] = -2.0
    looked = look(counts, [], MEASURES, FIRST + timedelta(100), CONFIG)
    assert (looked.series_watched, looked.changes) == (40, [])


# --- words


def test_words_say_what_of_whom_from_what_to_what_and_since_when() -> None:
    route = ("route", "851712|VN|CN|A")
    en, zh = words(MEASURES["find_rate"], route, "rising", (0.05, 0.345), date(2026, 3, 6))
    assert en == (
        "commodity 851712 from CN by way of VN (kind of duty A):"
        " find rate rose from 5.0 % to 34.5 % since 2026-03-06"
    )
    assert zh == "自VN启运、原产CN的商品851712（税种A）：查获率自2026年3月6日起由5.0%升至34.5%"
    listed = indicator_measure("FS05", "count", "higher_is_riskier", "Notifications", "通报数")
    for measure in (*MEASURES.values(), listed):
        en, zh = words(measure, ("hs6_origin", "0201|BR"), "falling", (1.25, 0.5), FIRST)
        assert "0201" in en and "BR" in en and "fell" in en
        assert re.search(r"[\u3400-\u9fff]", zh) and "降至" in zh
