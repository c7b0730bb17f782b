"""A home of one's own: an empty folder, a server in it, and settings that point there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from customs_risk import steps, warehouse
from customs_risk.embedded import airflow, postgres
from customs_risk.settings import settings


@contextmanager
def fresh_home(home: Path, **overrides: str) -> Iterator[None]:
    """Forget ``home``, start a server in it, make the first tables; stop the server at the end.

    ``overrides`` are settings by name, as the environment would give them. What is left in the
    home (database files, Data Docs, logs) stays for a look afterwards.
    """
    forget(home)
    point_to(home, **overrides)
    postgres.start(home, settings().time_zone)
    try:
        steps.initialize()
        yield
    finally:
        warehouse.engine().dispose()
        postgres.stop(home)


def point_to(home: Path, **overrides: str) -> None:
    """Make this process and its children work in ``home``."""
    os.environ["CUSTOMS_RISK_HOME"] = str(home)
    for name, value in overrides.items():
        os.environ[f"CUSTOMS_RISK_{name.upper()}"] = value
    settings.cache_clear()
    warehouse.engine.cache_clear()


def forget(home: Path) -> None:
    """End what a killed run left in ``home``, stop its server, and delete the folder.

    Raises:
        AirflowFailed: a run is alive in this home; end that one first.
    """
    airflow.end_leftovers(home)
    postgres.stop(home)
    shutil.rmtree(home, ignore_errors=True)
