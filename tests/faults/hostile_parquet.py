"""Hostile Parquet files, as declarations."""

import datetime
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.faults.hostile import CONTROLS, FORMULAS, SQL, UNICODE, Case, Refused, Taken
from tests.faults.hostile_tables import COLUMNS, Row, rows, text


def cases() -> Iterator[Case]:
    """Yield them."""
    yield from _damaged()
    yield from _texts()
    yield from _types()
    yield from _bombs()


def _arrow(table: list[Row], **columns: pa.Array) -> pa.Table:
    texts = {
        name: pa.array([row.get(name) or None for row in table], pa.string()) for name in COLUMNS
    }
    return pa.table({**texts, **columns})


def _written(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def _parquet(name: str, content: bytes | pa.Table, expected: Refused | Taken) -> Case:
    written = _written(content) if isinstance(content, pa.Table) else content
    return Case(f"parquet: {name}", "parquet", written, expected)


def _damaged() -> Iterator[Case]:
    whole = _written(_arrow(rows("parquet damaged")))
    yield _parquet("no footer", whole[:-30], Refused("file.readable"))
    yield _parquet("half", whole[: len(whole) // 2], Refused("file.readable"))
    yield _parquet("magic only", b"PAR1PAR1", Refused("file.readable"))
    yield _parquet("a footer larger than the file", b"PAR1\xff\xff\xff\x7fPAR1", _UNREADABLE)
    yield _parquet("an encrypted footer", whole[:-4] + b"PARE", _UNREADABLE)
    zeroed = whole[:200] + bytes(400) + whole[600:]
    yield _parquet("zeros in a page", zeroed, Refused("file.readable"))
    turned = whole[:-60] + bytes(each ^ 0x55 for each in whole[-60:-8]) + whole[-8:]
    yield _parquet("a damaged footer", turned, Refused("file.readable"))
    yield _parquet("CSV inside", text(rows("parquet csv")).encode(), Refused("file.readable"))
    yield _parquet("nothing", b"", Refused("file.not_empty"))
    yield _parquet("no rows", _arrow([]), Refused("file.not_empty"))
    table = _arrow(rows("parquet columns"))
    yield _parquet("a column missing", table.drop(["hs6"]), Refused("file.columns", "missing"))
    doubled = table.append_column("hs6", table["hs6"])
    yield _parquet("a column twice", doubled, Refused("file.columns", "repeated"))
    more = table.append_column('"; drop table ops.batches', table["hs6"])
    yield _parquet("a column of SQL", more, Refused("file.columns", "unknown"))


def _texts() -> Iterator[Case]:
    for name, texts in (
        ("SQL", SQL),
        ("formulas", FORMULAS),
        ("unicode", UNICODE),
        ("control characters", CONTROLS),
    ):
        table = _arrow(rows(f"parquet {name}", 0, *({"goods_name": each} for each in texts)))
        yield _parquet(name, table, Taken(len(texts), kept=texts))
    table = rows("parquet NUL", 10, {"goods_name": "a\0b"})
    yield _parquet("a NUL", _arrow(table), Taken(10, {11: ["row.complete"]}))
    table = rows("parquet bytes", 10)
    raw = [each["goods_name"].encode() for each in table[:-1]] + [b"\xff\xfe\xed\xa0\x80"]
    damaged = pa.Array.from_buffers(pa.string(), 10, pa.array(raw, pa.binary()).buffers())
    yield _parquet("bytes that are no text", _arrow(table, goods_name=damaged), _UNREADABLE)
    as_bytes = pa.array(raw, pa.binary())
    yield _parquet("bytes instead of text", _arrow(table, goods_name=as_bytes), _UNREADABLE)
    table = rows("parquet repeated", 10)
    yield _parquet("a row twice", _arrow([*table, table[0]]), Taken(10, duplicate=1))
    key = {"declaration_id": table[0]["declaration_id"] + "x"}
    twice = rows("parquet two contents", 10, key, key | {"hs6": "020230"})
    yield _parquet("a key with two contents", _arrow(twice), Taken(11, {12: ["key.unique"]}))


def _types() -> Iterator[Case]:
    def table(name: str, **columns: list[Any] | pa.Array) -> pa.Table:
        typed = {
            column: values if isinstance(values, pa.Array) else pa.array(values)
            for column, values in columns.items()
        }
        return _arrow(rows(f"parquet {name}"), **typed)

    floats = [float("nan"), float("inf"), *[1.5] * 8]
    rules = ["net_mass_kg.type"]
    taken = Taken(8, {1: rules, 2: rules})
    yield _parquet("NaN and infinity", table("floats", net_mass_kg=floats), taken)
    huge = [1e299, 5e-200, *[1.5] * 8]
    taken = Taken(9, {1: ["net_mass_kg.range"]})
    yield _parquet("huge and tiny numbers", table("huge", net_mass_kg=huge), taken)
    nested = [{"a": 1}] * 10
    many = Refused("batch.max_failed_share", "net_mass_kg.type")
    yield _parquet("objects for numbers", table("nested", net_mass_kg=nested), many)
    lists = [["a", "b\0"]] + [["a"]] * 9
    yield _parquet("lists for texts", table("lists", goods_name=lists), Taken(10))
    decimals = pa.array([Decimal("1.50")] * 10, pa.decimal256(76, 2))
    yield _parquet("wide decimals", table("decimals", net_mass_kg=decimals), Taken(10))
    far = pa.array([2**62, *[1_782_000_000_000_000] * 9], pa.timestamp("us", "UTC"))
    taken = Taken(9, {1: ["declared_at.type"]})
    yield _parquet("the year 148107", table("far", declared_at=far), taken)
    bare = pa.array([-(2**62), *[1_782_000_000_000_000] * 9], pa.timestamp("us"))
    yield _parquet("a year before Christ", table("bare", declared_at=bare), taken)
    exact = pa.array([1_782_000_000_000_000_001] * 10, pa.timestamp("ns", "UTC"))
    yield _parquet("nanoseconds", table("exact", declared_at=exact), Taken(10))
    days = [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), *[datetime.date(2026, 6, 1)] * 8]
    taken = Taken(8, {1: ["declared_at.type"], 2: ["declared_at.type"]})
    yield _parquet("dates for moments", table("days", declared_at=days), taken)
    clock = pa.array([1] * 10, pa.duration("s"))
    yield _parquet("durations for moments", table("clock", declared_at=clock), _NO_MOMENT)
    names = pa.array(["a", "b"] * 5).dictionary_encode()
    yield _parquet("texts as a dictionary", table("names", goods_name=names), Taken(10))
    yes = [True] * 10
    yield _parquet("booleans for texts", table("yes", goods_name=yes), Taken(10, kept=("true",)))
    nothing = pa.nulls(10)
    absent = Refused("batch.max_failed_share", "hs6.present")
    yield _parquet("nulls for codes", table("nothing", hs6=nothing), absent)


def _bombs() -> Iterator[Case]:
    def one_text_in_many_rows() -> bytes:
        count = 20_000
        text_of_a_megabyte = pa.DictionaryArray.from_arrays(
            pc.cast(pa.repeat(pa.scalar(0), count), pa.int32()), pa.array(["x" * 1_000_000])
        )
        columns = {name: pa.nulls(count, pa.string()) for name in COLUMNS}
        return _written(pa.table({**columns, "goods_name": text_of_a_megabyte}))

    def zeros_in_one_page() -> bytes:
        texts = pa.array(["0" * 100_000_000] * 4)
        columns = {name: pa.nulls(4, pa.string()) for name in COLUMNS}
        table = pa.table({**columns, "goods_name": texts})
        return _written(table, compression="zstd", use_dictionary=False)

    yield Case("parquet: one text in many rows", "parquet", one_text_in_many_rows, _TOO_LARGE)
    yield Case("parquet: zeros in one page", "parquet", zeros_in_one_page, _TOO_LARGE)


_UNREADABLE = Refused("file.readable")
_TOO_LARGE = Refused("file.size")
_NO_MOMENT = Refused("batch.max_failed_share", "declared_at.type")
