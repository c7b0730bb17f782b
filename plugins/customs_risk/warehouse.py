"""The warehouse's doors: connections, bulk reads and writes as Arrow, and its first tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from customs_risk.embedded import postgres
from customs_risk.settings import settings

if TYPE_CHECKING:
    import pyarrow as pa

_SCHEMA = Path(__file__).with_name("schema")


def url() -> str:
    """Return the warehouse's URL: the configured one, or the embedded server's."""
    return settings().database_url or postgres.url(settings().home)


@contextmanager
def connect(*, autocommit: bool = False) -> Iterator[psycopg.Connection]:
    """Open a connection in the business time zone; commit on success, roll back on error."""
    options = f"-c timezone={settings().time_zone}"
    with psycopg.connect(url(), autocommit=autocommit, options=options) as connection:
        yield connection


def read_arrow(query: str) -> "pa.Table":
    """Run a query and return all its rows as one Arrow table."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url()) as connection, connection.cursor() as cursor:
        cursor.execute(f"set timezone to '{settings().time_zone}'")
        cursor.execute(query)
        return cursor.fetch_arrow_table()


def stream_arrow(query: str, *, after: tuple[str, ...] = ()) -> "Iterator[pa.RecordBatch]":
    """Run a query and yield its rows some at a time; at least one batch, which may be empty.

    ``after`` are statements that the same connection runs before, such as those of a temporary
    table that the query reads.
    """
    import pyarrow as pa
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url()) as connection, connection.cursor() as cursor:
        for statement in (f"set timezone to '{settings().time_zone}'", *after, query):
            cursor.execute(statement)
        reader = cursor.fetch_record_batch()
        first = next(iter(reader), None)
        yield first if first is not None else pa.RecordBatch.from_pylist([], reader.schema)
        yield from reader


def append_arrow(schema: str, table: str, rows: "pa.Table | pa.RecordBatchReader") -> int:
    """Append Arrow rows to an existing table by binary COPY; return how many."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url()) as connection, connection.cursor() as cursor:
        count = cursor.adbc_ingest(table, rows, mode="append", db_schema_name=schema)
        connection.commit()
    return int(count)


def append_text(connection: psycopg.Connection, schema: str, table: str, rows: "pa.Table") -> int:
    """Append Arrow rows to an existing table by a COPY of text; return how many.

    For columns that a binary COPY cannot fill, such as JSON, and for rows that go with other
    statements in one transaction.
    """
    import io

    import pyarrow.csv

    written = io.BytesIO()
    pyarrow.csv.write_csv(rows, written, pyarrow.csv.WriteOptions(include_header=False))
    copy = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(schema, table), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    with connection.cursor().copy(copy) as copying:
        copying.write(written.getvalue())
    return rows.num_rows


def prepare() -> None:
    """Create the schemas and the tables that are nobody's model; harmless when they exist."""
    with connect() as connection:
        for script in sorted(_SCHEMA.glob("*.sql")):
            connection.execute(script.read_text(encoding="utf-8"))
