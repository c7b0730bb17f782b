"""How far one lies from others of its kind, where neither chance nor outliers may mislead.

A subject has a true value of its own near that of its group; what is observed of it adds chance,
much where little was observed. So a subject is compared with what a *new* member of its group,
observed as often, would show. Groups are told by numbers from 0, one per subject. After
Spiegelhalter (2005, Qual. Saf. Health Care 14, 347) and Jones, Ohlssen and Spiegelhalter (2008,
J. Clin. Epidemiol. 61, 232), who compare hospitals.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.floating[Any]]
Groups = NDArray[np.intp]
Rows = NDArray[np.bool_]

# Huber's limit: what lies further out counts as if it lay there
_LIMIT = 1.5
# the mean square of a normal number that is cut off there
_MEAN_SQUARE = stats.chi2.cdf(_LIMIT**2, 3) + _LIMIT**2 * stats.chi2.sf(_LIMIT**2, 1)
_ROUNDS = 8
_HALVINGS = 40
# share of subjects that are taken for usual to begin with
_CORE = 0.9
_PASSES = 4
_HARDLY_CHANCE = 1e-5
# squared standard distance below which nothing is hardly chance
_SUSPECT = 9.0
# a group's rate is drawn towards that of all groups as by so many trials
_PRIOR_TRIALS = 8.0
# more trials say little next to how members differ, and would only cost time
_MOST_TRIALS = 1_000
# a tail is never told to be smaller
_SMALLEST = 1e-300


@dataclass(frozen=True)
class Compared:
    """One position per subject, in the unit of what was compared."""

    centre: Floats  # of its group
    estimate: Floats  # its own value, drawn towards the centre as far as chance may explain it
    p: Floats  # probability, two-sided, that a new member of the group lies as far out


def compare_means(values: Floats, variances: Floats, groups: Groups) -> Compared:
    """Compare means, each with the variance that chance gives it. Tails are Student's."""
    centre, doubt, spread = _centre_and_spread(values, variances, groups)
    away = values - centre
    t = away / np.sqrt(spread + variances + doubt)
    p = 2 * stats.t.sf(np.abs(t), _freedom(np.bincount(groups)[groups]))
    estimate = centre + away * spread / (spread + variances)
    return Compared(centre, estimate, np.maximum(p, _SMALLEST))


def _centre_and_spread(
    values: Floats, variances: Floats, groups: Groups
) -> tuple[Floats, Floats, Floats]:
    """Return each subject's group's centre, the centre's own variance, and that between members.

    Both are Huber's, found together (1964, Proposal 2); what chance brings is taken from the spread
    as by Paule and Mandel (1982).
    """
    centre: Floats = pd.Series(values).groupby(groups).median().to_numpy()
    sizes = np.bincount(groups)

    def excess(tried: Floats) -> Floats:
        distance = (values - centre[groups]) ** 2 / (tried[groups] + variances)
        clipped = np.bincount(groups, np.minimum(distance, _LIMIT**2)) / sizes
        return clipped - _MEAN_SQUARE

    none = np.zeros_like(centre)
    for _ in range(_ROUNDS):
        spread = _root(excess, none, none + float(np.ptp(values)) ** 2)
        scale = np.sqrt(spread[groups] + variances)
        distance = np.clip((values - centre[groups]) / scale, -_LIMIT, _LIMIT)
        centre = centre + np.bincount(groups, distance / scale) / np.bincount(groups, scale**-2)
    return centre[groups], 1 / np.bincount(groups, scale**-2)[groups], spread[groups]


def compare_rates(hits: Floats, trials: Floats, groups: Groups) -> Compared:
    """Compare rates: hits of trials, where members of a group differ as in a beta distribution.

    How much they differ (the correlation of a member's trials, Williams 1982) is learned over all
    groups, since rare events say little in one; each tail of the beta-binomial distribution becomes
    a normal number; and where these spread wider in a group, they are held against that.
    """
    many = trials > _MOST_TRIALS
    hits = np.where(many, np.rint(hits / trials * _MOST_TRIALS), hits)
    trials = np.minimum(trials, _MOST_TRIALS)
    rate, a, b = _usual(hits, trials, groups)
    score = np.sign(hits - trials * rate) * stats.norm.isf(_tail(hits, trials, a, b) / 2)
    centre, doubt, spread = _centre_and_spread(score, np.ones_like(score), groups)
    z = np.abs(score - centre) / np.sqrt(1 + spread + doubt)
    p = 2 * stats.t.sf(z, _freedom(len(hits)))
    return Compared(rate, (hits + a) / (trials + a + b), np.maximum(p, _SMALLEST))


def _usual(hits: Floats, trials: Floats, groups: Groups) -> tuple[Floats, Floats, Floats]:
    """Return the rate of each subject's group and the beta distribution of a new member's rate.

    It is learned from the core first; then from all but what is hardly chance by what was learned.
    """
    everyone = np.ones(len(hits), dtype=bool)
    distance = _squared_distance(hits, trials, *_learn(hits, trials, groups, everyone))
    kept = distance <= np.quantile(distance, _CORE)
    for _ in range(_PASSES):
        rate, correlation = _learn(hits, trials, groups, kept)
        a, b = rate * (1 / correlation - 1), (1 - rate) * (1 / correlation - 1)
        kept = _squared_distance(hits, trials, rate, correlation) < _SUSPECT
        kept[~kept] = _tail(hits[~kept], trials[~kept], a[~kept], b[~kept]) > _HARDLY_CHANCE
    return rate, a, b


def _learn(hits: Floats, trials: Floats, groups: Groups, kept: Rows) -> tuple[Floats, Floats]:
    """Return the rate and the correlation that a new member of each subject's group has."""
    everyone = (hits[kept].sum() + 0.5) / (trials[kept].sum() + 1)

    def rates(correlation: Floats) -> tuple[Floats, Floats]:
        weight = kept * trials / (1 + correlation * (trials - 1))
        known = np.bincount(groups, weight) + _PRIOR_TRIALS
        found = np.bincount(groups, weight * hits / trials) + _PRIOR_TRIALS * everyone
        return (found / known)[groups], known[groups]

    def excess(correlation: Floats) -> Floats:
        rate, _ = rates(correlation)
        distance = _squared_distance(hits, trials, rate, correlation)
        # where hits are rare, a distance tells little
        weight = kept / (2 + 1 / (trials * rate * (1 - rate)))
        return np.array([weight @ (distance - 1)])

    correlation = _root(excess, np.array([1e-6]), np.array([0.999]))
    rate, known = rates(correlation)
    # that the group's own rate is not quite known adds to how its members differ
    return rate, correlation + (1 - correlation) / known


def _freedom(members: Any) -> Any:
    """Return the degrees of freedom of a spread that outliers do not move: as from half as many."""
    return np.maximum(members / 2, 1)


def _squared_distance(hits: Floats, trials: Floats, rate: Floats, correlation: Floats) -> Floats:
    variance = trials * rate * (1 - rate) * (1 + correlation * (trials - 1))
    return (hits - trials * rate) ** 2 / variance


def _tail(hits: Floats, trials: Floats, a: Floats, b: Floats) -> Floats:
    """Return the two-sided tail of the beta-binomial distribution, the hits themselves included."""
    sizes = trials.astype(np.intp) + 1
    starts = np.cumsum(sizes) - sizes
    row = np.repeat(np.arange(len(hits)), sizes)
    count = np.arange(sizes.sum()) - starts[row]
    ways = special.gammaln(trials + 1) - special.betaln(a, b)
    log_share = (
        ways[row]
        - special.gammaln(count + 1)
        - special.gammaln(trials[row] - count + 1)
        + special.betaln(count + a[row], trials[row] - count + b[row])
    )
    share = np.exp(log_share)
    below = np.bincount(row, share * (count <= hits[row]), len(hits))
    above = np.bincount(row, share * (count >= hits[row]), len(hits))
    return np.clip(2 * np.minimum(below, above), _SMALLEST, 1)


def _root(falling: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Return where falling functions, one per position, cross zero; an end where they do not."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_left = falling(middle) > 0
        low, high = np.where(is_left, middle, low), np.where(is_left, high, middle)
    return high
