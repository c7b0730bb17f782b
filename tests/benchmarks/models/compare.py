"""Every row of a table on the same declarations, the same draws, the same measures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.benchmarks.models import measures
from tests.benchmarks.models.loops import (
    Loop,
    best_possible,
    by_price,
    rival_loop,
    within_week,
)
from tests.benchmarks.models.rivals import (
    Learner,
    Ranked,
    TunedLearner,
    learn_base_rate,
    learn_importers,
    learn_plain,
    ranked_split,
)
from tests.benchmarks.models.splits import Split

Floats = NDArray[np.float64]
Measured = dict[str, Floats]  # measure: its value on the sample, then on each resample

LAST_WEEKS = 13


def on_split(data: Split, apart: list[str]) -> dict[str, Measured]:
    """Measure all rivals on a split's future, whose days are drawn again and again.

    ``apart``: columns in which no row of the past agrees with one of the future.
    """
    future = data.future
    drawn = measures.draws(future.day)
    return {
        key: _measured(ranked, future.found, future.revenue_cny, drawn)
        for key, ranked in ranked_split(data, apart).items()
    }


@dataclass(frozen=True)
class Contest:
    """One world: its declarations in the order of time, and what each did in its own loop."""

    rows: pd.DataFrame  # week, office_code, found, revenue_cny
    loops: dict[str, Loop]


def contest(rows: pd.DataFrame, this: Loop) -> Contest:
    """Let every rival run its own loop over this system's declarations.

    What lies before the first week in which this system chose is left out: all was drawn then.
    """
    week = rows["week"].to_numpy()
    first = week[~np.isnan(this.ranked.score)].min()
    warm_up = int(np.unique(week[week < first]).size)
    learners: dict[str, Learner] = {
        "random": learn_base_rate,
        "price": by_price,
        "importer": learn_importers,
        "xgb": learn_plain,
        "xgb_tuned": TunedLearner(apart=[]),
    }
    chosen = {key: rival_loop(rows, each, warm_up=warm_up) for key, each in learners.items()}
    late = week >= first
    loops = {key: loop.of(late) for key, loop in (chosen | {"this": this}).items()}
    return Contest(rows[late].reset_index(drop=True), loops)


def on_loops(contests: list[Contest], places: list[str]) -> dict[str, Measured]:
    """Measure all rivals over the weeks of one or more worlds, which are drawn again and again.

    Norms are against somebody who knew all and inspected as many as this system in each week's
    ``places`` (columns; none: in the week as a whole).
    """
    rows = pd.concat(
        [each.rows.assign(world=n) for n, each in enumerate(contests)], ignore_index=True
    )
    found, revenue = rows["found"].to_numpy(float), rows["revenue_cny"].to_numpy(float)
    week = rows.groupby(["world", "week"]).ngroup().to_numpy()
    place = rows.groupby(["world", "week", *places]).ngroup().to_numpy()
    last = rows.groupby("world")["week"].transform(_is_last).to_numpy(float)
    drawn = measures.draws(week)
    capacity = np.concatenate([each.loops["this"].selected for each in contests])
    most_found = found * best_possible(found, capacity, place)
    most_revenue = revenue * best_possible(revenue, capacity, place)
    measured = {}
    for key in contests[0].loops:
        loops = [each.loops[key] for each in contests]
        ranked = Ranked(
            within_week(np.concatenate([each.ranked.score for each in loops]), week),
            _joined([each.ranked.likelihood for each in loops]),
        )
        caught = np.concatenate([each.selected for each in loops])
        measured[key] = _measured(ranked, found, revenue, drawn)
        for ending, counted in {"": np.ones_like(found), "_last": last}.items():
            for name, gain, most in (
                ("norm_precision", found, most_found),
                ("norm_revenue", revenue, most_revenue),
            ):
                measured[key][f"{name}{ending}"] = measures.ratio(
                    counted * caught * gain, counted * most, drawn
                )
    return measured


def _measured(ranked: Ranked, found: Floats, revenue: Floats, drawn: measures.Draws) -> Measured:
    measured = measures.ranking(ranked.score, found, revenue, drawn)
    if ranked.likelihood is None:
        return measured
    return measured | measures.calibration(ranked.likelihood, found, drawn)


def _is_last(week: "pd.Series[Any]") -> "pd.Series[bool]":
    return week >= sorted(week.unique())[-LAST_WEEKS:][0]


def _joined(likelihoods: list[Floats | None]) -> Floats | None:
    known = [each for each in likelihoods if each is not None]
    return np.concatenate(known) if len(known) == len(likelihoods) else None
