"""Settling a judged batch: what broke a rule is quarantined, what is there already is a duplicate,
and the rest is loaded. All of it happens in the one transaction that also closes the ledger.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Connection, sql

from customs_risk.collect.formats import Reading
from customs_risk.collect.typed import gate_table
from expectations.contract import Contract
from expectations.tables import names

Rules = dict[int, list[str]]


@dataclass(frozen=True)
class Moments:
    """A delivery's two clocks: versions are ordered by ``sent_at``, and count from ``known_at``."""

    sent_at: datetime
    known_at: datetime


def find_repeated(connection: Connection, contract: Contract) -> None:
    """Note the rows whose key stood in an earlier row of the delivery, and if they say the same."""
    connection.execute("set local work_mem = '256MB'")
    connection.execute(
        sql.SQL(
            """
            insert into {repeated}
            with more_than_once as (
                select {key} from {typed} group by {key} having count(*) > 1
            ),
            numbered as (
                select *, min(row_no) over (partition by {key}) as first_row_no
                from {typed} inner join more_than_once using ({key})
            )
            select again.row_no, row({again}) is not distinct from row({first})
            from numbered as again
            inner join numbered as first on first.row_no = again.first_row_no
            where again.row_no > again.first_row_no
            """
        ).format(
            repeated=gate_table(contract, "repeated"),
            typed=gate_table(contract),
            key=names(contract.key),
            again=names(contract.content, "again"),
            first=names(contract.content, "first"),
        )
    )


def forget(connection: Connection, contract: Contract, batch_id: str) -> None:
    """Take back what an earlier judgement of the batch left; what people released stays."""
    connection.execute(
        sql.SQL(
            """
            delete from raw.{feed} as loaded
            where batch_id = {batch_id} and not exists (
                select 1 from ops.quarantine as kept
                where kept.batch_id = loaded.batch_id and kept.row_no = loaded.row_no
            )
            """
        ).format(feed=sql.Identifier(contract.feed), batch_id=sql.Literal(batch_id))
    )
    connection.execute(
        "delete from ops.quarantine where batch_id = %s and released_at is null", [batch_id]
    )


def note_taken_keys(connection: Connection, contract: Contract, batch_id: str) -> None:
    """Note the rows whose key another row of the same delivery holds in raw, let out by people."""
    connection.execute(
        sql.SQL(
            """
            with taken as (
                select
                    delivered.row_no,
                    row({delivered_content}) is not distinct from row({loaded_content}) as is_same
                from {typed} as delivered
                inner join raw.{feed} as loaded using ({key})
                where loaded.batch_id = {batch_id} and loaded.row_no <> delivered.row_no
            ),
            conflicting as (
                insert into {broken} select row_no, 'key.unique' from taken where not is_same
            )
            insert into {repeated} select row_no, is_same from taken
            """
        ).format(
            feed=sql.Identifier(contract.feed),
            typed=gate_table(contract),
            broken=gate_table(contract, "broken"),
            repeated=gate_table(contract, "repeated"),
            delivered_content=names(contract.content, "delivered"),
            loaded_content=names(contract.content, "loaded"),
            key=names(contract.key),
            batch_id=sql.Literal(batch_id),
        )
    )


def noted_rules(connection: Connection, contract: Contract, but: list[int] | None = None) -> Rules:
    """Return the rules that each waiting row broke, but for some row numbers."""
    rows = connection.execute(
        sql.SQL(
            """
            select row_no, array_agg(distinct rule order by rule)
            from {broken} as noted
            where rule <> 'row.types' -- those stand there under their own names
                -- what could not be cast is missing in the waiting table only
                and not exists (
                    select 1 from {broken} as cast_failure
                    where cast_failure.row_no = noted.row_no
                        and right(noted.rule, 8) = '.present'
                        and cast_failure.rule = left(noted.rule, -8) || '.type'
                )
                and row_no <> all({but})
            group by row_no
            """
        ).format(broken=gate_table(contract, "broken"), but=sql.Literal(but or []))
    )
    return dict(rows.fetchall())


def released_rows(connection: Connection, batch_id: str) -> list[int]:
    """Return the rows of a batch that people let out of quarantine."""
    rows = connection.execute(
        "select row_no from ops.quarantine where batch_id = %s and released_at is not null",
        [batch_id],
    )
    return [row_no for (row_no,) in rows]


def quarantine(
    connection: Connection,
    contract: Contract,
    batch_id: str,
    rejected: list[tuple[int, str]],
    broken: Rules,
    reading: Reading | None,
) -> None:
    """Keep every row that broke a critical rule, as it was delivered, with the rules it broke.

    Args:
        rejected: the lines that are no rows.
        broken: the rules that each other row broke.
        reading: the delivery opened once more, for the text of those rows.
    """
    with connection.cursor().copy(
        "copy ops.quarantine (batch_id, feed, row_no, row, broken) from stdin"
    ) as copy:
        for row_no, text in rejected:
            line = json.dumps({"line": text}, ensure_ascii=False)
            copy.write_row((batch_id, contract.feed, row_no, line, ["row.complete"]))
        for row_no, cells in _as_delivered(reading, broken) if reading else ():
            row = json.dumps(cells, ensure_ascii=False)
            copy.write_row((batch_id, contract.feed, row_no, row, broken[row_no]))


def _as_delivered(reading: Reading, broken: Rules) -> Iterator[tuple[int, dict[str, str | None]]]:
    wanted = pa.array(sorted(broken), pa.int64())
    for batch in reading.rows:
        kept = batch.filter(pc.is_in(batch.column("row_no"), value_set=wanted))
        for cells in kept.to_pylist():
            yield cells.pop("row_no"), cells


def load_the_rest(
    connection: Connection,
    contract: Contract,
    batch_id: str,
    moments: Moments,
    *,
    is_backfill: bool,
    but: list[int] | None = None,
) -> tuple[int, int]:
    """Load the rows that broke nothing and say something new; return how many, and corrections.

    A row under a known key counts against the version known when it was sent: the same content is
    a duplicate, another one supersedes that version, and both stay. A version that was overtaken
    before it came is put right before the one that overtook it, on whose day it counts for nothing.

    Args:
        moments: of the delivery; rows of a backfill carry their own moment, if their feed tells
            one.
        but: row numbers that are settled already.
    """
    own_moment = contract.known_at if is_backfill else None
    own = sql.Identifier("delivered", own_moment) if own_moment else None
    parts: dict[str, sql.Composable] = {
        "feed": sql.Identifier(contract.feed),
        "typed": gate_table(contract),
        "broken": gate_table(contract, "broken"),
        "repeated": gate_table(contract, "repeated"),
        "columns": names(tuple(contract.columns)),
        "delivered_content": names(contract.content, "delivered"),
        "loaded_content": names(contract.content, "loaded"),
        "key": names(contract.key),
        "batch_id": sql.Literal(batch_id),
        "is_backfill": sql.Literal(is_backfill),
        "sent_at": own or sql.Literal(moments.sent_at),
        "known_at": own or sql.SQL(_KNOWN).format(sql.Literal(moments.known_at)),
        "settled": sql.Literal(but or []),
    }
    # hashes that fit in memory: one pass over the batch, however many rows are left out
    connection.execute("set local work_mem = '256MB'")
    connection.execute(sql.SQL(_NEIGHBOURS).format(**parts))
    loaded = connection.execute(sql.SQL(_LOAD).format(**parts)).rowcount
    corrected = connection.execute(sql.SQL(_CORRECTED).format(**parts)).fetchone() or (0,)
    connection.execute("drop table neighbours")
    return loaded, int(corrected[0]) + (_corrected_by_release(connection, parts) if but else 0)


def _corrected_by_release(connection: Connection, parts: dict[str, sql.Composable]) -> int:
    row = connection.execute(sql.SQL(_CORRECTED_BY_RELEASE).format(**parts)).fetchone()
    return int((row or (0,))[0])


# never before it could be known here, but for what a later version overtook
_KNOWN = "least({}, neighbours.overtaken_at - interval '1 microsecond')"

# one row per delivered row whose key is known: the version last sent before it, or else the next;
# and when the first version that was sent after it became known. A row that people released was
# said when they let it out
_NEIGHBOURS = """
    create temporary table neighbours as
    with versions as (
        select
            delivered.row_no,
            row({delivered_content}) is not distinct from row({loaded_content}) as is_same,
            {sent_at} as sent_at,
            case
                when loaded.is_backfill or batches.known_at is null then loaded.known_at
                when loaded.known_at > batches.known_at then loaded.known_at
                else batches.sent_at
            end as said_at,
            loaded.known_at,
            loaded.batch_id
        from {typed} as delivered
        inner join raw.{feed} as loaded using ({key})
        left join ops.batches as batches on batches.batch_id = loaded.batch_id
        where delivered.row_no <> all({settled}::bigint[])
    )
    select distinct on (row_no)
        row_no,
        is_same,
        min(known_at) filter (where said_at > sent_at) over (partition by row_no) as overtaken_at
    from versions
    order by
        row_no,
        (said_at <= sent_at) desc,
        case when said_at <= sent_at then said_at end desc,
        said_at,
        known_at desc,
        batch_id desc
"""

_LOAD = """
    insert into raw.{feed} ({columns}, batch_id, row_no, is_backfill, known_at)
    select {columns}, {batch_id}, delivered.row_no, {is_backfill}, {known_at}
    from {typed} as delivered
    left join neighbours using (row_no)
    where row_no not in (
            select row_no from {broken}
            union all
            select row_no from {repeated}
            union all
            select row_no from neighbours where is_same
            union all
            select unnest({settled}::bigint[])
        )
"""

_CORRECTED = """
    select count(*) from neighbours
    where not is_same and exists (
        select 1 from raw.{feed} as loaded
        where loaded.batch_id = {batch_id} and loaded.row_no = neighbours.row_no
    )
"""


_CORRECTED_BY_RELEASE = """
    select count(distinct freed.row_no)
    from raw.{feed} as freed
    inner join raw.{feed} as other using ({key})
    where freed.batch_id = {batch_id} and freed.row_no = any({settled}::bigint[])
        and other.batch_id <> freed.batch_id
"""


def waiting(connection: Connection, contract: Contract) -> int:
    """Return how many rows wait at the gate."""
    row = connection.execute(sql.SQL("select count(*) from {}").format(gate_table(contract)))
    return int((row.fetchone() or (0,))[0])
