"""Scoring: a conclusion for every declaration that waits for one, written once and kept."""

import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from ml import data, registry
from ml.config import configured
from ml.explain import strongest_factors
from ml.features import NAMES

if TYPE_CHECKING:
    import psycopg

Floats = NDArray[np.float64]

CHUNK = 100_000  # declarations in memory at a time
_TIE_STEP = 1e-6  # below any difference of scores that means something

_TABLES = """
create temp table scored (
    row_no bigint, importer_id text, declaration_id text, model_version text,
    likelihood float8, expected_revenue_cny float8, ranking_score float8,
    "level" text, severity text, as_of timestamptz
) on commit drop;
create temp table factors (
    row_no bigint, "position" int, feature text, "value" float8, contribution float8,
    en text, zh text
) on commit drop
"""

_CONCLUDE = """
with

told as (
    select
        row_no,
        jsonb_agg(
            jsonb_build_object(
                'feature', feature, 'value', "value", 'contribution', contribution,
                'en', en, 'zh', zh
            )
            order by "position"
        ) as hazard_factors
    from factors
    group by row_no
)

insert into ml.conclusions (
    importer_id, declaration_id, model_version, likelihood, expected_revenue_cny, ranking_score,
    "level", severity, hazard_factors, as_of
)
select
    importer_id, declaration_id, model_version, likelihood, expected_revenue_cny, ranking_score,
    "level", severity, coalesce(told.hazard_factors, '[]'), as_of
from scored
left join told using (row_no)
on conflict do nothing
"""


def assess() -> int:
    """Draw a conclusion for each declaration that has none; return how many.

    Before there is a model the level is unknown and the likelihood null. Running it again, or
    twice at once, adds nothing: the first conclusion stands.
    """
    current = registry.active(configured())
    total = 0
    while (waiting := data.pending(CHUNK)).num_rows:
        written = _write(*conclusions(waiting, current))
        total += written
        if not written:  # somebody else is drawing the same conclusions
            break
    return total


def conclusions(
    waiting: pa.Table, current: registry.Registered | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the conclusions on feature rows, and their hazard factors in a long table."""
    ids = waiting.select(["importer_id", "declaration_id"]).to_pandas()
    scored = ids.assign(model_version="none", as_of=waiting["known_at"].to_pandas())
    scored.insert(0, "row_no", np.arange(len(ids)))
    if current is None:
        unknown = dict.fromkeys(("likelihood", "expected_revenue_cny", "ranking_score"), np.nan)
        return scored.assign(**unknown, level="unknown", severity=None), pd.DataFrame()
    model, values = current.model, data.matrix(waiting)
    margin = model.margin(values)
    likelihood = model.calibrator.likelihood(margin)
    if_found = model.revenue.given_finding(values)
    scored = scored.assign(
        model_version=current.version,
        likelihood=likelihood,
        expected_revenue_cny=likelihood * if_found,
        ranking_score=model.ranking_score(values, margin, if_found)
        + tie_breaker(ids["declaration_id"]),
        level=model.level(likelihood),
        severity=model.revenue.severity(if_found),
    )
    factors = strongest_factors(model.contributions(values)[:, :-1], values, NAMES)
    return scored, factors.rename(columns={"row": "row_no"})


def tie_breaker(declaration_id: "pd.Series[str]") -> Floats:
    """Return a tiny number made of each declaration's number: no two scores stay equal."""
    hashes = pd.util.hash_array(declaration_id.to_numpy(dtype=object), categorize=False)
    return hashes.astype(np.float64) / 2.0**64 * _TIE_STEP


_SCORED = (
    "row_no", "importer_id", "declaration_id", "model_version", "likelihood",
    "expected_revenue_cny", "ranking_score", "level", "severity", "as_of",
)  # fmt: skip
_FACTORS = ("row_no", "position", "feature", "value", "contribution", "en", "zh")


def _write(scored: pd.DataFrame, factors: pd.DataFrame) -> int:
    from customs_risk.warehouse import connect

    with connect() as connection:
        connection.execute(_TABLES)
        _copy(connection, "scored", scored[list(_SCORED)])
        if len(factors):
            _copy(connection, "factors", factors[list(_FACTORS)])
        return connection.execute(_CONCLUDE).rowcount


def _copy(connection: "psycopg.Connection", table: str, rows: pd.DataFrame) -> None:
    """Copy a whole table at once; an empty field is null."""
    buffer = io.BytesIO()
    arrow = pa.Table.from_pandas(rows, preserve_index=False)
    pyarrow.csv.write_csv(arrow, buffer, pyarrow.csv.WriteOptions(include_header=False))
    with connection.cursor().copy(f"copy {table} from stdin (format csv)") as copy:
        copy.write(buffer.getvalue())
