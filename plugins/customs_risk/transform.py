"""dbt, called from Python: one invocation builds one layer of the warehouse.

Views, seeds and code change when people change the project, not when a day passes. So a layer is
built whole when the project's content is not what it was at the last whole build, or when something
that was built is gone; on any other day only what takes in rows is built.
"""

import gc
import hashlib
import json
import logging
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import psycopg

from customs_risk import warehouse
from customs_risk.settings import REPOSITORY, Settings, settings

Layer = Literal["prepare", "decide", "instruct", "feedback"]
Command = Literal["build", "docs", "parse", "test"]

log = logging.getLogger(__name__)

PROJECT = REPOSITORY / "dbt_project"
# two builds at once would fight over the same tables: the second waits
_LOCK = 27101
_CONTENT = {".sql", ".yml", ".csv"}
# made of decisions and results alone: a changed project counts it anew, since what an earlier one
# has counted may not mean the same
_DERIVED: set[Layer] = {"feedback"}

# the project as dbt has parsed it, by what it was parsed from: the last few. Reading it anew takes
# longer than building the rows of a small day does
_parsed: dict[str, bytes] = {}
_KEPT = 4
# a table that is smaller is vacuumed by the server in no time
_MANY_BYTES = 64 * 2**20
# what runs on the project as it was read before, and writes nothing down about it: that takes dbt
# longer than the models of a quiet day. A catalogue is made of what is read anew
_REUSES: set[Command] = {"build", "test"}

# whoever wants to hear dbt's events, such as the statements that it executes
listeners: list[Callable[[Any], None]] = []


class TransformFailed(RuntimeError):  # noqa: N818 - reads as what happened
    """A model or a test failed; the message names each with dbt's own words."""


def transform(layer: Layer, *, full_refresh: bool = False) -> int:
    """Build one layer's models and return how many ran; the data tests run on their own.

    Raises:
        TransformFailed: a model or a test failed.
    """
    mark = fingerprint(settings())
    with _alone() as connection:
        if not full_refresh and _stands(connection, layer, mark):
            return len(_invoke("build", "--selector", f"{layer}_rows"))
        flags = ["--full-refresh"] if full_refresh or layer in _DERIVED else []
        # what the project now is, the pages tell
        results = _invoke("build", "--selector", layer, "--write-json", *flags)
        relations = _relations(results)
        _settle(connection, relations)
        _note_whole_build(connection, layer, mark, relations)
        _bring_back(connection, layer)
        return len(results)


def dbt(command: Command, *arguments: str) -> int:
    """Run one dbt command in this process and return how many nodes ran."""
    with _alone():
        return len(_invoke(command, *arguments))


def fingerprint(config: Settings, project: Path = PROJECT) -> str:
    """Return what changes whenever the project would build something else."""
    digest = hashlib.sha256(json.dumps(variables(config), sort_keys=True).encode())
    for path in sorted(project.rglob("*")):
        if path.suffix in _CONTENT and not {"target", "logs"} & {*path.relative_to(project).parts}:
            digest.update(str(path.relative_to(project)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _alone() -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        yield connection


def _invoke(command: Command, *arguments: str) -> list[Any]:
    os.environ.update(profile_environment())
    if command in _REUSES:
        told = _run(_manifest(), command, "--no-write-json", *arguments)
    else:
        told = _run(None, command, *arguments)
    return list(getattr(told, "results", []))


def _manifest() -> Any:
    """Return the parsed project, for one command alone: a command writes into what it is given."""
    config = settings()
    key = f"{fingerprint(config)} {sorted(profile_environment().items())}"
    if key not in _parsed:
        # the pages tell from it what the project is: a home that has none gets one
        is_written = (config.home / "dbt" / "target" / "manifest.json").exists()
        with _uncollected():
            manifest = _run(None, "parse", *(["--no-write-json"] if is_written else []))
        while len(_parsed) >= _KEPT:
            del _parsed[next(iter(_parsed))]
        # field by field: dbt 1.11 itself would pickle one of them in the place of another
        _parsed[key] = pickle.dumps(
            {
                each.name: getattr(manifest, each.name)
                for each in fields(manifest)
                if not each.name.startswith("_")
            }
        )
        return manifest
    from dbt.contracts.graph.manifest import Manifest

    with _uncollected():
        return Manifest(**pickle.loads(_parsed[key]))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make many objects at once: looking for garbage among them would take longer by far."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _run(manifest: Any, command: Command, *arguments: str) -> Any:
    from dbt.cli.main import dbtRunner
    from dbt_common.behavior_flags import BehaviorFlagRendered

    # who asks for a flag dbt finds out by looking through all modules of the process, for each of
    # its own frames: seconds, where Airflow is loaded too. It would only be told in a warning
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")  # type: ignore[method-assign]
    config = settings()
    outcome = dbtRunner(manifest, callbacks=list(listeners)).invoke(
        [
            command,
            *arguments,
            "--project-dir", str(PROJECT),
            "--profiles-dir", str(PROJECT),
            "--target-path", str(config.home / "dbt" / "target"),
            "--log-path", str(config.logs / "dbt"),
            "--vars", json.dumps(variables(config)),
            "--log-level-file", "info",
            "--quiet",
            "--no-use-colors",
            "--no-version-check",
            "--no-send-anonymous-usage-stats",
        ]
    )  # fmt: skip
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception  # dbt would tell of it as of a failure
    if not outcome.success:
        raise TransformFailed(_explain(command, arguments, outcome))
    return outcome.result


def _stands(connection: psycopg.Connection, layer: Layer, mark: str) -> bool:
    """Tell whether a layer was built whole from this content, and nothing of it is missing."""
    if connection.execute("select to_regclass('ops.builds')").fetchone() == (None,):
        warehouse.prepare()  # a home from before there were notes of builds
    row = connection.execute(
        """
        select not exists (
            select 1 from unnest(relations) as built (name) where to_regclass(built.name) is null
        )
        from ops.builds where layer = %s and fingerprint = %s
        """,
        [layer, mark],
    ).fetchone()
    return row is not None and bool(row[0])


def _relations(results: list[Any]) -> list[str]:
    """Return what was built, without the database's name: a copy of it stands as well."""
    return [
        result.node.relation_name.split(".", 1)[1]
        for result in results
        if str(result.node.resource_type) in {"model", "seed", "snapshot"}
        and result.node.relation_name
    ]


def _settle(connection: psycopg.Connection, relations: list[str]) -> None:
    """Vacuum what was filled at once, before days are added to it.

    Else the first look at each page writes it again, and the server's own vacuum takes what memory
    and disk the next days would need, for as long as they add to a long history.
    """
    filled = connection.execute(
        """
        select oid::regclass::text from pg_class
        where
            oid = any(select to_regclass(name) from unnest(%s::text[]) as built (name))
            and relkind = 'r'
            and pg_relation_size(oid) > %s
            and 2 * relallvisible * current_setting('block_size')::bigint < pg_relation_size(oid)
        order by pg_relation_size(oid) desc
        """,
        [relations, _MANY_BYTES],
    ).fetchall()
    for (name,) in filled:
        # with room to write many pages at once
        connection.execute(f"vacuum (freeze, buffer_usage_limit '256MB') {name}".encode())


def _note_whole_build(
    connection: psycopg.Connection, layer: Layer, mark: str, relations: list[str]
) -> None:
    connection.execute(
        """
        insert into ops.builds (layer, fingerprint, relations) values (%s, %s, %s)
        on conflict (layer) do update set
            fingerprint = excluded.fingerprint, relations = excluded.relations, built_at = now()
        """,
        [layer, mark, relations],
    )


def _bring_back(connection: psycopg.Connection, layer: Layer) -> None:
    """Build the views of other layers that the swap of this layer's relations took along.

    They are read before their own layer has its turn: what experts say is pooled, and pages are
    looked at. What a new version of the project tells otherwise may need that turn first.
    """
    gone = connection.execute(
        """
        select distinct builds.layer
        from ops.builds as builds
        cross join lateral unnest(builds.relations) as built (name)
        where builds.layer <> %s and to_regclass(built.name) is null
        order by builds.layer
        """,
        [layer],
    ).fetchall()
    if not gone:
        return
    views = [f"tag:{name},config.materialized:view" for (name,) in gone]
    try:
        _invoke("build", "--select", *views, "--exclude", "tag:full", "resource_type:unit_test")
    except TransformFailed as failure:
        log.warning("some views come back with their own layer only: %s", failure)


def variables(config: Settings) -> dict[str, object]:
    """Return the settings that models read, under the names they read them by."""
    return {
        "inspection_rate": config.inspection_rate,
        "capacity_of": config.capacity_of,
        "random_share": config.random_share,
        "claim_share": config.claim_share,
        "exploration_share": config.exploration_share,
        "exploration_most": config.exploration_most,
        "medium_rate": config.medium_rate,
        "selection_seed": config.selection_seed,
        "inspection_sensitivity": config.inspection_sensitivity,
        "smoothing_weight": config.smoothing_weight,
        "time_zone": config.time_zone,
        "schedules": config.schedules,
    }


def profile_environment() -> dict[str, str]:
    """Return the environment from which dbt's profile takes its connection."""
    parts = psycopg.conninfo.conninfo_to_dict(warehouse.url())
    return {
        "CUSTOMS_RISK_PG_HOST": str(parts.get("host", "localhost")),
        "CUSTOMS_RISK_PG_PORT": str(parts.get("port", "5432")),
        "CUSTOMS_RISK_PG_USER": str(parts.get("user", "postgres")),
        "CUSTOMS_RISK_PG_PASSWORD": str(parts.get("password", "")),
        "CUSTOMS_RISK_PG_DATABASE": str(parts.get("dbname", "customs_risk")),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _explain(command: str, arguments: tuple[str, ...], outcome: object) -> str:
    call = " ".join(["dbt", command, *arguments])
    results = getattr(getattr(outcome, "result", None), "results", None) or []
    failures = [
        f"{result.node.unique_id}: {result.message}"
        for result in results
        if str(result.status) in {"error", "fail", "runtime error"}
    ]
    return "\n  ".join([f"{call} failed", *(failures or [str(getattr(outcome, "exception", ""))])])
