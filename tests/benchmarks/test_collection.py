"""What collection costs over the least that any load costs, and what it holds in memory.

The baseline is one bare COPY of the same file into a table of the same types and key, on the same
server, in the same process. Both are done twice in turn, and the better time of each counts. Memory
is that of a process of its own.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from psycopg import sql

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.collect import intake, landing, load
from customs_risk.settings import REPOSITORY, Settings
from expectations import gate
from tests.benchmarks.delivered import (
    DECLARATIONS,
    FILE_NAME,
    copy_typed,
    seconds_of,
    write_declarations,
)

Figure = Callable[[str, float], None]
ROWS = 1_000_000


@pytest.fixture(scope="module")
def file(warehouse: Settings) -> Path:
    steps.initialize()
    path = warehouse.home / FILE_NAME
    write_declarations(path, ROWS)
    return path


def test_collect(file: Path, warehouse: Settings, figure: Figure) -> None:
    """From a landed CSV to gated rows in raw; half of the rows too, to see memory stand still."""
    half = file.with_name("half.csv")
    write_declarations(half, ROWS // 2)
    of_half, of_all = collect_apart(half), collect_apart(file)
    copies, collections = [], []
    for _ in range(2):
        copies.append(seconds_of(lambda: copy_typed(file)))
        collections.append(seconds_of_collection(file, warehouse))
    figure("copy_seconds", min(copies))
    figure("collect_seconds", min(collections))
    figure("collect_rows_per_second", ROWS / min(collections))
    figure("collect_vs_copy", min(copies) / min(collections))
    figure("collect_apart_seconds", of_all["seconds"])
    figure("collect_peak_mib", of_all["peak_mib"])
    figure("collect_peak_mib_of_half", of_half["peak_mib"])
    figure("imports_seconds", of_half["imports"])


def seconds_of_collection(file: Path, warehouse: Settings) -> float:
    """Land the file in an empty warehouse, and return how long the rest takes."""
    with doors.connect() as connection:
        connection.execute("truncate raw.declarations, ops.batches, ops.quarantine")
    inbox = warehouse.inbox / "declarations"
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, inbox / FILE_NAME)
    landing.land("declarations")
    return seconds_of(lambda: intake.take_in("declarations"))


def test_gate(file: Path, figure: Figure) -> None:
    """The suite on a waiting batch, against one statement that counts the same violations."""
    sent_at = datetime.fromisoformat("2026-06-30T18:00:00+08:00")
    delivery = landing.unlanded("declarations", file, FILE_NAME)
    layout = DECLARATIONS.layout()
    load.wait_at_the_gate(DECLARATIONS, layout, load.open_delivery(delivery, DECLARATIONS, layout))

    def judge() -> None:
        with doors.connect() as connection:
            gate.judge(DECLARATIONS, "benchmark", sent_at, connection, with_page=False)

    judge()  # the first one of a process pays for the import
    by_hand = min(seconds_of(lambda: count_by_hand(sent_at)) for _ in range(3))
    by_suite = min(seconds_of(judge) for _ in range(3))
    figure("gate_seconds", by_suite)
    figure("sql_seconds", by_hand)
    figure("gate_vs_sql", by_suite / by_hand)


def collect_apart(path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.collect_once", str(path)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def count_by_hand(sent_at: datetime) -> None:
    """Count in one statement what the suite counts rule by rule."""
    counts = [
        "count(*)",
        f"count(*) filter (where declared_at > '{sent_at.isoformat()}')",
    ]
    for name, column in DECLARATIONS.columns.items():
        if not column.nullable:
            counts.append(f'count(*) filter (where "{name}" is null)')
        lowest = column.minimum if column.above is None else column.above
        if lowest is not None:
            at_least = ">=" if column.above is None else ">"
            counts.append(
                f'count(*) filter (where not ("{name}" {at_least} {lowest} '
                f'and "{name}" <= {column.maximum}))'
            )
        if column.max_length:
            counts.append(f'count(*) filter (where length("{name}") > {column.max_length})')
        if column.values:
            known = ", ".join(f"'{value}'" for value in column.values)
            counts.append(f'count(*) filter (where "{name}" not in ({known}))')
        if column.code_list:
            counts.append(
                f"""count(*) filter (where "{name}" is not null and "{name}" not in (
                    select code from ops.code_lists where list_name = '{column.code_list}'))"""
            )
    statement = f"""
        select {", ".join(counts)},
            (select count(*) from gate.declarations_broken),
            (select count(*) from gate.declarations_repeated where not is_same)
        from gate.declarations
    """
    with doors.connect() as connection:
        connection.execute(sql.SQL(statement)).fetchone()
