"""The command that people run, on a small world: a day, a kill in the middle of a day, the rest.

Everything is real: PostgreSQL, Airflow with its scheduler, Great Expectations, dbt, XGBoost.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from customs_risk.embedded import guard, postgres
from expectations.contract import contracts

pytestmark = pytest.mark.timeout(1500)

# the others are visited in turn, some of them later than these few days
DAILY = (
    "declarations",
    "inspection_results",
    "monitoring_samples",
    "enterprise_status",
    "watch_list",
)
PROGRAM = str(Path(sys.executable).with_name("customs-risk"))
RUN = [PROGRAM, "run", "--days", "1", "--declarations", "300", "--exit"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("run")
    yield home
    postgres.stop(home)


def start(home: Path) -> subprocess.Popen[str]:
    """Start `customs-risk run` as the leader of a process group."""
    environment = os.environ | {"CUSTOMS_RISK_HOME": str(home), "COLUMNS": "160"}
    environment.pop("CUSTOMS_RISK_DATABASE_URL", None)
    return subprocess.Popen(
        RUN,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(home: Path) -> str:
    process = start(home)
    output, _ = process.communicate(timeout=1200)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def first_run(home: Path) -> str:
    return finish(home)


def test_the_first_run_ends_with_its_table(first_run: str) -> None:
    assert "2026-06-30" in first_run
    assert "psql" in first_run


def test_every_row_is_accounted_for_and_every_run_succeeded(home: Path, first_run: str) -> None:
    assert_sound(home)


def test_a_kill_in_the_middle_of_the_next_day_loses_and_doubles_nothing(
    home: Path, first_run: str
) -> None:
    process = start(home)
    assert process.stdout
    for line in process.stdout:
        if line.startswith("day 1 of 1"):
            break
    # the morning's feeds are collected, the declarations have just come
    wait_for(lambda: any((home / "inbox" / "declarations").glob("*.csv")))
    record = home / "airflow" / "sessions.json"
    leaders = [guard.Leader.parse(text) for text in json.loads(record.read_text()).values()]
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not any(map(guard.members, leaders)))

    output = finish(home)
    assert "2026-07-01" in output
    assert_sound(home)


def wait_for(condition: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def assert_sound(home: Path) -> None:
    """Hold the ledger, the raw tables and Airflow's own runs against each other."""
    postgres.start(home)
    try:
        with psycopg.connect(postgres.url(home)) as warehouse:
            assert_ledger_adds_up(warehouse)
            assert_every_declaration_is_answered(warehouse)
        with psycopg.connect(postgres.url(home, postgres.METADATA)) as metadata:
            states = metadata.execute("select state, count(*) from dag_run group by 1").fetchall()
            assert {state for state, _ in states} == {"success"}, states
    finally:
        postgres.stop(home)


def assert_ledger_adds_up(warehouse: psycopg.Connection) -> None:
    wrong = warehouse.execute(
        """
        select * from ops.batches
        where status not in ('loaded', 'repeated')
           or (status = 'loaded' and received <> loaded + quarantined + duplicate)
        """
    ).fetchall()
    assert wrong == []
    for contract in contracts():
        columns = ", ".join(f'"{name}"' for name in contract.columns)
        loaded, rows, distinct = warehouse.execute(
            f"""
            select
                (select coalesce(sum(loaded), 0) from ops.batches where feed = '{contract.feed}'),
                (select count(*) from raw.{contract.feed}),
                (select count(distinct row({columns}, known_at)::text) from raw.{contract.feed})
            """
        ).fetchone() or (None, None, None)
        assert loaded == rows == distinct, contract.feed
        assert rows or contract.feed not in DAILY, f"{contract.feed}: nothing was loaded"


def assert_every_declaration_is_answered(warehouse: psycopg.Connection) -> None:
    (pending,) = warehouse.execute(
        """
        select count(*)
        from raw.declarations
        left join treatment.decisions using (importer_id, declaration_id)
        where not declarations.is_backfill and decisions.declaration_id is null
        """
    ).fetchone() or (None,)
    assert pending == 0
