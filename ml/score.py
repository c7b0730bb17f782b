"""Scoring: a conclusion for every declaration that waits for one, written once and kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ml import data, registry, uncertainty

Floats = NDArray[np.float64]

_TIE_STEP = 1e-6  # below any difference of scores that means something
# two assessments at once would draw the same conclusions: the second waits, and finds them drawn
_LOCK = 27102

_UNKNOWN: dict[str, Any] = {
    "likelihood": np.nan,
    "likelihood_low": np.nan,
    "likelihood_high": np.nan,
    "expected_revenue_cny": np.nan,
    "ranking_score": np.nan,
    "exploration_score": np.nan,
    "level": "unknown",
    "severity": None,
    "trend": "unknown",
    "evidence": np.nan,
    "novelty": np.nan,
    "uncertainty_kind": "no_model",
}
# of a conclusion, beside the declaration's numbers
COLUMNS = ("model_version", "as_of", *_UNKNOWN)
_TEXTS = {"level", "severity", "trend", "uncertainty_kind"}


def assess() -> int:
    """Draw a conclusion for each declaration that has none; return how many.

    Before there is a model the level is unknown and the likelihood null. Running it again, or
    twice at once, adds nothing: the first conclusion stands. Why a conclusion came out as it did
    is told where somebody acts on it (ml.explain).
    """
    from customs_risk.warehouse import append_arrow

    with _alone():
        current = registry.active()
        now = datetime.now(UTC)
        return sum(
            append_arrow("ml", "conclusions", _written(conclusions(waiting, current), now))
            for waiting in data.pending()
            if waiting.num_rows
        )


def conclusions(
    waiting: "pa.Table | pa.RecordBatch", current: registry.Registered | None
) -> pd.DataFrame:
    """Return the conclusions on feature rows, one each."""
    ids = pd.DataFrame(
        {name: waiting[name].to_pandas() for name in ("importer_id", "declaration_id")}
    )
    drawn = ids.assign(model_version="none", as_of=waiting["known_at"].to_pandas())
    if current is None:
        return drawn.assign(**_UNKNOWN)
    model, values = current.model, data.matrix(waiting)
    margin = model.margin(values)
    likelihood = model.calibrator.likelihood(margin)
    if_found = model.revenue.given_finding(values)
    doubt = uncertainty.assess(values, model.config)
    return drawn.assign(
        model_version=current.version,
        likelihood=likelihood,
        likelihood_low=np.minimum(model.interval.low.likelihood(margin), likelihood),
        likelihood_high=np.maximum(model.interval.high.likelihood(margin), likelihood),
        expected_revenue_cny=likelihood * if_found,
        ranking_score=model.ranking_score(values, margin, if_found)
        + tie_breaker(ids["declaration_id"]),
        exploration_score=uncertainty.worth_knowing(likelihood, doubt.evidence, if_found),
        level=model.level(likelihood),
        severity=model.revenue.severity(if_found),
        trend=uncertainty.trend(values),
        evidence=doubt.evidence,
        novelty=doubt.novelty,
        uncertainty_kind=doubt.kind,
    )


def tie_breaker(declaration_id: "pd.Series[str]") -> Floats:
    """Return a tiny number made of each declaration's number: no two scores stay equal."""
    hashes = pd.util.hash_array(declaration_id.to_numpy(dtype=object), categorize=False)
    return hashes.astype(np.float64) / 2.0**64 * _TIE_STEP


def _written(drawn: pd.DataFrame, now: datetime) -> pa.Table:
    """Return conclusions as they are stored; nan is null."""
    columns = {
        name: pa.array(drawn[name], type=pa.string() if name in _TEXTS else None, from_pandas=True)
        for name in drawn.columns
    }
    moment = pa.array([now] * len(drawn), type=pa.timestamp("us", "UTC"))
    return pa.table(columns | {"assessed_at": moment})


@contextmanager
def _alone() -> Iterator[None]:
    from customs_risk.warehouse import connect

    with connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        yield
