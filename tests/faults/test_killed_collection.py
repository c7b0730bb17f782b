"""A collection that is killed at any moment is finished by the next; no row is lost or doubled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from expectations.contract import contract_of

COLUMNS = list(contract_of("declarations").columns)
COUNT = 40_000
# the moment it dies: as soon as the ledger, the gate or the server's own view has come this far
MOMENTS = {
    "landed": "select count(*) from ops.batches where status = 'landed'",
    "copying": "select count(*) from pg_stat_progress_copy where tuples_processed > 0",
    "typed": "select count(*) from gate.declarations having count(*) > 0",
    "loading": """
        select count(*) from pg_stat_activity
        where query like '%insert into raw.%' and pid <> pg_backend_pid()
    """,
}


@pytest.fixture(scope="module", autouse=True)
def prepared(warehouse: Settings) -> Iterator[Settings]:
    steps.initialize()
    yield warehouse


@pytest.fixture(autouse=True)
def empty() -> None:
    with doors.connect() as connection:
        connection.execute("truncate raw.declarations, ops.quarantine, ops.batches")
        connection.execute("drop schema gate cascade")
        connection.execute("create schema gate")


def value(query: str) -> Any:
    with doors.connect() as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def reached(query: str) -> bool:
    with doors.connect() as connection:
        missing = connection.execute("select to_regclass('gate.declarations') is null").fetchone()
        if "gate.declarations" in query and missing == (True,):
            return False
        return bool((connection.execute(query).fetchone() or [0])[0])


def send(home: Settings) -> None:
    given = {
        "declared_at": "2026-06-30T10:00:00+08:00",
        "office_code": "2200",
        "importer_id": "91310000MA1FL0000X",
        "hs6": "220421",
        "origin_country": "FR",
        "net_mass_kg": "900",
        "declared_value_cny": "54000.50",
    }
    cells = ["{number}" if name == "declaration_id" else given.get(name, "") for name in COLUMNS]
    pattern = ",".join(cells) + "\n"
    body = "".join(pattern.replace("{number}", f"D{number}") for number in range(COUNT))
    folder = home.inbox / "declarations"
    folder.mkdir(parents=True, exist_ok=True)
    spoilt = pattern.replace("{number}", "BAD").replace("900", "-900")
    (folder / "declarations_20260630T180000.csv").write_text(
        ",".join(COLUMNS) + f"\n{body}{spoilt}"
    )


def collect_and_kill(moment: str) -> bool:
    """Return whether the collection was still at work when it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from customs_risk import steps; steps.collect('declarations')"],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while child.poll() is None and not reached(MOMENTS[moment]):
        assert time.monotonic() < deadline, f"never {moment}"
        time.sleep(0.02)
    was_at_work = child.poll() is None
    if was_at_work:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return was_at_work


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_next_collection_finishes(prepared: Settings, moment: str) -> None:
    send(prepared)
    assert collect_and_kill(moment)
    assert value("select count(*) from raw.declarations") == 0
    (outcome,) = steps.collect("declarations")
    assert (outcome.received, outcome.loaded, outcome.quarantined) == (COUNT + 1, COUNT, 1)
    assert value("select count(*) from raw.declarations") == COUNT
    assert value("select count(*) from ops.quarantine") == 1
    assert value("select string_agg(status, ',') from ops.batches") == "loaded"
    assert not list(prepared.inbox.rglob("*.csv"))
    assert not list(prepared.landing.rglob("*.part"))
    assert steps.collect("declarations") == []
