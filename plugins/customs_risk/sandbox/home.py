"""Homes: folders that hold a server and all it leaves behind, each used by one run at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from customs_risk import steps
from customs_risk.embedded import airflow, postgres
from customs_risk.settings import settings

# only a folder that was marked when it was made is ever deleted
_MARK = ".customs-risk-home"


class HomeInUse(RuntimeError):  # noqa: N818 - reads as what is so
    """Another run works in this home."""


class NoHome(RuntimeError):  # noqa: N818 - reads as what is so
    """The folder was not made by this program, so it is not deleted."""


@contextmanager
def sole_use(home: Path) -> Iterator[None]:
    """Make ``home``, if it is not there, and keep every other run out of it.

    Raises:
        HomeInUse: another run has it.
    """
    home.mkdir(parents=True, exist_ok=True)
    if not any(home.iterdir()):
        (home / _MARK).touch()
    with _lock_file(home).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(
                f"another run works in {home}: end it first, or set CUSTOMS_RISK_HOME to "
                "another folder"
            ) from None
        yield


@contextmanager
def fresh_home(home: Path, **overrides: str) -> Iterator[None]:
    """Forget ``home``, start a server in it, make the first tables; stop the server at the end.

    ``overrides`` are settings by name, as the environment would give them. What is left in the
    home (database files, Data Docs, logs) stays for a look afterwards.
    """
    forget(home)
    with sole_use(home):
        point_to(home, **overrides)
        postgres.start(home, settings().time_zone)
        try:
            steps.initialize()
            yield
        finally:
            postgres.stop(home)


def point_to(home: Path, **overrides: str) -> None:
    """Make this process and its children work in ``home``, on the sandbox's clock and policy."""
    os.environ["CUSTOMS_RISK_HOME"] = str(home)
    for name, value in {"schedules": "off", "approvals": "policy", **overrides}.items():
        os.environ[f"CUSTOMS_RISK_{name.upper()}"] = value
    settings.cache_clear()


def forget(home: Path) -> None:
    """End what a killed run left in ``home``, stop its server, and delete the folder.

    Raises:
        HomeInUse: a run is alive in this home; end that one first.
        NoHome: the folder was not made by this program.
    """
    if not home.exists():
        return
    with sole_use(home):
        if not (home / _MARK).exists():
            raise NoHome(f"{home} was not made by customs-risk, so it is not deleted")
        airflow.end_leftovers(home)
        postgres.stop(home)
        shutil.rmtree(home)
    _lock_file(home).unlink(missing_ok=True)


def _lock_file(home: Path) -> Path:
    # beside the home, so that it outlives the folder it guards
    return home.with_name(f"{home.name}.lock")
