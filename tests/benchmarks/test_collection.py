"""What the gate costs over the least that any load costs: a plain COPY of the same file as text."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil
from psycopg import sql

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.sandbox.world import World
from customs_risk.settings import Settings
from expectations.contract import contract_of

Figure = Callable[[str, float], None]


def test_gate(warehouse: Settings, figure: Figure) -> None:
    """90 days of declarations (about 200,000 rows): land, judge and load, against COPY alone."""
    steps.initialize()
    delivered = World(warehouse.home).deliver_history()
    path = delivered["declarations"]
    file_bytes = path.stat().st_size
    baseline = seconds_of(lambda: copy_as_text(path))
    # the first batch of a process pays for Great Expectations' import; that is told apart
    figure("gate_import_seconds", seconds_of(lambda: steps.collect("watch_list")))
    memory = psutil.Process().memory_info().rss
    cost = seconds_of(lambda: steps.collect("declarations"))
    figure("copy_seconds", baseline)
    figure("gate_seconds", cost)
    figure("gate_over_copy", cost / baseline)
    figure("gate_memory_over_file", (psutil.Process().memory_info().rss - memory) / file_bytes)


def copy_as_text(path: Path) -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} text").format(sql.Identifier(name))
        for name in contract_of("declarations").columns
    )
    with doors.connect() as connection:
        connection.execute(sql.SQL("create table gate.baseline ({})").format(columns))
        with (
            path.open("rb") as file,
            connection.cursor().copy("copy gate.baseline from stdin (format csv, header)") as copy,
        ):
            while chunk := file.read(1 << 20):
                copy.write(chunk)


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
