"""Sandbox worlds side by side in one warehouse, to hold what feedback estimates against the truth.

Each seed has a month whose inspectors find what is there with the stated probability, and one whose
offices differ in how much they find. Who offends and what a finding brings are the sandbox's, and
so are the inspectors; selection and estimates are the real ones. The score knows how bad the
traders of an office are, and sees a part of the truth.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import generator
from customs_risk.sandbox.inspectors import DETECTION_PROBABILITY, inspect
from customs_risk.sandbox.world import World
from customs_risk.transform import transform
from customs_risk.warehouse import connect

# what the score sees of an offence, in standard deviations of what blurs it
_SEEN = 1.2
# how much of what is there the offices of the second month find, relative to the stated probability
_EFFECTS = (0.55, 1.1)
_FIRST_MONTH = date(1990, 1, 1)
_COLUMNS = (
    "seed", "month", "declaration_id", "importer_id", "office_code", "likelihood", "score",
    "offends", "is_found", "revenue_cny", "effect",
)  # fmt: skip

_TABLE = """
create table worlds (
    seed int, month date, declaration_id text, importer_id text, office_code text,
    likelihood float8, score float8, offends boolean, is_found boolean, revenue_cny float8,
    effect float8
)
"""

_DECLARED = """
insert into intermediate.int_declarations
    (importer_id, declaration_id, office_code, hs6, goods_name, known_at, known_on, is_backfill,
    recorded_at)
select importer_id, declaration_id, office_code, '020130', 'beef', month, month, false, now()
from worlds;

insert into ml.conclusions
    (importer_id, declaration_id, model_version, likelihood, ranking_score, exploration_score,
    level, uncertainty_kind, as_of)
select
    importer_id, declaration_id, 'm1', likelihood, score,
    hashtext(declaration_id) / 2147483648.0, 'low', 'estimate', month + time '18:00'
from worlds;

analyze worlds;
analyze intermediate.int_declarations;
analyze ml.conclusions
"""

_ANSWERED = """
insert into intermediate.int_inspection_versions
    (importer_id, declaration_id, result_id, version_no, is_latest, is_backfill, selected_by,
    has_finding, finding_type, additional_duty_cny, known_on, known_at, recorded_at)
select
    importer_id, declaration_id, 'R' || declaration_id, 1, true, false, selected_by,
    is_found, case when is_found then 'undervaluation' end,
    case when is_found then revenue_cny else 0 end, month + 1, month + 1, now()
from worlds inner join treatment.instructions using (importer_id, declaration_id)
"""

# what is estimated of each plain month, and what is true of it
_MONTHS = """
with truth as (
    select
        month,
        count(*)::float8 as declarations,
        count(*) filter (where is_found)::float8 as findings,
        count(*) filter (where offends and instruction_id is null)::float8 as violations,
        coalesce(sum(revenue_cny) filter (where offends and instruction_id is null), 0)
            as revenue_cny
    from worlds left join treatment.instructions using (importer_id, declaration_id)
    where effect is null
    group by month
)

select 'find_rate', findings / declarations, value, low, high
from truth inner join feedback.metrics
    on metric_code = 'reweighted_find_rate' and cohort_kind = 'month' and cohort_on = month
    and dimension = 'all'
union all
select 'raw_find_rate_of_random', findings / declarations, value, low, high
from truth inner join feedback.metrics
    on metric_code = 'find_rate' and cohort_kind = 'month' and cohort_on = month
    and dimension = 'selected_by' and dimension_value = 'random'
union all
select 'leakage', violations, leaked_violations, leaked_violations_low, leaked_violations_high
from truth inner join feedback.leakage on period_kind = 'month' and period_from = month
union all
select
    'leakage_revenue', revenue_cny, leaked_revenue_cny, leaked_revenue_cny_low,
    leaked_revenue_cny_high
from truth inner join feedback.leakage on period_kind = 'month' and period_from = month
union all
-- an office is told relative to all offices of its month
select
    'office_effect',
    effect / (sum(effect * expected_as_selected) over of_month
        / sum(expected_as_selected) over of_month),
    relative_find_rate, relative_find_rate_low, relative_find_rate_high
from (select distinct month, office_code, effect from worlds where effect is not null) as planted
inner join feedback.office_comparison on month_on = month
    and office_comparison.office_code = planted.office_code
window of_month as (partition by month)
"""


@dataclass(frozen=True)
class Held:
    """How often intervals held the truth, and how wide they were."""

    intervals: int
    share: float
    estimate_to_truth: float  # of the totals
    high_to_low: float  # the median


def live_through(worlds: int, declarations: int) -> None:
    """Let every world be decided, inspected and reported on, in a standing warehouse."""
    with connect() as connection:
        connection.execute(_TABLE)
        copying = f"copy worlds ({', '.join(_COLUMNS)}) from stdin"
        with connection.cursor().copy(copying) as copy:
            for seed in range(worlds):
                for row in _rows(seed, declarations):
                    copy.write_row(row)
        connection.execute(_DECLARED)
    for layer in ("decide", "instruct"):
        transform(layer)  # type: ignore[arg-type]
    with connect() as connection:
        connection.execute(_ANSWERED)
    transform("feedback")


def held() -> dict[str, Held]:
    """Return by name of the figure how often its interval held what is true."""
    with connect() as connection:
        rows = connection.execute(_MONTHS).fetchall()
    told = pd.DataFrame(rows, columns=["name", "truth", "value", "low", "high"])
    return {str(name): _held(group) for name, group in told.groupby("name")}


def _held(told: pd.DataFrame) -> Held:
    numbers = told.drop(columns="name").astype(float)
    inside = (numbers["low"] <= numbers["truth"]) & (numbers["truth"] <= numbers["high"])
    return Held(
        intervals=len(told),
        share=float(inside.mean()),
        estimate_to_truth=float(numbers["value"].sum() / numbers["truth"].sum()),
        high_to_low=float((numbers["high"] / numbers["low"].clip(lower=1e-9)).median()),
    )


def _rows(seed: int, declarations: int) -> Iterator[tuple[Any, ...]]:
    """Yield what is true and what is believed of a world's two days, each put into a month."""
    world = World(Path(), seed, declarations)
    for number, day in enumerate(world.live_days(2)):
        month = (pd.Timestamp(_FIRST_MONTH) + pd.DateOffset(months=2 * seed + number)).date()
        declared = world.declarations(day)
        rng = generator(seed, "benchmark", number)
        effects = _effects(rng, declared) if number else None
        likelihood, score = _believed(rng, declared)
        yield from zip(
            [seed] * len(declared),
            [month] * len(declared),
            [f"{seed}-{name}" for name in declared["declaration_id"]],
            declared["importer_id"],
            declared["office_code"],
            likelihood.tolist(),
            score.tolist(),
            declared["offence"].notna().tolist(),
            _found(seed, declared, effects).tolist(),
            declared["revenue_cny"].tolist(),
            [effects[office] if effects else None for office in declared["office_code"]],
            strict=True,
        )


def _effects(rng: np.random.Generator, declared: pd.DataFrame) -> dict[str, float]:
    offices = sorted(declared["office_code"].unique())
    return dict(zip(offices, rng.uniform(*_EFFECTS, len(offices)).tolist(), strict=True))


def _believed(rng: np.random.Generator, declared: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the likelihood of a finding, calibrated by Bayes' rule, and a score like it."""
    offends = declared["offence"].notna()
    overall = offends.mean()
    by_office = offends.groupby(declared["office_code"])
    base = (by_office.transform("sum") + 20 * overall) / (by_office.transform("size") + 20)
    seen = rng.normal(size=len(declared)) + _SEEN * offends
    odds = base / (1 - base) * np.exp(_SEEN * seen - _SEEN**2 / 2)
    likelihood = DETECTION_PROBABILITY * odds / (1 + odds)
    return likelihood, np.log(odds)


def _found(seed: int, declared: pd.DataFrame, effects: dict[str, float] | None) -> pd.Series:
    """Return whether an inspection of each declaration would find something."""
    places = declared["office_code"] if effects else np.zeros(len(declared))
    parts = []
    for office, rows in declared.groupby(places):
        asked = rows[["declaration_id", "office_code"]].assign(
            instruction_id=rows["declaration_id"], decided_on=_FIRST_MONTH, selected_by="random"
        )
        detection = DETECTION_PROBABILITY * (effects[str(office)] if effects else 1.0)
        staff = dict.fromkeys(rows["office_code"], 3)
        truth = rows[["declaration_id", "offence", "revenue_cny"]]
        days = np.full(len(rows), np.datetime64(_FIRST_MONTH, "D"))
        results = inspect(seed, asked, days, truth, staff, detection)
        parts.append(pd.Series(results["has_finding"].to_numpy(), index=rows.index))
    return pd.concat(parts).reindex(declared.index)
