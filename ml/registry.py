"""The register of models: artefacts as files named by content, their record, and their life.

What happens to a model is told in ml.model_events, which is only ever added to: it is registered,
then activated or held back; a person or the embedded policy promotes it, rolls back to it, retires
it. The active model is the last one that was put in service; ml.models.is_active keeps that beside
the record, so that no two can ever be active.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, LiteralString

from psycopg.types.json import Jsonb

from ml import card
from ml.config import ModelConfig, configured
from ml.model import Model, restored

if TYPE_CHECKING:
    import psycopg

Serving = Literal["activated", "promoted", "rolled_back"]
POLICY = "embedded"


class UnknownModel(LookupError):  # noqa: N818 - reads as what is wrong
    """There is no such model, or none to go back to."""


class UnusableModel(ValueError):  # noqa: N818 - reads as what is wrong
    """A model cannot be put in service: its artefact was changed, or it serves already."""


@dataclass(frozen=True)
class Decision:
    """Who decided something about a model, why, and on what evidence."""

    by: str
    reason: str
    is_policy: bool = False
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """A model in the register, loaded. ``served_by``: the event that put it in service last."""

    version: str
    label_window_to: date
    config_hash: str
    labels_hash: str
    model: Model
    served_by: str | None = None


@dataclass(frozen=True)
class Verification:
    """How many conclusions of a model were drawn again, and which came out otherwise."""

    version: str
    declarations: int
    differing: tuple[str, ...]


def active() -> Registered | None:
    """Return the active model, or None before a first one; its settings are as in of_version.

    Raises UnusableModel if its artefact is not what was registered.
    """
    return _registered("is_active", None)


def of_version(version: str) -> Registered:
    """Return a model as it was registered, with the settings it was trained under.

    So it scores today as it did then, whatever the settings of a newer one. How to rank is no part
    of a model: a model may be trained under one way and rank by another.

    Raises UnknownModel if there is none of that version, UnusableModel if its artefact is not what
    was registered.
    """
    found = _registered("model_version = %s", version)
    if found is None:
        raise UnknownModel(f"there is no model {version}")
    return found


def _registered(condition: LiteralString, value: str | None) -> Registered | None:
    from customs_risk.warehouse import connect

    with connect() as connection:
        row = connection.execute(
            f"""
            select
                model_version, label_window_to, config_hash, metrics ->> 'labels_hash',
                artefact_path, artefact_sha256, config,
                (
                    select "event" from ml.model_events
                    where
                        model_events.model_version = models.model_version
                        and "event" in ('activated', 'promoted', 'rolled_back')
                    order by event_no desc
                    limit 1
                )
            from ml.models
            where {condition}
            """,
            [value] if value else [],
        ).fetchone()
    if row is None:
        return None
    version, to_day, config_hash, labels_hash, path, expected, trained_under, served_by = row
    files = read(home() / path)
    if digest(files) != expected:
        raise UnusableModel(f"the artefact of model {version} is not the one that was registered")
    config = replace(ModelConfig.from_dict(trained_under), ranking=configured().ranking)
    model = restored(files, config)
    return Registered(version, to_day, config_hash, labels_hash, model, served_by)


# -- what happens to a model ----------------------------------------------------------------------


def register(
    model: Model, window: tuple[date, date], metrics: dict[str, Any], *, activate: bool
) -> str:
    """Store a model with its card and, if told, make it the active one; return its version.

    The version is made of the last label's day and the artefact's content. A model that is
    registered already keeps its record. Why it serves or is held back is told by
    ``metrics["activation"]``, as ml.champion.compare returns it.
    """
    from customs_risk.warehouse import connect

    files = model.files()
    sha256 = digest(files)
    version = f"{window[1]:%Y%m%d}-{sha256[:10]}"
    path = Path("models") / version
    write(home() / path, files)
    metrics = without_nan(metrics)
    told = metrics.get("activation", {})
    decision = Decision(POLICY, told.get("reason", "trained · 训练完成"), True, told)
    with connect() as connection:
        _lock(connection)
        is_new = connection.execute(
            """
            insert into ml.models (
                model_version, label_window_from, label_window_to, config, config_hash, metrics,
                artefact_path, artefact_sha256
            )
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (model_version) do nothing
            """,
            (
                version,
                *window,
                Jsonb(model.config.as_dict()),
                model.config.hash(),
                Jsonb(metrics),
                str(path),
                sha256,
            ),
        ).rowcount
        if is_new:
            _note(connection, version, "registered", Decision(POLICY, "trained · 训练完成", True))
            written = card.Card(
                version, window, model.config.as_dict(), model.config.hash(), metrics, sha256
            )
            connection.execute(
                "insert into ml.model_cards values (%s, %s, %s)",
                [version, written.english(), written.chinese()],
            )
        if activate and _active(connection) != version:
            _serve(connection, version, "activated", decision)
        elif is_new and not activate:
            _note(connection, version, "held_back", decision, other=_active(connection))
    return version


def promote(version: str, decision: Decision) -> None:
    """Make a registered model the active one.

    Raises UnknownModel if there is none of that version, UnusableModel if it is active already or
    its artefact is not what was registered.
    """
    _put_in_service(version, "promoted", decision)


def roll_back(decision: Decision, to: str | None = None) -> str:
    """Put an earlier model back in service and retire the one that served; return its version.

    Without a version it is the one that served last before, and was not left by a roll-back.

    Raises UnknownModel if there is no such model, UnusableModel as ``promote`` does.
    """
    from customs_risk.warehouse import connect

    with connect() as connection:
        before = to or _served_before(connection)
    if before is None:
        raise UnknownModel("there is no earlier model to roll back to")
    _put_in_service(before, "rolled_back", decision, retires=True)
    return before


def retire(version: str, decision: Decision, *, other: str | None = None) -> None:
    """Take a model out of the comparison with the active one; it stays for replay."""
    from customs_risk.warehouse import connect

    with connect() as connection:
        _note(connection, version, "retired", decision, other=other)


def note_comparison(version: str, other: str, decision: Decision) -> None:
    """Keep what a comparison of two models has shown."""
    from customs_risk.warehouse import connect

    with connect() as connection:
        _note(connection, version, "compared", decision, other=other)


def _put_in_service(
    version: str, event: Serving, decision: Decision, *, retires: bool = False
) -> None:
    from customs_risk.warehouse import connect

    if _registered("model_version = %s", version) is None:
        raise UnknownModel(f"there is no model {version}")
    with connect() as connection:
        _lock(connection)
        if _active(connection) == version:
            raise UnusableModel(f"model {version} is the active one already")
        replaced = _serve(connection, version, event, decision)
        if retires and replaced:
            _note(connection, replaced, "retired", decision, other=version)


def _serve(
    connection: "psycopg.Connection", version: str, event: Serving, decision: Decision
) -> str | None:
    """Make a model the active one; return the one that it replaced."""
    replaced = _active(connection)
    # two statements: at no moment may two rows be active
    connection.execute("update ml.models set is_active = false where is_active")
    connection.execute("update ml.models set is_active = true where model_version = %s", [version])
    _note(connection, version, event, decision, other=replaced)
    return replaced


def _note(
    connection: "psycopg.Connection",
    version: str,
    event: str,
    decision: Decision,
    *,
    other: str | None = None,
) -> None:
    from customs_risk.clock import present

    connection.execute(
        """
        insert into ml.model_events (
            happened_at, model_version, "event", other_version, decided_by, is_policy, reason,
            evidence
        )
        values (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            present(connection),
            version,
            event,
            other,
            decision.by,
            decision.is_policy,
            decision.reason,
            Jsonb(without_nan(decision.evidence)),
        ),
    )


def _lock(connection: "psycopg.Connection") -> None:
    connection.execute("lock table ml.models in share row exclusive mode")


def _active(connection: "psycopg.Connection") -> str | None:
    row = connection.execute("select model_version from ml.models where is_active").fetchone()
    return row[0] if row else None


def _served_before(connection: "psycopg.Connection") -> str | None:
    """Return the model that served last before the active one, and was not left by a roll-back."""
    row = connection.execute(
        """
        select events.model_version
        from ml.model_events as events
        inner join ml.models as models using (model_version)
        where
            events."event" in ('activated', 'promoted', 'rolled_back')
            and not models.is_active
            and not exists (
                select 1 from ml.model_events as later
                where
                    later."event" = 'rolled_back'
                    and later.other_version = events.model_version
                    and later.event_no > events.event_no
            )
        order by events.event_no desc
        limit 1
        """
    ).fetchone()
    return row[0] if row else None


# -- the same scores again ------------------------------------------------------------------------


def verify(version: str, newest: int = 10_000) -> Verification:
    """Draw the newest conclusions of a model anew from their stored features, and compare bits.

    Reassessments, which go by what was known later, are not among them.

    Raises as ``of_version`` does.
    """
    from customs_risk.warehouse import read_arrow
    from ml import score

    found = of_version(version)
    stored = read_arrow(
        f"""
        select
            features.*,
            drawn.as_of as known_at,
            drawn.likelihood,
            drawn.expected_revenue_cny,
            drawn.ranking_score
        from ml.conclusions as drawn
        inner join intermediate.int_declaration_features as features
            using (importer_id, declaration_id)
        where drawn.model_version = '{found.version}' and drawn.conclusion_no = 1
        order by drawn.assessed_at desc
        limit {newest}
        """
    )
    if not stored.num_rows:
        return Verification(version, 0, ())
    scored = score.conclusions(stored, found)
    names = ["likelihood", "expected_revenue_cny", "ranking_score"]
    before = stored.select(names).to_pandas().to_numpy(float)
    is_same = (before.view("int64") == scored[names].to_numpy(float).view("int64")).all(axis=1)
    return Verification(version, stored.num_rows, tuple(scored["declaration_id"][~is_same]))


def digest(files: dict[str, bytes]) -> str:
    """Return the SHA-256 over an artefact's file names and bytes."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name} {len(files[name])}\n".encode())
        total.update(files[name])
    return total.hexdigest()


def home() -> Path:
    from customs_risk.settings import settings

    return settings().home


def read(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".part"}


def write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        part = folder / f"{name}.part"
        part.write_bytes(content)
        part.replace(folder / name)


def without_nan(metrics: dict[str, Any]) -> Any:
    """Replace nan, which JSON does not know, by null."""
    return json.loads(json.dumps(metrics), parse_constant=lambda _: None)
