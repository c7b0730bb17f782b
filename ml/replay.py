"""Replay: what was known of a declaration at a moment, and what would have been concluded from it.

The features are looked up anew by the warehouse, the conclusion is drawn anew by the very model
that drew the stored one, and the selection by the rule and the inputs that were stored with it.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd
import psycopg
import pyarrow as pa
from psycopg.rows import dict_row

from ml import data, explain, registry, score
from ml.features import BY_NAME, NAMES

Facts = dict[str, Any]

_CONCLUDED = (
    "likelihood", "likelihood_low", "likelihood_high", "expected_revenue_cny", "ranking_score",
    "exploration_score", "level", "severity", "trend", "evidence", "novelty", "uncertainty_kind",
)  # fmt: skip
_DECIDED = (
    "lane", "selected_by", "declarations_in_stratum", "capacity", "random_capacity",
    "exploration_capacity", "score_rank", "cutoff_rank", "random_draw", "selection_probability",
)  # fmt: skip


# the one that was decided by: later ones superseded it by what was not known then
_FIRST_CONCLUSION = """
    (
        select * from ml.conclusions
        left join ml.explanations using (importer_id, declaration_id, conclusion_no)
        where conclusion_no = 1
    ) as first_conclusions
"""

# what conclusions and decisions from before inspections were spent on learning do not have
_CAME_LATER = {"exploration_score", "exploration_capacity"}


class UnknownDeclaration(LookupError):  # noqa: N818 - reads as what is wrong
    """There is no such declaration, or nothing of it was known at that moment."""


@dataclass(frozen=True)
class Difference:
    """What came out otherwise than it was stored."""

    part: str
    name: str
    stored: Any
    replayed: Any


@dataclass(frozen=True)
class Replay:
    """What was known and decided, as it was stored and as it comes out now."""

    declaration_id: str
    as_of_on: str
    model_version: str | None
    declared: Facts
    stored: dict[str, Facts] = field(default_factory=dict)
    replayed: dict[str, Facts] = field(default_factory=dict)

    @property
    def differences(self) -> list[Difference]:
        """Whatever differs to the last bit; what was never stored is not compared."""
        return [
            Difference(part, name, value, self.replayed.get(part, {}).get(name))
            for part, facts in self.stored.items()
            for name, value in facts.items()
            if not _same(value, self.replayed.get(part, {}).get(name))
        ]


def replay(declaration_id: str, at: datetime | None = None) -> Replay:
    """Return what was known of a declaration at a moment, and what would have been decided.

    Without a moment it is that of its assessment: all is as it was stored, or the past was changed.

    Raises:
        UnknownDeclaration: nothing of it was known then.
    """
    from customs_risk.warehouse import connect

    with connect() as connection:
        connection.row_factory = dict_row  # type: ignore[assignment]
        _look_back_from(connection, at)
        known = _row(connection, "assessment.features_as_known", declaration_id)
        if known is None:
            raise UnknownDeclaration(f"nothing was known of declaration {declaration_id!r}")
        stored = _row(connection, "intermediate.int_declaration_features", declaration_id) or {}
        concluded = _row(connection, _FIRST_CONCLUSION, declaration_id)
        decided = _row(connection, "treatment.decisions", declaration_id)
        names = _scored_by(stored)
        told = Replay(
            declaration_id,
            str(known["as_of_on"]),
            concluded["model_version"] if concluded else None,
            _row(connection, "intermediate.int_declarations", declaration_id) or {},
            {"features": {name: stored[name] for name in names}},
            {"features": {name: known[name] for name in names}},
        )
        if concluded:
            told.stored["conclusion"] = _stored(concluded, _CONCLUDED)
            if concluded["hazard_factors"]:
                told.stored["conclusion"]["hazard_factors"] = concluded["hazard_factors"]
            # what the model was never shown, because it came later, it is not shown now
            shown = known | {name: None for name in NAMES if name not in names}
            told.replayed["conclusion"] = _conclude(shown, concluded)
        if decided:
            told.stored["decision"] = _stored(decided, _DECIDED)
            told.replayed["decision"] = _decide(connection, decided, told.replayed["conclusion"])
    return told


def _look_back_from(connection: psycopg.Connection, at: datetime | None) -> None:
    moment = at.isoformat() if at else ""
    connection.execute("select set_config('customs_risk.as_of', %s, true)", [moment])


def _row(connection: psycopg.Connection, relation: str, declaration_id: str) -> Facts | None:
    found: Any = connection.execute(
        f"select * from {relation} where declaration_id = %s",
        [declaration_id],
    ).fetchone()
    return found


def _scored_by(stored: Facts) -> list[str]:
    """Return the features that there were when the declaration was scored."""
    by_then = stored.get("feature_set") or 1
    return [name for name in NAMES if name in stored and BY_NAME[name].feature_set <= by_then]


def _conclude(known: Facts, concluded: Facts) -> Facts:
    model = None
    if concluded["model_version"] != "none":
        model = registry.of_version(concluded["model_version"])
    rows = pa.Table.from_pylist(
        [
            {name: known[name] for name in ("importer_id", "declaration_id")}
            | {"known_at": concluded["as_of"]}
            | {name: _float(known.get(name)) for name in NAMES}
        ],
        schema=pa.schema(
            [("importer_id", pa.string()), ("declaration_id", pa.string())]
            + [("known_at", pa.timestamp("us", "UTC"))]
            + [(name, pa.float64()) for name in NAMES]
        ),
    )
    (drawn,) = score.conclusions(rows, model).to_dict("records")
    told = _of({str(name): _null(value) for name, value in drawn.items()}, _CONCLUDED)
    if model is None:
        return told
    values = data.matrix(rows)
    factors = explain.strongest_factors(model.model.contributions(values)[:, :-1], values, NAMES)
    (words,) = explain.told_factors(factors)
    return told | {"hazard_factors": json.loads(words)}


def _decide(connection: psycopg.Connection, decided: Facts, concluded: Facts) -> Facts:
    """Select anew in the stratum of the decision, the declaration at the scores that came out."""
    scores = (concluded["ranking_score"], concluded["exploration_score"])
    connection.execute(
        """
        select
            set_config('customs_risk.replayed', %s, true),
            set_config('customs_risk.replayed_score', %s, true),
            set_config('customs_risk.replayed_exploration_score', %s, true)
        """,
        [decided["declaration_id"], *("" if score is None else repr(score) for score in scores)],
    )
    found: Any = connection.execute(
        """
        select * from assessment.selection_replay
        where decided_on = %(decided_on)s and stratum = %(stratum)s
            and declaration_id = %(declaration_id)s
        """,
        decided,
    ).fetchone()
    return _of(found, _DECIDED)


def _of(facts: Facts, names: tuple[str, ...]) -> Facts:
    return {name: facts[name] for name in names}


def _stored(facts: Facts, names: tuple[str, ...]) -> Facts:
    return {
        name: facts[name] for name in names if name not in _CAME_LATER or facts[name] is not None
    }


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _null(value: Any) -> Any:
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one is None and other is None)
