"""Large deliveries of declarations to measure with, and the least that loading them could cost."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import sql

from customs_risk import warehouse as doors
from expectations.codes import hs6_codes
from expectations.contract import contract_of

DECLARATIONS = contract_of("declarations")
FILE_NAME = "declarations_20260630T180000.csv"
_BLOCK = 50_000


def write_declarations(path: Path, count: int, seed: int = 7) -> None:
    """Write a CSV of good declarations, a block at a time."""
    rng = np.random.default_rng(seed)
    hs6 = np.array(hs6_codes(), dtype=object)
    writer: pa_csv.CSVWriter | None = None
    for first in range(0, count, _BLOCK):
        numbers = np.arange(first, min(first + _BLOCK, count))
        rows = _rows(rng, hs6, numbers)
        table = pa.table({name: rows.get(name, pa.nulls(len(numbers), pa.string()))
                          for name in DECLARATIONS.columns})  # fmt: skip
        writer = writer or pa_csv.CSVWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def _rows(rng: np.random.Generator, hs6: np.ndarray, numbers: np.ndarray) -> dict[str, pa.Array]:
    count = len(numbers)

    def one_of(*options: str) -> pa.Array:
        return pa.array(np.array(options, dtype=object)[rng.integers(0, len(options), count)])

    seconds = 8 * 3600 + numbers % 36_000
    declared = np.datetime64("2026-06-30") + seconds.astype("timedelta64[s]")
    firms = [f"91310000MA{number:08d}" for number in range(2_400)]
    return {
        "declaration_id": pa.array([f"22002026{number:010d}" for number in numbers]),
        "declared_at": pa.array([f"{each}+08:00" for each in declared]),
        "office_code": one_of("2200", "5300", "0200"),
        "process_type": one_of("paperless"),
        "trade_mode": one_of("0110", "0615"),
        "import_use": one_of("01", "04"),
        "payment_type": one_of("electronic"),
        "transport_mode": one_of("2", "5"),
        "declarant_id": one_of(*firms[:160]),
        "importer_id": one_of(*firms),
        "importer_credit_tier": one_of("regular", "certified"),
        "seller_id": one_of(*[f"US{number}" for number in range(6_000)]),
        "hs6": pa.array(hs6[rng.integers(0, len(hs6), count)]),
        "goods_name": one_of("葡萄酒", "服装", "手机"),
        "departure_country": one_of("US", "DE", "JP"),
        "origin_country": one_of("US", "DE", "JP"),
        "tax_rate_pct": pa.array(np.round(rng.uniform(0, 25, count), 1)),
        "tax_type": one_of("MFN"),
        "origin_indicator": one_of("none"),
        "net_mass_kg": pa.array(np.round(rng.lognormal(5, 1, count), 2) + 0.01),
        "declared_value_cny": pa.array(np.round(rng.lognormal(9, 1, count), 2) + 1),
    }


def copy_typed(path: Path) -> None:
    """Copy the file straight into a table with the contract's types and key, and nothing else."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(column.type))
        for name, column in DECLARATIONS.columns.items()
    )
    key = sql.SQL(", ").join(map(sql.Identifier, DECLARATIONS.key))
    with doors.connect() as connection:
        connection.execute("drop table if exists raw.baseline")
        connection.execute(
            sql.SQL("create table raw.baseline ({}, primary key ({}))").format(columns, key)
        )
        with (
            path.open("rb") as file,
            connection.cursor().copy("copy raw.baseline from stdin (format csv, header)") as copy,
        ):
            while chunk := file.read(1 << 20):
                copy.write(chunk)


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
