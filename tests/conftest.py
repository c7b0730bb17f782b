"""A real PostgreSQL server for the session, and a fresh warehouse and home for each module."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from customs_risk import warehouse as doors
from customs_risk.catalogue.tables import Manifest, read
from customs_risk.embedded import postgres
from customs_risk.settings import Settings, settings
from customs_risk.transform import PROJECT


def pytest_configure() -> None:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"


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
    yield home
    postgres.stop(home)


@pytest.fixture(scope="module")
def warehouse(server: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Yield settings that point to an empty, prepared warehouse and an empty home."""
    home = tmp_path_factory.mktemp("home")
    name = home.name.replace("-", "_")
    _execute(server, sql.SQL("create database {}").format(sql.Identifier(name)))
    patch = pytest.MonkeyPatch()
    patch.setenv("CUSTOMS_RISK_HOME", str(home))
    patch.setenv("CUSTOMS_RISK_DATABASE_URL", postgres.url(server, name))
    _forget()
    doors.prepare()
    yield settings()
    patch.undo()
    _forget()
    _execute(server, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _forget() -> None:
    settings.cache_clear()


def _execute(server: Path, statement: sql.Composable) -> None:
    with psycopg.connect(postgres.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(statement)
