"""What the models read from the warehouse: features as they were stored, and results."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.baselines import CATEGORIES, NUMBERS
from ml.features import NAMES
from ml.matrix import Values

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

# labels that the rivals are fitted on and shown: they see what was declared, as text
_COMPARED = 25_000

# one row per declaration that was inspected: several results of one count together, and the
# finding that brought most gives the domain
_RESULTS = """
with

results as (
    select
        inspections.importer_id,
        inspections.declaration_id,
        bool_or(inspections.has_finding) as has_finding,
        sum(inspections.additional_duty_cny) as additional_duty_cny,
        min(inspections.known_on) as result_known_on,
        bool_or(inspections.selected_by = 'random') as is_random,
        max(referrals.selection_probability) as audit_probability,
        (array_agg(finding_types.risk_domain order by inspections.additional_duty_cny desc)
            filter (where inspections.has_finding and finding_types.risk_domain is not null)
        )[1] as risk_domain
    from intermediate.int_inspections as inspections
    left join reference.finding_types using (finding_type)
    left join ops.referrals as referrals
        on inspections.selected_by = 'audit' and referrals.referral_id = inspections.instruction_id
    group by inspections.importer_id, inspections.declaration_id
)
"""

_LABELLED = """
select
    features.*,
    results.has_finding::int::float8 as found,
    results.additional_duty_cny::float8 as revenue_cny,
    results.result_known_on,
    results.is_random,
    results.risk_domain,
    {stands_for} as stands_for
from results
inner join intermediate.int_declaration_features as features using (importer_id, declaration_id)
{decisions}
order by results.result_known_on desc, declaration_id desc
limit {limit}
"""

# history was chosen in ways that nobody noted: each of its labels stands for itself. What was
# audited could have been inspected before: it stands for 1 / the probability of either. Inspections
# of such goods stand for 1 / theirs alone, so what is audited (0.2 % of releases) counts a little
# twice
_STANDS_FOR = """coalesce(
    1 / nullif(
        decisions.selection_probability + coalesce(results.audit_probability, 0)
        - decisions.selection_probability * coalesce(results.audit_probability, 0),
        0
    ),
    1
)"""
_DECISIONS = "left join treatment.decisions as decisions using (importer_id, declaration_id)"

_SCORED = """,

newest as (
    select
        results.importer_id,
        results.declaration_id,
        results.risk_domain,
        {stands_for} as weight
    from results
    inner join treatment.decisions as decisions using (importer_id, declaration_id)
    order by results.result_known_on desc, declaration_id desc
    limit {limit}
)

-- one declaration to its eight domains
select
    scores.risk_domain,
    coalesce(scores.score, 0)::float8 as score,
    (newest.risk_domain is not distinct from scores.risk_domain)::int::float8 as found,
    newest.weight
from newest
inner join indicators.declaration_scores as scores using (importer_id, declaration_id)
"""

_DECLARED = """
select {columns}
from results
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
order by results.result_known_on desc, declaration_id desc
limit {limit}
"""

# noted before any of them is read: conclusions are written while the reading goes on, and rows that
# appear in a table meanwhile would be looked through again for every row that is read
_WAITING = (
    """
create temporary table waiting as
select features.importer_id, features.declaration_id
from intermediate.int_declaration_features as features
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
""",
    "analyze waiting",
)

_PENDING = """
select
    features.*,
    declarations.known_at
from waiting
inner join intermediate.int_declaration_features as features using (importer_id, declaration_id)
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
"""


@dataclass(frozen=True)
class Labelled:
    """Inspected declarations in the order in which their results became known."""

    declaration_id: NDArray[np.object_]
    values: Values  # rows × ml.features.NAMES; nan where unknown
    found: Floats  # 0 or 1
    revenue_cny: Floats
    risk_domain: NDArray[np.object_]  # of its finding; None without one
    rate_all: Floats  # find rate of all inspections, as known when the declaration was assessed
    declared: Days  # day on which the declaration became known
    known: Days  # day on which its result became known
    is_random: NDArray[np.bool_]
    stands_for: Floats  # declarations: 1 / the probability with which it was selected
    raw: pd.DataFrame  # the newest of them as they were declared, for rivals: as many as it has

    def take(self, rows: NDArray[np.intp]) -> "Labelled":
        """Return some of the rows; how they were declared is asked of the whole."""
        arrays = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name != "raw"
        }
        return replace(self, **arrays, raw=self.raw.iloc[:0])

    def declared_as(self, rows: NDArray[np.intp]) -> pd.DataFrame:
        """Return how some of the rows were declared; they must be among the newest."""
        return self.raw.iloc[rows - self.first_declared]

    @property
    def first_declared(self) -> int:
        """The number of the first row of which it is known how it was declared."""
        return self.found.size - len(self.raw)


def labelled(newest: int) -> Labelled:
    """Read the newest inspected declarations with their features and results."""
    from customs_risk.warehouse import connect, stream_arrow

    with connect() as connection:
        is_decided = connection.execute("select to_regclass('treatment.decisions')").fetchone()
    weighted = {"stands_for": _STANDS_FOR, "decisions": _DECISIONS}
    if is_decided == (None,):  # before anything was ever decided
        weighted = {"stands_for": "1", "decisions": ""}
    query = _RESULTS + _LABELLED.format(limit=newest, **weighted)
    # the newest are read first, some at a time, and stand last
    parts = [_part(batch) for batch in stream_arrow(query)][::-1]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Labelled(**arrays, raw=_declared(min(newest, _COMPARED)))


def first_day() -> date:
    """Return the day on which the first declaration became known."""
    from customs_risk.warehouse import connect

    with connect() as connection:
        found = connection.execute("select min(known_on) from intermediate.int_declarations")
        (day,) = found.fetchone() or (None,)
    if day is None:
        raise LookupError("there is no declaration yet")
    return cast(date, day)


def domain_scores(newest: int) -> pd.DataFrame:
    """Read what the indicators said of the newest inspected declarations, and what was found.

    One row per declaration and risk domain: risk_domain, score (0 to 100; what nothing is known of
    has none, and counts as 0), found (in that very domain), weight (declarations that it stands
    for). History was never scored; it tells nothing here.
    """
    from customs_risk.warehouse import connect, read_arrow

    with connect() as connection:
        (is_scored,) = connection.execute(
            "select to_regclass('indicators.declaration_scores') is not null"
            " and to_regclass('treatment.decisions') is not null"
        ).fetchone() or (False,)
    if not is_scored:
        return pd.DataFrame(columns=["risk_domain", "score", "found", "weight"])
    query = _RESULTS + _SCORED.format(limit=newest, stands_for=_STANDS_FOR)
    return read_arrow(query).to_pandas()


def _part(batch: "pa.RecordBatch") -> dict[str, NDArray[Any]]:
    """Return the columns of Labelled for some rows, the last of them first."""
    columns = {
        "declaration_id": _texts(batch, "declaration_id"),
        # XGBoost would see no more of them
        "values": matrix(batch).astype(np.float32),
        "found": _floats(batch, "found"),
        "revenue_cny": _floats(batch, "revenue_cny"),
        "risk_domain": _texts(batch, "risk_domain"),
        "rate_all": _floats(batch, "rate_all"),
        "declared": _days(batch, "known_on"),
        "known": _days(batch, "result_known_on"),
        "is_random": np.array(batch["is_random"].to_pylist(), dtype=bool),
        "stands_for": _floats(batch, "stands_for"),
    }
    return {name: column[::-1] for name, column in columns.items()}


def _declared(newest: int) -> pd.DataFrame:
    from customs_risk.warehouse import read_arrow

    columns = [f"declarations.{name}" for name in CATEGORIES]
    columns += [f"declarations.{name}::float8 as {name}" for name in NUMBERS]
    query = _RESULTS + _DECLARED.format(columns=", ".join(columns), limit=newest)
    return read_arrow(query).to_pandas().iloc[::-1].reset_index(drop=True)


def pending() -> "Iterator[pa.RecordBatch]":
    """Read declarations that wait for a conclusion, some at a time: features, and known_at."""
    from customs_risk.warehouse import stream_arrow

    return stream_arrow(_PENDING, after=_WAITING)


def matrix(rows: "pa.Table | pa.RecordBatch") -> NDArray[np.float64]:
    """Return features in the order of NAMES; one that the warehouse does not have is unknown."""
    values = np.full((rows.num_rows, len(NAMES)), np.nan)
    have = set(rows.schema.names)
    for place, name in enumerate(NAMES):
        if name in have:
            values[:, place] = _floats(rows, name)
    return values


def _floats(rows: "pa.Table | pa.RecordBatch", name: str) -> NDArray[np.float64]:
    return rows[name].cast("float64").to_numpy(zero_copy_only=False)


def _texts(rows: "pa.RecordBatch", name: str) -> NDArray[np.object_]:
    return np.array(rows[name].to_pylist(), dtype=object)


def _days(rows: "pa.RecordBatch", name: str) -> Days:
    return rows[name].to_numpy(zero_copy_only=False).astype("datetime64[D]")
