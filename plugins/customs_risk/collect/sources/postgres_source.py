"""Another PostgreSQL: the rows of a query that are new, streamed into lines of JSON."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from customs_risk.collect.sources.connections import connection_of
from customs_risk.collect.sources.failure import Trouble
from customs_risk.collect.sources.inbox import Inbox
from customs_risk.collect.sources.retries import Attempts, Patience
from customs_risk.collect.sources.watermarks import remember, remembered
from customs_risk.settings import settings
from expectations.contract import Contract
from expectations.layout import Since
from expectations.order import moment, order_of, rank_of

if TYPE_CHECKING:
    from psycopg import Connection

_SINCE, _CONTENT = "since", "sha256"
_ROWS = 5_000
# a transaction that was open while we looked may commit rows with an earlier time
_OVERLAP = timedelta(minutes=5)


def fetch(contract: Contract, between: tuple[date, date] | None = None) -> list[Path]:
    """Bring the rows that are new, or those whose `since` field lies between two days.

    The field must be set by the database's clock or count up. Rows with the last value seen, and
    those of the minutes before it, are asked for again and recognised as repeated. The delivery's
    moment is the greatest value seen. A feed that was never fetched begins where its first
    backfill ended.

    Raises:
        SourceFailed: the database could not be read within the bounds; nothing is delivered.
    """
    connection = connection_of(contract)
    attempts = Attempts(contract.feed, Patience.of(connection.extra_dejson))
    place = f"postgresql://{connection.host or ''}/{connection.schema or ''}"
    with Inbox(contract, is_backfill=between is not None) as inbox:
        return attempts.run(place, _Fetching(contract, inbox, between, attempts).run)


class _Fetching:
    """One fetch of one feed."""

    def __init__(
        self,
        contract: Contract,
        inbox: Inbox,
        between: tuple[date, date] | None,
        attempts: Attempts,
    ) -> None:
        self._contract = contract
        self._source = contract.source
        self._between = between
        self._attempts = attempts
        self._inbox = inbox
        self._known = remembered(contract.feed)

    def run(self) -> list[Path]:
        """Stream the rows into a file and let it appear, unless nothing came or nothing is new."""
        part = self._inbox.part()
        with _connected(self._contract, self._attempts.patience) as connection:
            last = self._stream(connection, part)
        if last is None:
            return []
        feed = self._contract.feed
        with part.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        if self._between:
            path = self._inbox.place(part, _sent_at(last))
            if _SINCE not in self._known:
                remember(feed, {_SINCE: last})
            return [path]
        if content == self._known.get(_CONTENT):
            return []
        path = self._inbox.place(part, _sent_at(last))
        remember(feed, {_SINCE: last, _CONTENT: content})
        return [path]

    def _stream(self, connection: "Connection", part: Path) -> str | None:
        """Write one object a line; return the greatest value of the field, None without rows."""
        last, size = None, 0
        statement, parameters = self._question()
        with part.open("wb") as file, connection.cursor(name="customs_risk") as cursor:
            cursor.itersize = _ROWS
            cursor.execute(statement, parameters)
            for line, value in cursor:
                size += file.write(line.encode() + b"\n")
                last = value or last
                if size > self._contract.max_bytes:
                    most = self._contract.max_bytes
                    raise Trouble(f"more than the {most:,} bytes allowed", passes=False)
        return last

    def _question(self) -> tuple[sql.Composed, dict[str, Any]]:
        since = self._source.since or Since(field="")  # the contract demands one
        field = sql.Identifier(since.field)
        within: sql.Composable = sql.SQL("")
        parameters: dict[str, Any] = {"since": self._asked(since), "field": since.field}
        if self._between:
            first, after = _moments(*self._between)
            parameters |= {"since": first.isoformat(), "first": first, "after": after}
            within = sql.SQL("where asked.{0} >= %(first)s and asked.{0} < %(after)s").format(field)
        statement = sql.SQL(" ").join(
            [
                sql.SQL("select to_jsonb(asked)::text, to_jsonb(asked) ->> %(field)s::text from ("),
                # the feed's own query, from its reviewed declaration
                sql.SQL(self._source.query or ""),
                sql.SQL(") as asked"),
                within,
                sql.SQL("order by asked.{}").format(field),
            ]
        )
        return statement, parameters

    def _asked(self, since: Since) -> str:
        known = self._known.get(_SINCE, since.start)
        if known == since.start or order_of(since) is not moment:
            return known
        return (moment(known) - _OVERLAP).isoformat()


@contextmanager
def _connected(contract: Contract, patience: Patience) -> Iterator["Connection"]:
    """Open a connection that only reads, and tell what goes wrong as trouble."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    class ReadingHook(PostgresHook):  # type: ignore[misc]
        # the hook passes what it does not know in the extra to libpq, which would refuse it
        ignored_extra_options = PostgresHook.ignored_extra_options | Patience.names()

    options = (
        f"-c timezone={settings().time_zone} -c default_transaction_read_only=on "
        f"-c statement_timeout={round(patience.total_seconds * 1000)}"
    )
    try:
        hook = ReadingHook(postgres_conn_id=contract.source.connection, options=options)
        with hook.get_conn() as connection:
            yield connection
    except psycopg.OperationalError as error:
        what = "no connection, or it was cut" if error.sqlstate is None else _words(error)
        raise Trouble(what, passes=True) from None
    except psycopg.Error as error:
        raise Trouble(_words(error), passes=False) from None


def _words(error: psycopg.Error) -> str:
    return f"{error.diag.message_primary or type(error).__name__} ({error.sqlstate})"


def _moments(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the first moment of a day and the first one after another."""
    zone = settings().zone
    start = datetime.combine(first, time(), zone)
    return start, datetime.combine(last + timedelta(days=1), time(), zone)


def _sent_at(value: str) -> datetime:
    """Read a delivery's moment from the greatest value; now, where that is no moment."""
    return rank_of(moment, value) or datetime.now(UTC)
