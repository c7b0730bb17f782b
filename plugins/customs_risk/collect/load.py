"""Loading: from rows of text to typed rows; each is loaded, quarantined or a duplicate."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import Connection, sql

from customs_risk import warehouse
from customs_risk.collect.formats import Reading, Unreadable, read
from customs_risk.collect.landing import Delivery
from customs_risk.collect.mapping import Mapping
from customs_risk.settings import settings
from expectations import gate
from expectations.contract import Column, Contract
from expectations.tables import names

_CLOCK_SLACK = timedelta(days=1)
# PostgreSQL reads 'now' and 'infinity' as moments and 'NaN' as a number; a delivery may not say so
_LOOKS_LIKE = {
    "numeric": r"^\s*[-+]?[0-9.]",
    "date": r"^\s*[0-9]{4}-",
    "timestamptz": r"^\s*[0-9]{4}-",
}


@dataclass(frozen=True)
class Counted:
    """What became of a batch's rows; ``received`` is the sum of the others."""

    received: int
    loaded: int
    quarantined: int
    duplicate: int
    warnings: list[str]


def load(delivery: Delivery, contract: Contract, mapping: Mapping | None) -> Counted:
    """Gate and load one landed delivery; everything or nothing is committed, the ledger with it.

    Raises:
        Unreadable: the batch as a whole is refused; nothing of it is loaded.
    """
    if delivery.sent_at is None:
        raise Unreadable(
            "file.name",
            f"the name must tell when it was sent: {contract.feed}_<YYYYMMDDTHHMMSS>.<ending>",
        )
    # the sandbox's clock may run ahead of the wall's; in service nothing comes from the future
    if settings().schedules == "on" and delivery.sent_at > datetime.now(UTC) + _CLOCK_SLACK:
        raise Unreadable("file.sent_at", f"it says it was sent in the future: {delivery.sent_at}")
    _make_waiting_tables(contract)
    reading = read(delivery.path, contract, mapping)
    # ADBC's binary COPY streams: memory holds one block of the file at a time
    _append(contract, reading)
    with warehouse.connect() as connection:
        _fill_typed(connection, contract, mapping)
    with warehouse.connect() as connection:
        warnings = gate.judge(contract, delivery.batch_id, delivery.sent_at, connection)
        _quarantine(connection, contract, delivery, reading)
        counted = _load_the_rest(connection, contract, delivery, warnings)
        _refuse_if_too_many_failed(connection, contract, delivery, counted)
        _finish(connection, delivery, counted)
    return counted


def _make_waiting_tables(contract: Contract) -> None:
    """Make the feed's gate tables anew: unlogged, since a crash starts the batch again."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} text").format(sql.Identifier(name)) for name in contract.columns
    )
    typed = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(column.type))
        for name, column in contract.columns.items()
    )
    shapes = {
        "text": sql.SQL("row_no bigint, {}").format(columns),
        "line": sql.SQL("row_no bigint, line text"),
        "broken": sql.SQL("row_no bigint, rule text"),
        "": sql.SQL("row_no bigint, row_hash text, failed_casts text[], {}").format(typed),
    }
    with warehouse.connect() as connection:
        for suffix, shape in shapes.items():
            table = _gate_table(contract, suffix)
            connection.execute(sql.SQL("drop table if exists {}").format(table))
            connection.execute(sql.SQL("create unlogged table {} ({})").format(table, shape))


def _append(contract: Contract, reading: Reading) -> None:
    suffix = "line" if contract.format == "ndjson" else "text"
    try:
        warehouse.append_arrow("gate", f"{contract.feed}_{suffix}", reading.rows)
    except Exception as error:
        if reading.unreadable:
            raise reading.unreadable from error
        raise
    if contract.format == "ndjson":
        with warehouse.connect() as connection:
            connection.execute(_open_envelopes(contract))


def _open_envelopes(contract: Contract) -> sql.Composed:
    """Take each NDJSON line apart; one that is no JSON object is kept and breaks a rule."""
    members = sql.SQL(", ").join(
        sql.SQL("line::jsonb ->> {}").format(sql.Literal(name)) for name in contract.columns
    )
    return sql.SQL(
        """
        with lines as materialized (
            select row_no, line,
                case when pg_input_is_valid(line, 'jsonb')
                    then jsonb_typeof(line::jsonb) = 'object' else false end as is_object
            from {line}
        ),
        rejected as (
            insert into {broken} select row_no, 'row.complete' from lines where not is_object
        )
        insert into {text} select row_no, {members} from lines where is_object
        """
    ).format(
        line=_gate_table(contract, "line"),
        broken=_gate_table(contract, "broken"),
        text=_gate_table(contract, "text"),
        members=members,
    )


def _fill_typed(connection: Connection, contract: Contract, mapping: Mapping | None) -> None:
    """Cast every column that can be cast, and note those that cannot."""
    scales = mapping.scales if mapping else {}
    if mapping and mapping.time_zone:
        connection.execute("select set_config('timezone', %s, true)", [mapping.time_zone])
    casts: list[sql.Composable] = []
    failures: list[sql.Composable] = []
    for name, column in contract.columns.items():
        if column.type == "text":
            casts.append(sql.Identifier(name))
            continue
        castable = _castable(name, column)
        value = sql.SQL("{}::{}").format(sql.Identifier(name), sql.SQL(column.type))
        if name in scales:
            value = sql.SQL("{} * {}::numeric").format(value, sql.Literal(str(scales[name])))
        casts.append(sql.SQL("case when {} then {} end").format(castable, value))
        failures.append(
            sql.SQL("case when not ({}) then {} end").format(castable, sql.Literal(f"{name}.type"))
        )
    # a row written as text quotes its cells, so no two different rows are written alike
    hashed = names(tuple(contract.columns))
    connection.execute(
        sql.SQL(
            """
            insert into {typed}
            select
                row_no,
                md5(row({hashed})::text),
                array_remove(array[{failures}], null),
                {casts}
            from {text}
            """
        ).format(
            typed=_gate_table(contract),
            hashed=hashed,
            failures=sql.SQL(", ").join(failures),
            casts=sql.SQL(", ").join(casts),
            text=_gate_table(contract, "text"),
        )
    )
    connection.execute(sql.SQL("analyze {}").format(_gate_table(contract)))


def _castable(name: str, column: Column) -> sql.Composed:
    """Return the condition under which a text is a value of the column's type; null always is."""
    conditions = [
        sql.SQL("pg_input_is_valid({}, {})").format(sql.Identifier(name), sql.Literal(column.type))
    ]
    if pattern := _LOOKS_LIKE.get(column.type):
        conditions.append(sql.SQL("{} ~ {}").format(sql.Identifier(name), sql.Literal(pattern)))
    return sql.SQL("coalesce({}, true)").format(sql.SQL(" and ").join(conditions))


def _quarantine(
    connection: Connection, contract: Contract, delivery: Delivery, reading: Reading
) -> None:
    """Keep every row that broke a critical rule, as it was delivered, with the rules it broke."""
    with connection.cursor().copy(
        "copy ops.quarantine (batch_id, feed, row_no, row, broken) from stdin"
    ) as copy:
        for row_no, text in reading.rejected:
            told = json.dumps({"line": text}, ensure_ascii=False)
            copy.write_row((delivery.batch_id, contract.feed, row_no, told, ["row.complete"]))
    delivered: sql.Composable = sql.SQL("to_jsonb(delivered) - 'row_no'")
    if contract.format == "ndjson":
        # what could not be taken apart is kept as the line it was
        delivered = sql.SQL(
            "coalesce(to_jsonb(delivered) - 'row_no', jsonb_build_object('line', line))"
        )
    connection.execute(
        sql.SQL(
            """
            insert into ops.quarantine (batch_id, feed, row_no, row, broken)
            select {batch_id}, {feed}, row_no, {delivered}, rules.broken
            from (
                select row_no, array_agg(distinct rule order by rule) as broken
                from (
                    select row_no, rule from {broken} where rule <> 'row.types'
                    union all
                    select row_no, unnest(failed_casts) from {typed} where failed_casts <> '{{}}'
                ) as noted
                group by row_no
            ) as rules
            left join {text} as delivered using (row_no)
            {lines}
            """
        ).format(
            batch_id=sql.Literal(delivery.batch_id),
            feed=sql.Literal(contract.feed),
            delivered=delivered,
            broken=_gate_table(contract, "broken"),
            typed=_gate_table(contract),
            text=_gate_table(contract, "text"),
            lines=sql.SQL("left join {} using (row_no)").format(_gate_table(contract, "line"))
            if contract.format == "ndjson"
            else sql.SQL(""),
        )
    )


def _load_the_rest(
    connection: Connection, contract: Contract, delivery: Delivery, warnings: list[str]
) -> Counted:
    """Load the rows that broke nothing and are not there yet, and count what became of each."""
    columns = tuple(contract.columns)
    known_at: sql.Composable = sql.Literal(delivery.sent_at)
    if delivery.is_backfill:
        known_at = sql.Identifier(contract.known_at)
    loaded = connection.execute(
        sql.SQL(
            """
            insert into raw.{feed} ({columns}, batch_id, row_no, row_hash, is_backfill, known_at)
            select distinct on ({key})
                {columns}, {batch_id}, row_no, row_hash, {is_backfill}, {known_at}
            from {typed} as delivered
            where not exists (
                select 1 from ops.quarantine
                where batch_id = {batch_id} and quarantine.row_no = delivered.row_no
            )
            order by {key}, row_no
            on conflict ({key}) do nothing
            """
        ).format(
            feed=sql.Identifier(contract.feed),
            columns=names(columns),
            key=names(contract.key),
            batch_id=sql.Literal(delivery.batch_id),
            is_backfill=sql.Literal(delivery.is_backfill),
            known_at=known_at,
            typed=_gate_table(contract),
        )
    ).rowcount
    typed = _count(connection, sql.SQL("select count(*) from {}").format(_gate_table(contract)))
    quarantined, untyped = connection.execute(
        sql.SQL(
            """
            select count(*), count(*) filter (where typed.row_no is null)
            from ops.quarantine left join {} as typed using (row_no) where batch_id = {}
            """
        ).format(_gate_table(contract), sql.Literal(delivery.batch_id))
    ).fetchone() or (0, 0)
    received = typed + untyped
    return Counted(received, loaded, quarantined, received - quarantined - loaded, warnings)


def _refuse_if_too_many_failed(
    connection: Connection, contract: Contract, delivery: Delivery, counted: Counted
) -> None:
    if counted.received == 0:
        raise Unreadable("file.not_empty", "the file has no rows")
    share = counted.quarantined / counted.received
    if share <= contract.max_failed_share:
        return
    worst = connection.execute(
        """
        select rule, count(*), min(row_no)
        from ops.quarantine, unnest(broken) as rule
        where batch_id = %s
        group by rule order by count(*) desc limit 3
        """,
        [delivery.batch_id],
    ).fetchall()
    told = "; ".join(f"{rule} in {count:,} rows, first in row {row}" for rule, count, row in worst)
    raise Unreadable(
        "batch.max_failed_share",
        f"{counted.quarantined:,} of {counted.received:,} rows ({share:.0%}) break the contract, "
        f"which allows {contract.max_failed_share:.0%}: {told}",
    )


def _finish(connection: Connection, delivery: Delivery, counted: Counted) -> None:
    connection.execute(
        """
        update ops.batches
        set status = 'loaded', received = %s, loaded = %s, quarantined = %s, duplicate = %s,
            warnings = %s, finished_at = now()
        where batch_id = %s and status = 'landed'
        """,
        [
            counted.received,
            counted.loaded,
            counted.quarantined,
            counted.duplicate,
            json.dumps(counted.warnings, ensure_ascii=False),
            delivery.batch_id,
        ],
    )


def _gate_table(contract: Contract, suffix: str = "") -> sql.Composed:
    name = f"{contract.feed}_{suffix}" if suffix else contract.feed
    return sql.SQL("gate.{}").format(sql.Identifier(name))


def _count(connection: Connection, query: sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
