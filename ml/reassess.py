"""Reassessment (Order 271, Article 18): new evidence that moves a level makes a new conclusion.

Once a business day, conclusions of the last weeks that nobody has answered by an inspection are
looked at again where something became known that bears on them: a correction of the declaration, a
signal on its parties or goods, a finding in such goods or of the same party, or that their review
is due. They are assessed by the active model from what is known now. Where the level is another, a
new conclusion supersedes the old one, which stays; what moved it is told. If the model alone did,
since it learned something else meanwhile, then that is told.
"""

import logging
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from psycopg import sql

from ml import data, explain, registry, score

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)

_LOCK = 27118
_EXPLAINED = ("medium", "high")

_DUE = """
select
    *,
    '{moment}'::timestamptz as known_at
from intermediate.int_reassessments_due
"""

_STORED = sql.SQL("""
select * from intermediate.int_declaration_features
where declaration_id = any({declaration_ids})
""")

_LOOKED = """
insert into ml.reassessment_runs (
    looked_on, looked_at, model_version, looked_at_again, superseded
)
values (%s, %s, %s, %s, %s)
"""


def reassess() -> int:
    """Look at conclusions again, once a business day; return how many were superseded.

    Running it again, or twice at once, adds nothing. Before there is a model nothing is looked at.
    """
    from customs_risk import clock
    from customs_risk.warehouse import connect, stream_arrow

    current = registry.active()
    if current is None:
        return 0
    with connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        moment = clock.present(connection)
        day = clock.business_day(moment)
        if _is_looked_at(connection, day):
            return 0
        looked, parts = 0, []
        asked = f"set customs_risk.as_of = '{day}'"
        for rows in stream_arrow(_DUE.format(moment=moment.isoformat()), after=(asked,)):
            looked += rows.num_rows
            if rows.num_rows:
                parts.append(_superseding(connection, rows, current))
        drawn = [part for part in parts if len(part)]
        superseded = sum(len(part) for part in drawn)
        connection.execute(_LOOKED, [day, moment, current.version, looked, superseded])
        for part in drawn:
            _write(connection, part, current, day)
    log.info("%d conclusions looked at again, %d superseded", looked, superseded)
    return superseded


def _is_looked_at(connection: "psycopg.Connection", day: date) -> bool:
    found = connection.execute(
        "select 1 from ml.reassessment_runs where looked_on >= %s", [day]
    ).fetchone()
    return found is not None


def _superseding(
    connection: "psycopg.Connection", rows: pa.RecordBatch, current: registry.Registered
) -> pd.DataFrame:
    """Return what supersedes: features, what was concluded before, and what is concluded now."""
    before = rows.to_pandas()
    drawn = score.conclusions(rows, current).drop(columns=["importer_id", "declaration_id"])
    both = before.join(drawn)
    moved = both[both["level"] != both["level_before"]].reset_index(drop=True)
    if moved.empty:
        return moved
    moved["trigger"] = np.where(
        _is_by_model(connection, moved, current), "model", moved["trigger"].astype(object)
    )
    moved["conclusion_no"] += 1
    return moved


def _is_by_model(
    connection: "psycopg.Connection", moved: pd.DataFrame, current: registry.Registered
) -> "pd.Series[bool]":
    """Tell where the model of today says the same of what was known when it was declared."""
    from customs_risk.warehouse import read_arrow

    ids = sql.Literal(moved["declaration_id"].tolist())
    stored = read_arrow(_STORED.format(declaration_ids=ids).as_string(connection))
    likelihood = current.model.calibrator.likelihood(current.model.margin(data.matrix(stored)))
    levels = pd.Series(
        current.model.level(likelihood), index=stored["declaration_id"].to_pylist(), dtype=object
    )
    return moved["declaration_id"].map(levels) == moved["level"]


def _write(
    connection: "psycopg.Connection",
    moved: pd.DataFrame,
    current: registry.Registered,
    day: date,
) -> None:
    """Write conclusions, why they came out so where somebody acts on them, and what they supersede.

    All of it in the caller's transaction.
    """
    from customs_risk.warehouse import append_text

    now = datetime.now(UTC)
    columns = ["importer_id", "declaration_id", "conclusion_no", "trigger"]
    concluded = moved[[*columns, *score.COLUMNS]].assign(assessed_at=now)
    append_text(connection, "ml", "conclusions", _table(concluded))
    acted_on = moved[moved["level"].isin(_EXPLAINED)]
    if len(acted_on):
        acted_on = acted_on.assign(domain_scores=explain.indicators_said(connection, acted_on))
        explained = explain.explanations(_table(acted_on), current.model)
        append_text(connection, "ml", "explanations", explained)
    told: dict[str, Any] = {
        "level_after": moved["level"],
        "likelihood_after": moved["likelihood"],
        "looked_on": day,
        "reassessed_at": now,
    }
    kept = moved[[*columns, "office_code", "level_before", "likelihood_before"]].assign(**told)
    append_text(connection, "ml", "reassessments", _table(kept))


def _table(rows: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(rows, preserve_index=False)
