"""What the models read from the warehouse: features as they were stored, and results."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.baselines import CATEGORIES, NUMBERS
from ml.features import NAMES

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

# one row per declaration that was inspected: several results of one count together
_LABELLED = """
with

results as (
    select
        importer_id,
        declaration_id,
        bool_or(has_finding) as has_finding,
        sum(additional_duty_cny) as additional_duty_cny,
        min(known_on) as result_known_on,
        bool_or(selected_by = 'random') as is_random
    from intermediate.int_inspections
    group by importer_id, declaration_id
)

select
    features.*,
    results.has_finding::int::float8 as found,
    results.additional_duty_cny::float8 as revenue_cny,
    results.result_known_on,
    results.is_random,
    {raw}
from results
inner join intermediate.int_declaration_features as features using (importer_id, declaration_id)
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
order by results.result_known_on desc, declaration_id desc
limit {limit}
"""

_PENDING = """
select
    features.*,
    declarations.known_at
from intermediate.int_declaration_features as features
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
where
    not features.is_backfill
    -- conclusions follow features within a build: what is much older than the newest is concluded
    and features.recorded_at >= (
        select coalesce(max(assessed_at) - interval '7 days', '-infinity') from ml.conclusions
    )
    and not exists (
        select 1 from ml.conclusions
        where
            conclusions.importer_id = features.importer_id
            and conclusions.declaration_id = features.declaration_id
    )
limit {limit}
"""


@dataclass(frozen=True)
class Labelled:
    """Inspected declarations in the order in which their results became known."""

    declaration_id: NDArray[np.object_]
    values: Floats  # rows × ml.features.NAMES; nan where unknown
    found: Floats  # 0 or 1
    revenue_cny: Floats
    rate_all: Floats  # find rate of all inspections, as known when the declaration was assessed
    declared: Days  # day on which the declaration became known
    known: Days  # day on which its result became known
    is_random: NDArray[np.bool_]
    raw: pd.DataFrame  # the declaration as it was declared, for the plain baseline

    def take(self, rows: NDArray[np.intp]) -> "Labelled":
        """Return some of the rows."""
        return Labelled(
            self.declaration_id[rows],
            self.values[rows],
            self.found[rows],
            self.revenue_cny[rows],
            self.rate_all[rows],
            self.declared[rows],
            self.known[rows],
            self.is_random[rows],
            self.raw.iloc[rows],
        )


def labelled(newest: int) -> Labelled:
    """Read the newest inspected declarations with their features and results."""
    from customs_risk.warehouse import read_arrow

    raw = [f"declarations.{name} as raw_{name}" for name in CATEGORIES]
    raw += [f"declarations.{name}::float8 as raw_{name}" for name in NUMBERS]
    table = read_arrow(_LABELLED.format(raw=", ".join(raw), limit=newest))
    rows = table.take(np.arange(table.num_rows)[::-1])
    columns = [f"raw_{name}" for name in (*CATEGORIES, *NUMBERS)]
    return Labelled(
        declaration_id=np.array(rows["declaration_id"].to_pylist(), dtype=object),
        values=matrix(rows),
        found=_floats(rows, "found"),
        revenue_cny=_floats(rows, "revenue_cny"),
        rate_all=_floats(rows, "rate_all"),
        declared=_days(rows, "known_on"),
        known=_days(rows, "result_known_on"),
        is_random=np.array(rows["is_random"].to_pylist(), dtype=bool),
        raw=rows.select(columns).to_pandas().rename(columns=lambda name: name[4:]),
    )


def pending(limit: int) -> "pa.Table":
    """Read declarations that wait for a conclusion: features, and known_at."""
    from customs_risk.warehouse import read_arrow

    return read_arrow(_PENDING.format(limit=limit))


def matrix(rows: "pa.Table") -> Floats:
    """Return features in the order of NAMES; one that the warehouse does not have is unknown."""
    unknown = np.full(rows.num_rows, np.nan)
    have = set(rows.column_names)
    return np.column_stack([_floats(rows, n) if n in have else unknown for n in NAMES])


def _floats(rows: "pa.Table", name: str) -> Floats:
    return rows[name].cast("float64").to_numpy(zero_copy_only=False).astype(np.float64)


def _days(rows: "pa.Table", name: str) -> Days:
    return rows[name].to_numpy(zero_copy_only=False).astype("datetime64[D]")
