"""The register of models: artefacts as files named by content, their record in ml.models."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, LiteralString

from psycopg.types.json import Jsonb

from ml.config import ModelConfig
from ml.model import Model, restored


@dataclass(frozen=True)
class Registered:
    """A model in the register, loaded."""

    version: str
    label_window_to: date
    config_hash: str
    labels_hash: str
    model: Model


def active(config: ModelConfig) -> Registered | None:
    """Return the active model, or None before a first one.

    Raises ValueError if its artefact is not what was registered.
    """
    return _registered("is_active", None, config)


def of_version(version: str, ranking: Literal["likelihood", "value"]) -> Registered:
    """Return a model as it was registered, with the settings it was trained under.

    How to rank is no part of a model: a model may be trained under one way and rank by another.

    Raises LookupError if there is none of that version, ValueError if its artefact is not what was
    registered.
    """
    found = _registered("model_version = %s", version, None)
    if found is None:
        raise LookupError(f"there is no model {version}")
    model = replace(found.model, config=replace(found.model.config, ranking=ranking))
    return replace(found, model=model)


def _registered(
    condition: LiteralString, value: str | None, config: ModelConfig | None
) -> Registered | None:
    from customs_risk.warehouse import connect

    with connect() as connection:
        row = connection.execute(
            f"""
            select
                model_version, label_window_to, config_hash, metrics ->> 'labels_hash',
                artefact_path, artefact_sha256, config
            from ml.models
            where {condition}
            """,
            [value] if value else [],
        ).fetchone()
    if row is None:
        return None
    version, to_day, config_hash, labels_hash, path, expected, trained_under = row
    files = _read(_home() / path)
    if digest(files) != expected:
        raise ValueError(f"the artefact of model {version} is not the one that was registered")
    model = restored(files, config or ModelConfig.from_dict(trained_under))
    return Registered(version, to_day, config_hash, labels_hash, model)


def register(
    model: Model, window: tuple[date, date], metrics: dict[str, Any], *, activate: bool
) -> str:
    """Store a model and, if told, make it the active one; return its version.

    The version is made of the last label's day and the artefact's content. A model that is
    registered already keeps its record.
    """
    from customs_risk.warehouse import connect

    files = model.files()
    sha256 = digest(files)
    version = f"{window[1]:%Y%m%d}-{sha256[:10]}"
    path = Path("models") / version
    _write(_home() / path, files)
    with connect() as connection:
        connection.execute("lock table ml.models in share row exclusive mode")
        connection.execute(
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
                Jsonb(_without_nan(metrics)),
                str(path),
                sha256,
            ),
        )
        if activate:
            # two statements: at no moment may two rows be active
            connection.execute(
                "update ml.models set is_active = false where is_active and model_version <> %s",
                (version,),
            )
            connection.execute(
                "update ml.models set is_active = true where model_version = %s", (version,)
            )
    return version


def digest(files: dict[str, bytes]) -> str:
    """Return the SHA-256 over an artefact's file names and bytes."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name} {len(files[name])}\n".encode())
        total.update(files[name])
    return total.hexdigest()


def _home() -> Path:
    from customs_risk.settings import settings

    return settings().home


def _read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".part"}


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        part = folder / f"{name}.part"
        part.write_bytes(content)
        part.replace(folder / name)


def _without_nan(metrics: dict[str, Any]) -> Any:
    """Replace nan, which JSON does not know, by null."""
    return json.loads(json.dumps(metrics), parse_constant=lambda _: None)
