"""Has a series left its own past, and since when? Over thousands of series, with few false alarms.

For every day on which a change may have begun, a Bayes factor holds what was seen since against
what the series' past leads one to expect; their sum is a Shiryaev-Roberts statistic, an e-detector
(Shin, Ramdas and Rinaldo, 2024, New England J. Stat. Data Sci.). While nothing changes, its mean at
any stopping time is at most the time that has passed, so a threshold of n series / a false alarms a
day gives at most a false alarms a day over all of them, however they depend on each other: e-d-
Bonferroni of Dandapanthula and Ramdas (2025, arXiv 2501.04130), who show that false alarms can only
be bounded per time. The e-Benjamini-Hochberg rule (Wang and Ramdas, 2022, JRSS B 84, 822) bounds
their share in each day's list instead, and wants about 3 nats more of a first alarm.

Two kinds of series, both told in sums, so that a day costs the window and not the history:

rates   events among units (findings of inspections). Counts are taken for Poisson around what units
        of the same kind brought elsewhere in the same weeks (indirect standardisation, as in the
        risk-adjusted charts of Steiner et al., 2000, Biostatistics 1, 441), times the series' own
        factor, which a gamma distribution knows from the past. What all share is no change of one.
levels  one value a week, so that days of the week cancel: numbers of declarations on the scale on
        which counts spread alike (Anscombe, 1948), mean prices. Taken for normal with the series'
        own variance, moderated by that of the others (Smyth, 2004, Stat. Appl. Genet. 3, 3).

What is assumed: weeks are independent given the level; a rate's spread beyond chance is that of its
family (quasi-Poisson); the past holds for a random member of the family, not for each. False alarms
are counted over many series, so that is enough. What this leaves open (windows slide, spreads are
estimated) was measured on 20 worlds of 1,000 quiet series over 120 days, with weeks, holidays and
bursts: of the 4.5 false alarms a month that are allowed, 0.1 came about in find rates (1.0 where a
day's findings cluster), 1.5 in numbers of declarations, 1.5 in prices.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.intp]

DAYS_OF_MONTH = 30
WEEK = 7


@dataclass(frozen=True)
class ChangeConfig:
    """Every setting that can change what is in focus."""

    # what is looked at: so much of the past, of series with so many units in it
    window_days: int = 18 * WEEK
    least_units: int = 20
    # over all series of a measure, however many; of fewer than so many series, their part of it
    false_alarms_per_month: float = 4.5
    least_watched: int = 1_000
    # when a change may have begun: each day at first, then more coarsely
    days_ago: tuple[int, ...] = (*range(1, 11), 12, 14, 17, 21, 28, 35, 42)
    weeks_ago: tuple[int, ...] = (1, 2, 3, 4, 6)
    # how many times a rate may have grown or shrunk, and how likely: what is large cannot wait
    factors: tuple[float, ...] = (1.5, 2.5, 4.0, 7.0)
    factor_weights: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4)
    rising_weight: float = 0.8
    # what the family's rate is worth beside a series' own past, in expected events
    prior_events: float = 1.0
    # the family's rate is that of so many days; beside the window's, worth so many units
    rate_days: int = 4 * WEEK
    rate_units: float = 8.0
    # spread is learned without the newest weeks, which may have changed; the family's counts as
    # much as so many weeks of the series' own
    unsettled_weeks: int = 4
    dispersion_weeks: float = 26.0
    # a level may have moved by so many of its weekly standard deviations
    shift: float = 3.0
    # a week's mean of n values counts n / (n + this): weeks differ by more than chance
    units_for_half: float = 5.0
    # an episode ends when its level would come back by chance once in so many days only, when it
    # has lasted so long that it is what is usual, or when nothing more is seen
    days_between_false_returns: float = 1_000.0
    usual_after_days: int = 8 * WEEK
    silent_after_days: int = 4 * WEEK

    def hash(self) -> str:
        """Return the SHA-256 of the settings."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Evidence:
    """How much speaks for a change, one position per series."""

    log_e: Floats  # logarithm of the e-detector; minus infinity where nothing can be said
    rises: Flags
    days_ago: Ints  # since when, most likely: 1 is the newest day


def alarms(log_e: Floats, units: Floats, watched: int, config: ChangeConfig) -> Flags:
    """Return which series of a family have changed.

    ``watched``: how many series share one allowance of false alarms. The family's part goes with
    their number; within it a series' part goes with the root of the ``units`` that its past had
    (not of those that are judged): who has few cannot be noticed soon in any case.
    """
    per_day = config.false_alarms_per_month / DAYS_OF_MONTH
    root = np.sqrt(1 + units)
    parts = root * root.size / max(root.sum(), 1)
    return log_e + np.log(parts) >= np.log(max(watched, config.least_watched) / per_day)


def expected_events(events: Floats, units: Floats, like: Flags, config: ChangeConfig) -> Floats:
    """Return the events that so many units bring in the family, in the weeks up to their day.

    ``events`` and ``units``: strata x series x days. ``like``: the series that the others are
    compared with; those that are known to have changed are not.
    """
    total_events, total_units = events[:, like].sum(1), units[:, like].sum(1)
    seen, found = (
        _trailing(total_units, config.rate_days),
        _trailing(total_events, config.rate_days),
    )
    usual = total_events.sum(-1, keepdims=True) / np.maximum(total_units.sum(-1, keepdims=True), 1)
    rate = (found + config.rate_units * usual) / (seen + config.rate_units)
    return units * rate[:, np.newaxis, :]


def of_rates(events: Floats, expected: Floats, config: ChangeConfig) -> Evidence:
    """Weigh the evidence that series of events differ from their past; strata x series x days.

    Strata (kinds of selection) have a factor each, and change together.
    """
    spread = _dispersion(events, expected, config)[..., np.newaxis]
    seen, seen_before = (part / spread for part in _split(events, config.days_ago))
    due, due_before = (part / spread for part in _split(expected, config.days_ago))
    shape, scale = config.prior_events + seen_before, config.prior_events + due_before
    factors = np.array(config.factors)
    weights = np.log(config.factor_weights)[:, np.newaxis, np.newaxis]

    def of(direction: float, weight: float) -> Floats:
        factor = (factors**direction)[:, np.newaxis, np.newaxis, np.newaxis]
        grown = (scale + factor * due) / (scale + due)
        bayes = (seen * np.log(factor) - (shape + seen) * np.log(grown)).sum(1)
        return _log_sum(bayes + weights, 0) + np.log(weight)

    rising, falling = of(1, config.rising_weight), of(-1, 1 - config.rising_weight)
    rises = _log_sum(rising, -1) > _log_sum(falling, -1)
    likeliest = np.where(rises[:, np.newaxis], rising, falling).argmax(-1)
    return Evidence(
        _log_sum(np.logaddexp(rising, falling), -1), rises, np.array(config.days_ago)[likeliest]
    )


def of_levels(values: Floats, weights: Floats, config: ChangeConfig) -> Evidence:
    """Weigh the evidence that weekly values differ from their past; series x weeks.

    A value of weight w spreads with the series' variance / w around its level; one of weight 0 is
    unknown.
    """
    variance, freedom, usual_weight = _moderated_variance(values, weights, config)
    weight, weight_before = _split(weights, config.weeks_ago)
    total, total_before = _split(values * weights, config.weeks_ago)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = total / weight - total_before / weight_before
        chance = 1 / weight + 1 / weight_before
        changed = chance + (config.shift**2 / usual_weight)[:, np.newaxis]
        squared = step**2 / variance[:, np.newaxis]
        n = freedom[:, np.newaxis]
        bayes = 0.5 * np.log(chance / changed) + (n + 1) / 2 * (
            np.log1p(squared / chance / n) - np.log1p(squared / changed / n)
        )
    bayes = np.where(np.isfinite(bayes) & (weight > 0) & (weight_before > 1), bayes, -np.inf)
    likeliest = bayes.argmax(-1)
    rises = np.take_along_axis(step, likeliest[:, np.newaxis], -1)[:, 0] > 0
    return Evidence(_log_sum(bayes, -1), rises, WEEK * np.array(config.weeks_ago)[likeliest])


def weekly(daily: Floats) -> Floats:
    """Return the sums of weeks that end with the newest day; what is no whole week is left out."""
    weeks = daily.shape[-1] // WEEK
    return (
        daily[..., daily.shape[-1] - WEEK * weeks :].reshape(*daily.shape[:-1], weeks, WEEK).sum(-1)
    )


def level_of_counts(counts: Floats, like: Flags) -> Floats:
    """Return weekly counts on the scale on which they spread alike, in step with their family.

    ``counts``: series x weeks. ``like``: the series whose total is the family's.
    """
    total = counts[like].sum(0)
    in_step = np.where(total > 0, total.mean() / np.maximum(total, 1), 1)
    return np.sqrt(counts * in_step + 3 / 8)


def _split(daily: Floats, lengths: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the sums of the newest days, for each length, and of all before them."""
    sums = np.cumsum(daily[..., ::-1], axis=-1)
    newest = sums[..., np.minimum(lengths, daily.shape[-1]) - 1]
    return newest, sums[..., -1:] - newest


def _trailing(daily: Floats, days: int) -> Floats:
    sums = np.cumsum(daily, axis=-1)
    sums[..., days:] -= sums[..., :-days].copy()
    return sums


def _dispersion(events: Floats, expected: Floats, config: ChangeConfig) -> Floats:
    """Return how much more weekly counts spread than by chance, at least 1; strata x series.

    Pearson's statistic, drawn towards the family's.
    """
    seen = weekly(events)[..., : -config.unsettled_weeks]
    due = weekly(expected)[..., : -config.unsettled_weeks]
    factor = (seen.sum(-1, keepdims=True) + 0.5) / (due.sum(-1, keepdims=True) + 0.5)
    mean = factor * due
    has_units = due > 0
    # a week in which next to nothing is expected would make a single event look like much
    pearson = np.where(has_units, (seen - mean) ** 2 / np.maximum(mean, 0.3), 0).sum(-1)
    freedom = np.maximum(has_units.sum(-1) - 1, 0)
    of_family = max(pearson.sum() / max(freedom.sum(), 1), 1.0)
    own_weeks = config.dispersion_weeks
    return np.maximum((own_weeks * of_family + pearson) / (own_weeks + freedom), 1.0)


def _moderated_variance(
    values: Floats, weights: Floats, config: ChangeConfig
) -> tuple[Floats, Floats, Floats]:
    """Return variance, its degrees of freedom and the usual weight of a week, per series."""
    settled = slice(None, -config.unsettled_weeks)
    value, weight = values[:, settled], weights[:, settled]
    is_known = weight > 0
    known = is_known.sum(-1)
    usual_weight = weight.sum(-1) / np.maximum(known, 1)
    centre = (value * weight).sum(-1) / np.maximum(weight.sum(-1), 1e-9)
    squares = (weight * (value - centre[:, np.newaxis]) ** 2).sum(-1)
    own_freedom = np.maximum(known - 1, 0)
    prior, prior_freedom = _prior_variance(squares, own_freedom)
    freedom = prior_freedom + own_freedom
    variance = (prior_freedom * prior + squares) / np.maximum(freedom, 1)
    return np.maximum(variance, 1e-9), np.maximum(freedom, 1e-9), np.maximum(usual_weight, 1e-9)


# fewer variances, or such of fewer weeks, say nothing about how variances differ
_LEAST_VARIANCES, _LEAST_FREEDOM = 10, 4
# degrees of freedom that are as good as a known variance
_MOST_FREEDOM = 1_000.0


def _prior_variance(squares: Floats, freedom: NDArray[np.int_]) -> tuple[float, float]:
    """Return the variance around which those of the family lie, and its degrees of freedom.

    After Smyth (2004), section 6.2: from mean and variance of the logarithms. Too few to tell: 0
    degrees, and each series stands for itself.
    """
    from scipy.optimize import brentq
    from scipy.special import digamma, polygamma

    usable = (freedom >= _LEAST_FREEDOM) & (squares > 0)
    if usable.sum() < _LEAST_VARIANCES:
        return 0.0, 0.0
    half = freedom[usable] / 2
    logs = np.log(squares[usable] / freedom[usable]) - digamma(half) + np.log(half)
    excess = logs.var(ddof=1) - polygamma(1, half).mean()
    prior_half = _MOST_FREEDOM / 2
    if excess > polygamma(1, prior_half):
        prior_half = brentq(lambda x: polygamma(1, x) - excess, 1e-3, prior_half)
    return float(np.exp(logs.mean() + digamma(prior_half) - np.log(prior_half))), 2 * prior_half


def _log_sum(logs: Floats, axis: int) -> Floats:
    return np.logaddexp.reduce(logs, axis=axis)
