"""A real PostgreSQL server for the session, and a fresh warehouse and home for each module."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.catalogue.tables import Manifest, read
from customs_risk.embedded import postgres
from customs_risk.settings import Settings, settings
from customs_risk.transform import PROJECT

# one name for all: see _warehouse
_NAME, _TEMPLATE = "customs_risk_test", "customs_risk_template"


def pytest_configure() -> None:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    # whoever imports Airflow without a home gets one beside his own files
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Return the dbt project as dbt reads it; that takes no server."""
    from dbt.cli.main import dbtRunner

    folder = tmp_path_factory.mktemp("manifest")
    outcome = dbtRunner().invoke(
        [
            "parse",
            "--project-dir", str(PROJECT),
            "--profiles-dir", str(PROJECT),
            "--target-path", str(folder),
            "--log-path", str(folder),
            "--quiet",
            "--no-version-check",
            "--no-send-anonymous-usage-stats",
        ]
    )  # fmt: skip
    assert outcome.success, outcome.exception
    return read(folder / "manifest.json")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the home of an embedded server that ends with the session."""
    home = tmp_path_factory.mktemp("server")
    postgres.start(home)
    # it is thrown away with the session: a crash of the machine would cost nobody anything
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _execute(home, "alter system set {} = off", setting)
    _execute(home, "select pg_reload_conf()")
    yield home
    postgres.stop(home)


@pytest.fixture(scope="session")
def template(server: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the name of a database with every model built, on no rows at all."""
    with _warehouse(server, tmp_path_factory.mktemp("home")):
        for step in (steps.initialize, steps.prepare, steps.decide, steps.feed_back):
            step()
        _execute(server, "alter database {} rename to {}", _NAME, _TEMPLATE)
        # whoever ends the module finds nothing under the name
        _execute(server, "create database {}", _NAME)
    yield _TEMPLATE
    _execute(server, "drop database {} with (force)", _TEMPLATE)


@pytest.fixture(scope="module")
def warehouse(server: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Yield settings that point to an empty, prepared warehouse and an empty home."""
    with _warehouse(server, tmp_path_factory.mktemp("home")) as told:
        doors.prepare()
        yield told


@pytest.fixture(scope="module")
def standing_warehouse(
    server: Path, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Yield settings that point to a warehouse with every model built, and an empty home."""
    with _warehouse(server, tmp_path_factory.mktemp("home"), template) as told:
        yield told


@pytest.fixture(scope="module")
def wall_clock(warehouse: Settings) -> Iterator[None]:
    """Let time pass for a module; the sandbox's clock stands still at what was sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUSTOMS_RISK_SCHEDULES", "on")
        settings.cache_clear()
        yield
    settings.cache_clear()


@contextmanager
def _warehouse(server: Path, home: Path, template: str = "template1") -> Iterator[Settings]:
    """Make a database, on the sandbox's clock; drop it in the end.

    Each has the same name: dbt would parse the project anew for another, which takes longer than
    most of what is tested.
    """
    _execute(server, "create database {} template {}", _NAME, template)
    patch = pytest.MonkeyPatch()
    patch.setenv("CUSTOMS_RISK_HOME", str(home))
    patch.setenv("CUSTOMS_RISK_DATABASE_URL", postgres.url(server, _NAME))
    patch.setenv("CUSTOMS_RISK_SCHEDULES", "off")
    settings.cache_clear()
    yield settings()
    patch.undo()
    settings.cache_clear()
    # the sandbox's departments share a database beside it
    for name in (_NAME, f"{_NAME}_shared"):
        _execute(server, "drop database if exists {} with (force)", name)


def _execute(server: Path, statement: LiteralString, *names: str) -> None:
    with psycopg.connect(postgres.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
