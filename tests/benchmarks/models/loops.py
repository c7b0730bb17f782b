"""Loops over time: who inspects week by week sees the labels of what was inspected, and no other.

This system's loop is the real one (`customs-risk replay` and `customs-risk simulate`). Each rival
then has its own loop over the same weeks, under the rules of `ml.weekly`: the same capacity per
office and week, the same random share, and it begins to choose in the week in which this system
did.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from customs_risk.embedded import postgres
from customs_risk.sandbox.chance import uniform
from customs_risk.sandbox.home import point_to
from customs_risk.sandbox.inspectors import DETECTION_PROBABILITY
from customs_risk.sandbox.replay import LabelledFile
from customs_risk.sandbox.truth import read_truth
from customs_risk.settings import settings
from customs_risk.warehouse import read_arrow
from ml import weekly
from ml.baselines import CATEGORIES, NUMBERS
from tests.benchmarks.models.rivals import Learner, Ranked, Scorer

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# one to one to one: the grain stays one row per declaration
_DECIDED = f"""
select
    declarations.declaration_id,
    date_trunc('week', declarations.known_on)::date as week,
    {", ".join(f"declarations.{name}" for name in CATEGORIES)},
    {", ".join(f"declarations.{name}::float8 as {name}" for name in NUMBERS)},
    coalesce(-features.price_z, 0) as price_score,
    decisions.likelihood,
    decisions.ranking_score,
    decisions.selected_by <> 'none' as selected
from intermediate.int_declarations as declarations
inner join intermediate.int_declaration_features as features using (importer_id, declaration_id)
inner join treatment.decisions as decisions using (importer_id, declaration_id)
order by declarations.known_on, declarations.declaration_id
"""


@dataclass(frozen=True)
class Loop:
    """What somebody's loop chose, and how it ranked each week's declarations before choosing."""

    selected: Flags
    ranked: Ranked  # nan before it began to choose

    def of(self, rows: Flags) -> "Loop":
        """Return what was chosen among some of the rows."""
        likelihood = self.ranked.likelihood
        ranked = Ranked(self.ranked.score[rows], None if likelihood is None else likelihood[rows])
        return Loop(self.selected[rows], ranked)


def this_loop(home: Path, truth: pd.DataFrame) -> tuple[pd.DataFrame, Loop]:
    """Read what this system's loop did in a home that it left: its declarations and its choices.

    ``truth`` has declaration_id, found (0 or 1) and revenue_cny of a finding. In the answer:
    declaration_id, week, the columns of ml.baselines, price_score, found, revenue_cny.
    """
    with _reopened(home):
        decided = read_arrow(_DECIDED).to_pandas()
    rows = decided.merge(truth, on="declaration_id", validate="one_to_one")
    ranked = Ranked(
        rows.pop("ranking_score").to_numpy(float), rows.pop("likelihood").to_numpy(float)
    )
    return rows, Loop(rows.pop("selected").to_numpy(bool), ranked)


def rival_loop(rows: pd.DataFrame, learner: Learner, *, warm_up: int, seed: int = 271) -> Loop:
    """Let a rival choose week by week; nothing is learned but from what it chose in weeks before.

    Its first ``warm_up`` weeks are inspected at random.
    """
    dice = np.random.default_rng(seed)
    rate, random_share = settings().inspection_rate, settings().random_share
    week, found = rows["week"].to_numpy(), rows["found"].to_numpy(float)
    office = weekly.inspectors(rows, settings().capacity_of)
    selected = np.zeros(len(rows), dtype=bool)
    score, likelihood = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    tells_likelihood = False
    for number, current in enumerate(np.unique(week)):
        here = np.flatnonzero(week == current)
        share = 1.0
        if number >= warm_up and np.unique(found[selected]).size == 2:
            ranked = learner(rows[selected], found[selected])(rows.iloc[here])
            score[here], share = ranked.score, random_share
            tells_likelihood = ranked.likelihood is not None
            if tells_likelihood:
                likelihood[here] = ranked.likelihood
        selected[here] = weekly.select(np.nan_to_num(score[here]), office[here], rate, share, dice)
    return Loop(selected, Ranked(score, likelihood if tells_likelihood else None))


def by_price(_rows: pd.DataFrame, _found: Floats) -> Scorer:
    """Learn nothing: score by how far a price lies below that of its goods."""
    return lambda others: Ranked(others["price_score"].to_numpy(float))


def within_week(score: Floats, week: NDArray[np.generic]) -> Floats:
    """Return each row's place in its week, from 0 to 1; scores of two weeks are not compared."""
    places = pd.Series(score).groupby(week).transform(lambda s: rankdata(s, "min") / len(s))
    return places.to_numpy(float)


def best_possible(gain: Floats, selected: Flags, place: NDArray[np.generic]) -> Flags:
    """Choose what gains most, in each place (a week, or a week's office) as many as were chosen."""
    capacity = pd.Series(selected).groupby(place).transform("sum").to_numpy()
    standing = pd.Series(-gain).groupby(place).rank(method="first").to_numpy()
    return standing <= capacity


def labelled_truth(file: LabelledFile) -> pd.DataFrame:
    """Return what is true of each declaration of a labelled file."""
    return file.truth().rename(
        columns={"has_finding": "found", "additional_duty_cny": "revenue_cny"}
    )


def sandbox_truth(home: Path, seed: int) -> pd.DataFrame:
    """Return what an inspection of each live declaration of a sandbox's world would find.

    One in ten that looks at an offence does not see it; which, the world's own dice tell.
    """
    truth = read_truth(home)
    is_seen = uniform(seed, "detection", truth["declaration_id"].to_numpy(object))
    found = truth["offence"].notna() & (is_seen < DETECTION_PROBABILITY)
    return pd.DataFrame(
        {
            "declaration_id": truth["declaration_id"],
            "found": found.astype(int),
            "revenue_cny": truth["revenue_cny"].where(found, 0.0),
        }
    )


@contextmanager
def _reopened(home: Path) -> Iterator[None]:
    point_to(home)
    postgres.start(home, settings().time_zone)
    try:
        yield
    finally:
        postgres.stop(home)
