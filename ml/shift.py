"""How far a week's trade lies from what a model learned: pure measures, and their thresholds.

- The population stability index (PSI) of a feature or a score: the sum of (a - e) · ln(a / e) over
  bins, half a row added to each. Above 0.2 it is commonly called a shift (Siddiqi 2006). Chance
  alone spreads it as (1/n + 1/m) · chi-square (Yurdakul 2018), so it must exceed that as well.
  Bins are points at equal distance, and a value counts for the two beside it, by nearness. With
  hard edges at quantiles, as is usual, a rate that many rows share and that moves by a thousandth
  would cross an edge, and look like another world.
- The share of declarations whose importer, commodity or route had no result in the time that the
  model learned from, against the same share when it was made.
- The find rate of targeted inspections over that of random ones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ml.features import BY_NAME

Floats = NDArray[np.float64]
Counts = Floats  # a value may count for two bins, in parts
Name = Literal["feature", "features", "score", "novelty", "find_rate"]
Key = tuple[Name, str]  # measure and subject


@dataclass(frozen=True)
class Thresholds:
    """Beyond what a model has drifted, and on how much it is judged. None changes a score."""

    psi: float = 0.20
    # features that shift together where the score itself does not; those that grow are not counted
    features: int = 3
    # share of declarations of unknown parties, goods or routes above that at training
    novelty: float = 0.15
    # targeted inspections must find so many times as often as random ones
    lift: float = 1.5
    # how often chance may take any of a day's measures beyond
    chance: float = 0.001
    # business days are measured with the days before them
    week_days: int = 7
    find_rate_days: int = 28
    # of the time that a model learned from, the last days are what later ones are held against
    reference_days: int = 28
    # days after the newest label that any model learned from, before training is due again
    days_between_trainings: int = 3
    # declarations counted at most, drawn by a hash of their number
    reference_rows: int = 20_000
    day_rows: int = 100_000


@dataclass(frozen=True)
class Reference:
    """How something was distributed when a model learned."""

    points: Floats  # the bins, at equal distance; none for novelty
    counts: Counts  # of each bin, and of unknown values last; of novelty: novel, known

    @classmethod
    def of(cls, values: Floats, bins: int = 11) -> "Reference":
        """Return bins that span all but the outermost of ``values`` (nan: unknown), and counts."""
        known = values[~np.isnan(values)]
        low, high = np.quantile(known, (0.01, 0.99)) if known.size else (0.0, 0.0)
        points = np.linspace(low, high if high > low else low + 1, bins)
        return cls(points, binned(points, values))


@dataclass(frozen=True)
class Observation:
    """One measure on one day: ``counts`` are the day's own, the rest is of the week behind it."""

    measure: Name
    subject: str
    counts: Counts
    rows: int
    value: float
    threshold: float | None
    is_beyond: bool

    def words(self) -> tuple[str, str]:
        """Return what was observed, in English and in Chinese."""
        english, chinese = _WORDS[self.measure]
        subject_en, subject_zh = _KINDS.get(self.subject, (self.subject, self.subject))
        english = english.format(subject=subject_en, value=self.value)
        chinese = chinese.format(subject=subject_zh, value=self.value)
        if self.threshold is None:
            return english, chinese
        limit = f"{self.threshold:.2g}"
        return f"{english} (threshold {limit})", f"{chinese}（阈值 {limit}）"


_WORDS: dict[Name, tuple[str, str]] = {
    "feature": ("{subject}: PSI {value:.2f}", "特征 {subject}：PSI {value:.2f}"),
    "features": ("features that shifted: {value:.0f}", "发生偏移的特征数：{value:.0f}"),
    "score": ("score: PSI {value:.2f}", "评分分布：PSI {value:.2f}"),
    "novelty": (
        "share of declarations whose {subject} the model never learned of: {value:.2f}",
        "模型训练期内未出现过其{subject}的报关单占比：{value:.2f}",
    ),
    "find_rate": (
        "targeted inspections find {value:.2f} times as often as random ones",
        "精准布控查获率为随机布控的 {value:.2f} 倍",
    ),
}
_KINDS = {
    "importer": ("importer", "进口商"),
    "hs6": ("commodity", "商品"),
    "route": ("route", "路线"),
}


def binned(points: Floats, values: Floats) -> Counts:
    """Count each value for the two points beside it, by nearness, and unknown ones (nan) last."""
    is_known = ~np.isnan(values)
    within = np.clip(values[is_known], points[0], points[-1])
    place = (within - points[0]) / (points[1] - points[0])
    below = np.minimum(place.astype(int), points.size - 2)
    counts = np.zeros(points.size + 1)
    counts += np.bincount(below, below + 1 - place, counts.size)
    counts += np.bincount(below + 1, place - below, counts.size)
    counts[-1] = values.size - is_known.sum()
    return counts


def psi(reference: Counts, counts: Counts) -> float:
    """Return the population stability index of counts against those of the reference."""
    expected = (reference + 0.5) / (reference.sum() + 0.5 * reference.size)
    actual = (counts + 0.5) / (counts.sum() + 0.5 * counts.size)
    return float(((actual - expected) * np.log(actual / expected)).sum())


def psi_by_chance(reference: Counts, counts: Counts, chance: float) -> float:
    """Return the PSI that is exceeded with that probability though nothing has changed."""
    from scipy.stats import chi2

    filled = int(((reference > 0) | (counts > 0)).sum())
    spread = 1 / max(reference.sum(), 1) + 1 / max(counts.sum(), 1)
    return float(chi2.isf(chance, max(filled - 1, 1)) * spread)


def observed(
    references: dict[Key, Reference],
    day: dict[Key, Counts],
    week: dict[Key, Counts],
    thresholds: Thresholds,
) -> list[Observation]:
    """Hold a day, and the week that ends with it, against what the model learned."""
    # the chance of a day is shared by all of its measures
    chance = thresholds.chance / len(references)
    limits = {
        key: _novelty_limit(reference.counts, week[key], thresholds.novelty, chance)
        if key[0] == "novelty"
        else max(thresholds.psi, psi_by_chance(reference.counts, week[key], chance))
        for key, reference in references.items()
    }
    values = {
        key: _share(week[key]) if key[0] == "novelty" else psi(reference.counts, week[key])
        for key, reference in references.items()
    }
    found = [
        Observation(
            *key, day[key], round(week[key].sum()), values[key], limit, values[key] > (limit or 1)
        )
        for key, limit in limits.items()
    ]
    shifted = sum(
        each.is_beyond
        for each in found
        if each.measure == "feature" and not grows_by_itself(each.subject)
    )
    most = thresholds.features
    rows = max(each.rows for each in found)
    return [
        *found,
        Observation(
            "features", "all", np.array([float(shifted)]), rows, shifted, most, shifted >= most
        ),
    ]


def grows_by_itself(feature: str) -> bool:
    """Tell whether a feature adds up what came so far, and moves though nothing changes."""
    known = BY_NAME.get(feature)
    return known is not None and (
        known.unit == "log_count" or feature.startswith("revenue_per_inspection")
    )


def _share(counts: Counts) -> float:
    return float(counts[0] / max(counts.sum(), 1))


def _novelty_limit(reference: Counts, counts: Counts, more: float, chance: float) -> float | None:
    """Return the share of novel declarations that is too much; None without one at training."""
    from scipy.stats import norm

    before = int(reference.sum())
    if not before:
        return None
    usual = (reference[0] + 0.5) / (before + 1)
    spread = np.sqrt(usual * (1 - usual) * (1 / before + 1 / max(counts.sum(), 1)))
    return float(usual + max(more, norm.isf(chance) * spread))


def find_rate(counts: Counts, least: float) -> Observation | None:
    """Hold the find rate of targeted inspections against that of random ones; None if it cannot be.

    ``counts``: targeted inspections, findings among them, random inspections, findings among them.
    Beyond if the upper end of the ratio's 95 % interval (Katz et al. 1978) is less than ``least``.
    """
    targeted, found, random, found_at_random = (float(count) for count in counts)
    if not targeted or not random:
        return None
    ratio = (found + 0.5) / (targeted + 0.5) / ((found_at_random + 0.5) / (random + 0.5))
    spread = np.sqrt(
        1 / (found + 0.5) - 1 / (targeted + 0.5) + 1 / (found_at_random + 0.5) - 1 / (random + 0.5)
    )
    is_beyond = bool(ratio * np.exp(1.96 * spread) < least)
    rows = int(targeted + random)
    return Observation("find_rate", "targeted", counts, rows, ratio, least, is_beyond)
