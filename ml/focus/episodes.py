"""Episodes: when a series leaves its past, and when that is over.

A series that has changed begins an episode, which is told once. It ends when its level comes back,
when it has lasted so long that it is what is usual, or when nothing more is seen. What came back is
left out of the past that the series is held against from then on; what became usual begins a new
one. While in focus, a series is no measure for its family.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from ml.focus import change
from ml.focus.change import WEEK, ChangeConfig, Evidence, Flags, Floats, Ints
from ml.focus.words import Direction, Measure, words

_TREND_WEEKS = 8


@dataclass(frozen=True)
class Episode:
    """One series that left its past and was noticed; ``until_on`` is None while it is in focus."""

    focus_id: str
    measure: str
    subject_kind: str
    subject_key: str
    direction: Direction
    since_on: date
    detected_on: date
    until_on: date | None
    ended_because: str | None


@dataclass(frozen=True)
class Change:
    """One series that has newly left its past; as it is stored."""

    focus_id: str
    measure: str
    subject_kind: str
    subject_key: str
    direction: Direction
    is_adverse: bool
    since_on: date
    level_before: float
    level_after: float
    trend_per_week: float | None
    strength: float  # decimal logarithm of the e-detector
    en: str
    zh: str


@dataclass(frozen=True)
class Ending:
    """One episode that is over."""

    focus_id: str
    until_on: date
    because: Literal["returned", "usual", "silent"]


@dataclass(frozen=True)
class Looked:
    """What a day's look at all series brought."""

    series_watched: int
    changes: list[Change]
    endings: list[Ending]


@dataclass(frozen=True)
class Family:
    """The series of one measure and kind of subject.

    ``units`` and ``events``: strata x series x days of the window, the newest last.
    """

    measure: Measure
    subject_kind: str
    keys: "pd.Index[str]"
    units: Floats
    events: Floats
    seen: Flags  # series x days: what belongs to the series' present past
    episode: Ints  # which of the episodes is the series' open one, -1 without one
    config: ChangeConfig

    @cached_property
    def in_focus(self) -> Flags:
        """Which series are in focus already."""
        return self.episode >= 0

    @cached_property
    def past_units(self) -> Floats:
        """How many units each series had before the newest weeks, which are judged."""
        return self.units[..., : -WEEK * self.config.unsettled_weeks].sum((0, 2))

    @cached_property
    def expected(self) -> Floats:
        """The events that the family would have had in each series' place."""
        return change.expected_events(self.events, self.units, ~self.in_focus, self.config)

    @cached_property
    def evidence(self) -> Evidence:
        """What speaks for a change of each series."""
        if self.measure.kind == "rate":
            return change.of_rates(self.events, self.expected, self.config)
        is_whole = (change.weekly(self.seen.astype(float)) == WEEK).astype(float)
        units, events = change.weekly(self.units[0]), change.weekly(self.events[0])
        if self.measure.kind == "count":
            values = change.level_of_counts(events, ~self.in_focus)
            return change.of_levels(values, is_whole, self.config)
        weights = is_whole * units / (units + self.config.units_for_half)
        return change.of_levels(events / np.maximum(units, 1), weights, self.config)

    def levels(self, row: int, days: int) -> tuple[float, float]:
        """Return a series' level before and since.

        That of a rate before is what its past would have brought among the units since, so that
        what is selected differently is compared with its like.
        """
        units, events = self.units[:, row], self.events[:, row]
        before, since = slice(None, -days), slice(-days, None)
        if self.measure.kind == "count":
            lasted = max(int(self.seen[row, before].sum()), 1)
            return WEEK * events[:, before].sum() / lasted, WEEK * events[:, since].sum() / days
        level = events[:, since].sum() / units[:, since].sum()
        if self.measure.kind == "mean":
            return events[:, before].sum() / units[:, before].sum(), level
        prior, expected = self.config.prior_events, self.expected[:, row]
        factors = (prior + events[:, before].sum(1)) / (prior + expected[:, before].sum(1))
        return factors @ expected[:, since].sum(1) / units[:, since].sum(), level

    def trend(self, row: int) -> float | None:
        """Return by how much the level moves a week over the newest weeks (Theil and Sen)."""
        from scipy.stats import theilslopes

        units = change.weekly(self.units[:, row].sum(0))[-_TREND_WEEKS:]
        levels = change.weekly(self.events[:, row].sum(0))[-_TREND_WEEKS:]
        weeks = np.arange(_TREND_WEEKS)
        if self.measure.kind != "count":
            weeks = np.flatnonzero(units > 0)
            levels = levels[weeks] / units[weeks]
        return float(theilslopes(levels, weeks).slope) if weeks.size > 2 else None


def look(
    counts: pd.DataFrame,
    episodes: Sequence[Episode],
    measures: Mapping[str, Measure],
    day: date,
    config: ChangeConfig,
) -> Looked:
    """Look at all series as they were known before a day.

    ``counts``: counted_on, measure, subject_kind, subject_key, stratum, units, events of the
    window's days. ``episodes``: those that reach into the window.
    """
    families = [
        _family(measures[str(name)], str(kind), rows, episodes, day, config)
        for (name, kind), rows in counts.groupby(["measure", "subject_kind"], observed=True)
        if name in measures  # an indicator may be kept no more
    ]
    watched = Counter[str]()
    for family in families:
        watched[family.measure.group] += int(np.count_nonzero(~family.in_focus))
    changes = []
    for family in families:
        quiet = np.flatnonzero(~family.in_focus)
        changed = change.alarms(
            family.evidence.log_e[quiet],
            family.past_units[quiet],
            watched[family.measure.group],
            config,
        )
        changes += [_change(family, row, day) for row in quiet[changed]]
    return Looked(watched.total(), changes, _endings(families, episodes, day, config))


def _family(
    measure: Measure,
    kind: str,
    rows: pd.DataFrame,
    episodes: Sequence[Episode],
    day: date,
    config: ChangeConfig,
) -> Family:
    first = day - timedelta(config.window_days)
    series, keys = pd.factorize(rows["subject_key"], sort=True)
    stratum, strata = pd.factorize(rows["stratum"], sort=True)
    on = (pd.to_datetime(rows["counted_on"]) - pd.Timestamp(first)).dt.days.to_numpy()
    units, events = np.zeros((2, len(strata), len(keys), config.window_days))
    units[stratum, series, on], events[stratum, series, on] = rows["units"], rows["events"]
    if measure.kind != "mean":
        # corrections may take back more than a day brought
        events = np.maximum(events, 0)
    # before anything was counted nothing is known, and that is not none
    seen = np.tile(np.arange(config.window_days) >= on.min(), (len(keys), 1))
    open_one = np.full(len(keys), -1)
    for number, episode in enumerate(episodes):
        if (episode.measure, episode.subject_kind) != (measure.name, kind):
            continue
        row = keys.get_indexer(pd.Index([episode.subject_key]))[0]
        if row >= 0:
            seen[row, _left_out(episode, first)] = False
            open_one[row] = number if episode.until_on is None else open_one[row]
    units = np.maximum(units, 0) * seen
    return Family(measure, kind, keys, units, events * seen, seen, open_one, config)


def _left_out(episode: Episode, first: date) -> slice:
    """Return the days of the window that an episode takes from its series' past."""
    began = max((episode.since_on - first).days, 0)
    if episode.until_on is None or episode.ended_because == "usual":
        return slice(0, began)
    return slice(began, (episode.until_on - first).days)


def _change(family: Family, row: int, day: date) -> Change:
    measure, subject = family.measure, (family.subject_kind, str(family.keys[row]))
    days = int(family.evidence.days_ago[row])
    since = day - timedelta(days)
    direction: Direction = "rising" if family.evidence.rises[row] else "falling"
    levels = family.levels(row, days)
    en, zh = words(measure, subject, direction, levels, since)
    return Change(
        focus_id="|".join((measure.name, *subject, f"{day:%Y%m%d}")),
        measure=measure.name,
        subject_kind=subject[0],
        subject_key=subject[1],
        direction=direction,
        is_adverse=direction == measure.adverse,
        since_on=since,
        level_before=float(levels[0]),
        level_after=float(levels[1]),
        trend_per_week=family.trend(row),
        strength=float(family.evidence.log_e[row] / np.log(10)),
        en=en,
        zh=zh,
    )


def _endings(
    families: Sequence[Family], episodes: Sequence[Episode], day: date, config: ChangeConfig
) -> list[Ending]:
    places = {
        int(family.episode[row]): (family, int(row))
        for family in families
        for row in np.flatnonzero(family.in_focus)
    }
    ended = (
        _ending(episode, places.get(number), day, config)
        for number, episode in enumerate(episodes)
        if episode.until_on is None
    )
    return [ending for ending in ended if ending]


def _ending(
    episode: Episode,
    place: tuple[Family, int] | None,
    day: date,
    config: ChangeConfig,
) -> Ending | None:
    """Return how an open episode ends on a day, or None while it goes on."""

    def ends(on: date, because: Literal["returned", "usual", "silent"]) -> Ending:
        return Ending(episode.focus_id, max(on, episode.since_on), because)

    silent_since = day - timedelta(config.silent_after_days)
    if place is None:
        return ends(silent_since, "silent")
    family, row = place
    evidence = family.evidence
    goes_back = bool(evidence.rises[row]) != (episode.direction == "rising")
    if goes_back and evidence.log_e[row] >= np.log(config.days_between_false_returns):
        return ends(day - timedelta(int(evidence.days_ago[row])), "returned")
    has_units = family.units[:, row, -config.silent_after_days :].any()
    if family.measure.kind != "count" and not has_units:
        return ends(silent_since, "silent")
    if episode.detected_on <= day - timedelta(config.usual_after_days):
        return ends(day, "usual")
    return None
