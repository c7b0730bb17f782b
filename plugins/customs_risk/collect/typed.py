"""From rows of text to a typed table: what can be cast is copied in, what cannot is noted.

Rows stream: a block of text is checked column by column in Arrow, written as CSV, and read by the
database, which casts it. Only blocks with a cell that Arrow does not understand ask the database
itself whether it would, once per distinct text. So a clean file costs one pass, and no cell can
break the copy.
"""

import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Connection, sql
from pyarrow import csv

from customs_risk import warehouse
from customs_risk.collect.formats.reading import Reading
from expectations.contract import Contract
from expectations.layout import Conversion, Layout
from expectations.tables import names

# PostgreSQL reads 'now' and 'infinity' as moments, 'NaN' and '0x1F' as numbers; a delivery may not
# say so
_LOOKS_LIKE = {
    "numeric": r"^\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*$",
    "date": r"^\s*[0-9]{4}-",
    "timestamptz": r"^\s*[0-9]{4}-",
}
# what PostgreSQL reads and others cannot: no double holds such a number, no calendar such a moment
_WITHIN = {
    "numeric": sql.SQL("(text::numeric = 0 or abs(text::numeric) between 1e-300 and 1e300)"),
    "timestamptz": sql.SQL("text::timestamptz between '0001-01-02 00:00Z' and '9999-12-30 00:00Z'"),
}
_DEEPEST = 1000  # levels of JSON: the database refuses more with its whole statement
_JSON_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_PLAIN_NUMBER = r"^[-+]?[0-9]{1,100}(\.[0-9]{1,100})?$"
# years that Arrow and PostgreSQL understand alike, and offsets that PostgreSQL refuses
_COMMON_YEARS = (datetime(1000, 1, 1, tzinfo=UTC), datetime(9999, 12, 1, tzinfo=UTC))
_FAR_OFFSET = r":.*[-+](1[5-9]|[2-9])"
# what Arrow casts is written so that PostgreSQL reads the same value
_UNDERSTOOD: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", "UTC"),
}


def gate_table(contract: Contract, suffix: str = "") -> sql.Composed:
    """Return the quoted name of one of a feed's waiting tables."""
    name = f"{contract.feed}_{suffix}" if suffix else contract.feed
    return sql.SQL("gate.{}").format(sql.Identifier(name))


def make_waiting_tables(connection: Connection, contract: Contract) -> None:
    """Make the feed's gate tables anew: unlogged, since a crash starts the batch again."""
    typed = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(column.type))
        for name, column in contract.columns.items()
    )
    shapes = {
        "": sql.SQL("row_no bigint, {}").format(typed),
        "broken": sql.SQL("row_no bigint, rule text"),
        "repeated": sql.SQL("row_no bigint, is_same boolean"),
    }
    for suffix, shape in shapes.items():
        table = gate_table(contract, suffix)
        connection.execute(sql.SQL("drop table if exists {}").format(table))
        connection.execute(sql.SQL("create unlogged table {} ({})").format(table, shape))


def drop_waiting_tables(contract: Contract) -> None:
    """Take away what waited at the gate and will not pass it."""
    with warehouse.connect() as connection:
        for suffix in ("", "broken", "repeated"):
            connection.execute(
                sql.SQL("drop table if exists {}").format(gate_table(contract, suffix))
            )


def copy_in(
    connection: Connection, asking: Connection, contract: Contract, layout: Layout, reading: Reading
) -> None:
    """Copy a delivery's rows into its waiting table, and note the cells that cannot be cast.

    Args:
        connection: the transaction that copies; the time zone of times without offset is set here.
        asking: another connection, asked in the middle of the copy what it would cast.
        contract: the feed.
        layout: the delivery's, for its time zone and scales.
        reading: the rows of text, used up here.

    Raises:
        Unreadable: the file broke off.
    """
    if layout.time_zone:
        for each in (connection, asking):
            each.execute("select set_config('timezone', %s, false)", [layout.time_zone])
    failures: list[tuple[int, str]] = []
    columns = sql.SQL(", ").join(map(sql.Identifier, ["row_no", *contract.columns]))
    into = sql.SQL("copy {} ({}) from stdin (format csv, freeze)").format(
        gate_table(contract), columns
    )

    def blocks() -> Iterator[memoryview]:
        for batch in _batches(reading):
            block = io.BytesIO()
            csv.write_csv(
                _castable(asking, contract, batch, failures),
                block,
                csv.WriteOptions(include_header=False),
            )
            yield block.getbuffer()

    with connection.cursor().copy(into) as copy:
        for block in _one_ahead(blocks()):
            copy.write(block)
    _note(connection, contract, failures)
    _scale(connection, contract, layout)
    for name, conversion in layout.convert.items():
        _convert(connection, contract, name, conversion)
    connection.execute(
        sql.SQL("analyze {} ({})").format(gate_table(contract), names(("row_no", *contract.key)))
    )


def _one_ahead(blocks: Iterator[memoryview]) -> Iterator[memoryview]:
    """Make the next block while the database reads this one: each has a core of its own."""
    with ThreadPoolExecutor(max_workers=1) as maker:
        following = maker.submit(next, blocks, None)
        while (block := following.result()) is not None:
            following = maker.submit(next, blocks, None)
            yield block


def _batches(reading: Reading) -> Iterator[pa.RecordBatch]:
    try:
        yield from reading.rows
    except Exception as error:
        if reading.unreadable and error is not reading.unreadable:
            raise reading.unreadable from error
        raise


def _castable(
    asking: Connection, contract: Contract, batch: pa.RecordBatch, failures: list[tuple[int, str]]
) -> pa.RecordBatch:
    """Return the batch with null in place of every cell that cannot be cast; note each of them."""
    numbers = batch.column(0)
    cells = [numbers]
    for name, column in contract.columns.items():
        texts = batch.column(name)
        if column.type != "text" and not _understood(texts, column.type):
            bad = _uncastable(asking, texts, column.type)
            failures += [(number, f"{name}.type") for number in numbers.filter(bad).to_pylist()]
            texts = pc.if_else(bad, pa.scalar(None, pa.string()), texts)
        cells.append(texts)
    return pa.RecordBatch.from_arrays(cells, batch.schema.names)


def _understood(texts: pa.Array, kind: str) -> bool:
    """Tell whether Arrow can vouch for every cell of the column."""
    if texts.null_count == len(texts):
        return True
    if kind == "numeric":
        # null is neither: it stays null
        return bool(pc.all(pc.match_substring_regex(texts, _PLAIN_NUMBER)).as_py())
    if kind not in _UNDERSTOOD:
        return False
    try:
        values = pc.cast(texts, _UNDERSTOOD[kind])
    except pa.ArrowInvalid:
        return False
    return kind == "boolean" or _is_common(values, texts)


def _is_common(moments: pa.Array, texts: pa.Array) -> bool:
    """Tell whether Arrow and PostgreSQL read the same in all of these texts."""
    first, last = (pa.scalar(each).cast(moments.type) for each in _COMMON_YEARS)
    extremes = pc.min_max(moments)
    if pc.less(extremes["min"], first).as_py() or pc.greater(extremes["max"], last).as_py():
        return False
    if pa.types.is_date(moments.type):
        return True
    return not pc.any(pc.match_substring_regex(texts, _FAR_OFFSET)).as_py()


def _uncastable(asking: Connection, texts: pa.Array, kind: str) -> pa.Array:
    """Ask the database, once for each distinct text, which it would not cast; null it would."""
    distinct = [text for text in pc.unique(texts).to_pylist() if text is not None]
    refused = {text for text in distinct if kind == "jsonb" and _is_too_deep(text)}
    judged = asking.execute(
        sql.SQL(
            """
            select text from unnest({}::text[]) as text
            where case
                when text !~ {} or not pg_input_is_valid(text, {}) then true
                else not {}
            end
            """
        ).format(
            sql.Placeholder(),
            sql.Placeholder(),
            sql.Placeholder(),
            _WITHIN.get(kind, sql.SQL("true")),
        ),
        [[text for text in distinct if text not in refused], _LOOKS_LIKE.get(kind, ""), kind],
    )
    refused |= {text for (text,) in judged}
    return pc.is_in(texts, value_set=pa.array(list(refused), pa.string()))


def _is_too_deep(document: str) -> bool:
    """Tell whether a JSON text nests more deeply than the database can follow."""
    if document.count("[") + document.count("{") <= _DEEPEST:
        return False
    depth = 0
    for mark in _JSON_MARKS.finditer(document):
        depth += (mark[0] in "[{") - (mark[0] in "]}")
        if depth > _DEEPEST:
            return True
    return False


def _note(connection: Connection, contract: Contract, failures: list[tuple[int, str]]) -> None:
    into = sql.SQL("copy {} (row_no, rule) from stdin").format(gate_table(contract, "broken"))
    with connection.cursor().copy(into) as copy:
        for failure in failures:
            copy.write_row(failure)


def _scale(connection: Connection, contract: Contract, layout: Layout) -> None:
    scales = {name: origin.scale for name, origin in layout.columns.items() if origin.scale}
    if not scales:
        return
    scaled = [
        sql.SQL("{0} = {0} * {1}::numeric").format(sql.Identifier(name), sql.Literal(str(scale)))
        for name, scale in scales.items()
    ]
    connection.execute(
        sql.SQL("update {} set {}").format(gate_table(contract), sql.SQL(", ").join(scaled))
    )


def _convert(connection: Connection, contract: Contract, name: str, conversion: Conversion) -> None:
    """Fill an amount in CNY by the rate in force; without a rate it stays null, which is told."""
    connection.execute(
        sql.SQL(
            """
            update {table} as delivered
            set {target} = round({amount} * case when {currency} = 'CNY' then 1 else (
                select rates.rate_cny from raw.exchange_rates as rates
                where rates.currency = delivered.{currency}
                    and rates.valid_from <= ({moment})::date
                order by rates.valid_from desc, rates.known_at desc
                limit 1
            ) end, 2)
            where {target} is null and {amount} is not null
            """
        ).format(
            table=gate_table(contract),
            target=sql.Identifier(name),
            amount=sql.Identifier(conversion.amount),
            currency=sql.Identifier(conversion.currency),
            moment=sql.Identifier(conversion.at),
        )
    )
