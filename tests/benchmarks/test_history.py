"""What a long history costs to build from raw to features, and what one more day costs after it.

`HISTORY=200000,1000000` measures shorter ones. The day is also run by psql, with the statements
that dbt executed the day before: what dbt adds to them is its own. A fortnight of live days goes
before, as in service: by then what each day looks up lies in memory as far as it fits. The days
alternate, and the best time of each counts: a shared host has slow minutes.
"""

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from customs_risk import steps, transform
from customs_risk.embedded import postgres
from customs_risk.settings import REPOSITORY, settings
from tests.benchmarks.history import History
from tests.benchmarks.watching import watched

Figure = Callable[[str, float], None]

SIZES = [int(size) for size in os.environ.get("HISTORY", "1000000,10000000").split(",")]
TURNS = 8
FORTNIGHT = 14
# two fifths of the memory, the most that PostgreSQL's manual advises; the default suits a laptop
CACHE_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 2 // 5 // 2**20
# what dbt asks about the tables themselves is dbt's own
_CATALOGUE = ("information_schema.", "pg_catalog.", "pg_class", "pg_namespace", "pg_matviews")


def test_history(tmp_path: Path, figure: Figure) -> None:
    days = {}
    for size in SIZES:
        label = f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1000}k"
        with warehouse_of_its_own(tmp_path / label) as home:
            steps.initialize()
            history = History(size)
            history.deliver()
            with watched(home) as peak:
                minutes = seconds_of(steps.prepare) / 60
            figure(f"history_{label}_minutes", minutes)
            figure(f"history_{label}_peak_memory_gb", peak.memory_gb)
            figure(f"history_{label}_peak_disk_gb", peak.disk_gb)
            by_dbt, by_psql = day_seconds(history, home / "day.sql")
            figure(f"day_seconds_{label}", by_dbt)
            figure(f"day_psql_seconds_{label}", by_psql)
            days[size] = by_dbt
    figure("day_cost_growth", days[SIZES[-1]] / days[SIZES[0]])
    figure("dbt_vs_psql", by_dbt / by_psql)


@contextmanager
def warehouse_of_its_own(home: Path) -> Iterator[Path]:
    """Run a server for one history, and leave nothing of it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("CUSTOMS_RISK_HOME", str(home))
    patch.setenv("CUSTOMS_RISK_EMBEDDED_CACHE", f"{CACHE_MB}MB")
    patch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    # the present is when the newest delivery was sent: by the wall clock a live day would close the
    # windows of all the days between its own and today's
    patch.setenv("CUSTOMS_RISK_SCHEDULES", "off")
    settings.cache_clear()
    postgres.start(home)
    try:
        yield home
    finally:
        postgres.stop(home)
        patch.undo()
        settings.cache_clear()
        shutil.rmtree(home)


def day_seconds(history: History, script: Path) -> tuple[float, float]:
    """Add live days, in turn by dbt and by psql; return the best time of each."""
    days = itertools.count()
    for _ in range(FORTNIGHT):
        history.deliver_live_day(next(days))
        script.write_text(statements_of(steps.prepare), encoding="utf-8")
    by_dbt, by_psql = [], []
    for _ in range(TURNS):
        history.deliver_live_day(next(days))
        by_psql.append(seconds_of(lambda: run_by_psql(script)))
        history.deliver_live_day(next(days))
        by_dbt.append(seconds_of(prepare_as_a_task_does))
    print(
        "days",
        *(f"{seconds:.1f}" for seconds in by_dbt),
        "by psql",
        *(f"{seconds:.1f}" for seconds in by_psql),
    )
    return min(by_dbt), min(by_psql)


def statements_of(work: Callable[[], object]) -> str:
    """Return what dbt executes for its models while this work is done, a transaction each."""
    heard: dict[str, list[str]] = {}

    def listen(event: Any) -> None:
        if event.info.name != "SQLQuery" or not event.data.conn_name.startswith("model."):
            return
        statement = event.data.sql
        if not any(word in statement for word in (*_CATALOGUE, "BEGIN", "COMMIT")):
            heard.setdefault(event.data.conn_name, []).append(statement.rstrip().rstrip(";"))

    transform.listeners.append(listen)
    try:
        work()
    finally:
        transform.listeners.remove(listen)
    return "".join(f"begin;\n{';'.join(said)};\ncommit;\n" for said in heard.values())


def run_by_psql(script: Path) -> None:
    parts = transform.profile_environment()
    subprocess.run(
        [
            str(postgres.program("psql")), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1",
            "--host", parts["CUSTOMS_RISK_PG_HOST"], "--port", parts["CUSTOMS_RISK_PG_PORT"],
            "--username", parts["CUSTOMS_RISK_PG_USER"], "--output", os.devnull,
            "--dbname", parts["CUSTOMS_RISK_PG_DATABASE"], "--file", str(script),
        ],
        check=True,
    )  # fmt: skip


def prepare_as_a_task_does() -> None:
    """Prepare in a process of its own, which pays for its start."""
    subprocess.run(
        [sys.executable, "-c", "from customs_risk import steps; steps.prepare()"],
        check=True,
        cwd=REPOSITORY,
    )


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
