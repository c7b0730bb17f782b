"""Why a conclusion came out as it did: the features that raised it most, in words; how far models
of other periods agree; and to which risk domain a finding would belong.

It is told of the declarations that somebody acts on: those that are inspected, and those whose
documents are examined. Of any other, `customs-risk declaration replay` tells it when asked.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ml import data, registry
from ml.features import BY_NAME, NAMES, phrases
from ml.matrix import Values

if TYPE_CHECKING:
    import psycopg

    from ml.model import Model

Floats = NDArray[np.float64]

FACTORS = 3

# what the indicators said of a declaration, its domains in one
_DOMAIN_SCORES = """
    select jsonb_object_agg(each.risk_domain, coalesce(each.score, 0))::text as domain_scores
    from indicators.declaration_scores as each
    where
        each.importer_id = {rows}.importer_id
        and each.declaration_id = {rows}.declaration_id
"""

_WAITING = f"""
select
    features.*,
    conclusions.conclusion_no,
    conclusions.model_version,
    conclusions.likelihood,
    scores.domain_scores
from treatment.decisions as decisions
inner join ml.conclusions as conclusions
    on
        decisions.importer_id = conclusions.importer_id
        and decisions.declaration_id = conclusions.declaration_id
        and decisions.assessed_at = conclusions.assessed_at
inner join intermediate.int_declaration_features as features
    on
        decisions.importer_id = features.importer_id
        and decisions.declaration_id = features.declaration_id
left join lateral (
    {_DOMAIN_SCORES.format(rows="decisions")}
) as scores on true
where
    (decisions.lane in ('medium', 'high') or decisions.selected_by = 'exploration')
    and conclusions.model_version <> 'none'
    -- explanations follow decisions at once: what is much older than the newest is explained
    and decisions.decided_at >= (
        select coalesce(max(explained_at) - interval '7 days', '-infinity') from ml.explanations
    )
    and not exists (
        select 1 from ml.explanations
        where
            explanations.importer_id = conclusions.importer_id
            and explanations.declaration_id = conclusions.declaration_id
            and explanations.conclusion_no = conclusions.conclusion_no
    )
"""

_SCORED = f"""
select asked.declaration_id, scores.domain_scores
from unnest(%s::text [], %s::text []) as asked (importer_id, declaration_id)
cross join lateral (
    {_DOMAIN_SCORES.format(rows="asked")}
) as scores
"""


def explain() -> int:
    """Explain each conclusion that was acted on and is not explained yet; return how many.

    Each is explained by the very model that drew it. Running it again adds nothing.
    """
    from customs_risk.warehouse import append_text, connect, read_arrow

    waiting = read_arrow(_WAITING)
    total = 0
    for version, rows in _by_model(waiting):
        model = registry.of_version(version).model
        with connect() as connection:
            total += append_text(connection, "ml", "explanations", explanations(rows, model))
    return total


def indicators_said(connection: "psycopg.Connection", rows: pd.DataFrame) -> "pd.Series[str]":
    """Return per row what the indicators said of the declaration, as JSON by risk domain."""
    ids = [rows[name].tolist() for name in ("importer_id", "declaration_id")]
    told = connection.execute(_SCORED, ids).fetchall()
    return rows["declaration_id"].map(dict(told))


def explanations(rows: pa.Table, model: "Model") -> pa.Table:
    """Return the explanation of each conclusion: feature rows with their likelihood, in one table
    with hazard_factors and domain_likelihoods as JSON, as ml.explanations keeps them.
    """
    now = datetime.now(UTC)
    values = data.matrix(rows)
    factors = strongest_factors(model.contributions(values)[:, :-1], values, NAMES)
    likelihood = rows["likelihood"].to_numpy(zero_copy_only=False)
    by_domain = domain_likelihoods(model, values, likelihood, _domain_scores(rows))
    keys = {
        name: rows[name] for name in ("importer_id", "declaration_id") if name in rows.schema.names
    }
    return pa.table(
        keys
        | {
            "conclusion_no": rows["conclusion_no"],
            "hazard_factors": told_factors(factors),
            "disagreement": pa.array(model.disagreement(values), from_pandas=True),
            "risk_domain": pa.array([_likeliest(each) for each in by_domain], type=pa.string()),
            "domain_likelihoods": [json.dumps(each) for each in by_domain],
            "explained_at": pa.array([now] * rows.num_rows, type=pa.timestamp("us", "UTC")),
        }
    )


def domain_likelihoods(
    model: "Model", values: Values, likelihood: Floats, scores: pd.DataFrame | None = None
) -> list[dict[str, dict[str, Any]]]:
    """Return, per row, the likelihood of a finding in each risk domain, and how it is known.

    By `model` where findings taught the domain. Where they are too few, by the `indicators` of the
    domain, whose ``scores`` (rows × domains, 0 to 100) are calibrated against what is known; else
    by its share among all findings (`share`). These come with an interval. None is said to be
    likelier than a finding in any domain.
    """
    told: list[dict[str, dict[str, Any]]] = [{} for _ in range(len(values))]
    shares = model.domains.shares(values)
    for name, share in zip(model.domains.domains, shares.T, strict=True):
        within = model.domains.interval(name)
        for row, (part, overall) in enumerate(zip(share, likelihood, strict=True)):
            if name in model.domains.learned:
                told[row][name] = _known_by("model", part * overall)
            else:
                ends = (overall * within[0], overall * within[1])
                told[row][name] = _known_by("share", part * overall, ends)
    for name in model.indicators.keys() - set(model.domains.learned):
        if scores is None or name not in scores:
            continue
        expected, low, high = model.indicators[name].likelihood(scores[name].to_numpy(float))
        for row, overall in enumerate(likelihood):
            ends = (min(low[row], overall), high[row])
            told[row][name] = _known_by("indicators", min(expected[row], overall), ends)
    return told


def _known_by(
    source: str, likelihood: float, interval: tuple[float, float] | None = None
) -> dict[str, Any]:
    told: dict[str, Any] = {"likelihood": round(float(likelihood), 6)}
    if interval:
        told |= dict(zip(("low", "high"), (round(float(end), 6) for end in interval), strict=True))
    return told | {"by": source}


def _domain_scores(rows: pa.Table) -> pd.DataFrame | None:
    """Return rows × domains of what the indicators said, if the rows tell it of each."""
    if "domain_scores" not in rows.schema.names or rows["domain_scores"].null_count:
        return None
    return pd.DataFrame([json.loads(each) for each in rows["domain_scores"].to_pylist()])


def _likeliest(by_domain: dict[str, dict[str, Any]]) -> str | None:
    return max(by_domain, key=lambda name: by_domain[name]["likelihood"], default=None)


def _by_model(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    for version in pc.unique(rows["model_version"]).to_pylist():
        yield version, rows.filter(pc.equal(rows["model_version"], version))


def told_factors(factors: pd.DataFrame) -> list[str]:
    """Return the hazard factors of each row as JSON, the strongest first."""
    names = ["feature", "value", "contribution", "en", "zh"]
    told = factors[names].astype(object).where(factors[names].notna(), None)
    each = told.to_dict("records")
    return [
        json.dumps(each[first : first + FACTORS], ensure_ascii=False)
        for first in range(0, len(each), FACTORS)
    ]


def told_contributions(contributions: Floats, names: tuple[str, ...]) -> Floats:
    """Add each feature's contribution to that of the feature which speaks for it.

    ``contributions`` (rows × features, log-odds) comes from XGBoost, without its bias column. The
    sum of each row stays the same.
    """
    speakers = np.zeros((len(names), len(names)))
    for position, name in enumerate(names):
        told_by = BY_NAME[name].told_by
        speakers[position, names.index(told_by) if told_by in names else position] = 1.0
    return contributions @ speakers


def strongest_factors(
    contributions: Floats, values: Values, names: tuple[str, ...]
) -> pd.DataFrame:
    """Return the three features that raise each row's score most, in a long table.

    Columns: row (its number), position (1 to 3), feature, value (null if unknown), contribution
    (log-odds), en, zh. ``values`` and ``contributions`` are rows × features.
    """
    told = told_contributions(contributions, names)
    # a feature that is told by another never comes up in its own name
    silent = [i for i, name in enumerate(names) if BY_NAME[name].told_by in names]
    told[:, silent] = -np.inf
    best = np.argsort(-told, axis=1, kind="stable")[:, :FACTORS]
    rows = np.repeat(np.arange(len(values)), FACTORS)
    columns = best.ravel()
    factors = pd.DataFrame(
        {
            "row": rows,
            "position": np.tile(np.arange(1, FACTORS + 1), len(values)),
            "feature": np.array(names, dtype=object)[columns],
            "value": values[rows, columns],
            "contribution": told[rows, columns],
        }
    )
    return _with_words(factors)


def _with_words(factors: pd.DataFrame) -> pd.DataFrame:
    factors = factors.assign(en="", zh="")
    for name, group in factors.groupby("feature", sort=False):
        english, chinese = phrases(BY_NAME[str(name)], group["value"].to_numpy(float))
        factors.loc[group.index, "en"] = english
        factors.loc[group.index, "zh"] = chinese
    return factors
