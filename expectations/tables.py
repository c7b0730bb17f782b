"""The raw tables, as the feeds' declarations describe them, and the versions of those."""

import hashlib
import json
from collections.abc import Iterator

from psycopg import Connection, sql

from customs_risk import warehouse
from expectations.contract import BrokenContract, Contract, contracts

# what the system adds to every row: which delivery brought it, and when it became known
METADATA = {
    "batch_id": "text not null",
    "row_no": "bigint not null",
    "is_backfill": "boolean not null",
    "known_at": "timestamptz not null",
    "loaded_at": "timestamptz not null default now()",
}


def create_raw_tables() -> None:
    """Create the raw table of every feed, or let it follow what its contract has become.

    Raises:
        BrokenContract: a contract changed and its version did not.
    """
    with warehouse.connect() as connection:
        for contract in contracts():
            connection.execute(raw_table(contract))
            for name, column in contract.columns.items():
                connection.execute(_column_if_missing(contract, name, column.type))
            _let_be_null(connection, contract)
            for index in _indexes(contract):
                connection.execute(index)
            _keep_version(connection, contract)


def raw_table(contract: Contract) -> sql.Composed:
    """Return the statement that creates a feed's raw table.

    A later delivery may correct a row: both versions stay, told apart by their delivery.
    """
    declared = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(name),
            sql.SQL(column.type),
            sql.SQL("" if column.nullable else " not null"),
        )
        for name, column in contract.columns.items()
    ]
    added = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in METADATA.items()
    ]
    key = sql.SQL("primary key ({})").format(names((*contract.key, "batch_id")))
    return sql.SQL("create table if not exists raw.{} ({})").format(
        sql.Identifier(contract.feed), sql.SQL(", ").join([*declared, *added, key])
    )


def names(columns: tuple[str, ...], relation: str | None = None) -> sql.Composed:
    """Return column names, quoted and separated by commas, of a relation if one is named."""
    prefix = (relation,) if relation else ()
    return sql.SQL(", ").join(sql.Identifier(*prefix, column) for column in columns)


def fingerprint(contract: Contract) -> str:
    """Return what changes whenever the contract would judge or read a delivery otherwise.

    Words, people, sources and schedules may change without a new version.
    """
    words = {"title", "grain", "owner", "recipient", "source", "schedule", "version"}
    content = contract.model_dump(
        mode="json", exclude={**dict.fromkeys(words, True), "columns": {"__all__": {"meaning"}}}
    )
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _column_if_missing(contract: Contract, name: str, kind: str) -> sql.Composed:
    # rows that are there know nothing of a new column, so it starts without its "not null"
    return sql.SQL("alter table raw.{} add column if not exists {} {}").format(
        sql.Identifier(contract.feed), sql.Identifier(name), sql.SQL(kind)
    )


def _let_be_null(connection: Connection, contract: Contract) -> None:
    """Let columns be null that an earlier version of the contract required."""
    required = {name for name, column in contract.columns.items() if not column.nullable}
    not_null = connection.execute(
        """
        select attname from pg_attribute
        where attrelid = format('raw.%%I', %s::text)::regclass
            and attnum > 0 and attnotnull and not attisdropped
        """,
        [contract.feed],
    ).fetchall()
    for (name,) in not_null:
        if name not in required | METADATA.keys():
            connection.execute(
                sql.SQL("alter table raw.{} alter column {} drop not null").format(
                    sql.Identifier(contract.feed), sql.Identifier(name)
                )
            )


# columns by which rows are found that were delivered before what they are about
_FOUND_BY = {
    "inspection_results": "declaration_id",
    "audit_results": "declaration_id",
    "enterprise_credit": "subject_uscc",
}
# columns that most rows leave empty, and that are unfolded where they are not
_SELDOM = {"declarations": "lines"}


def _indexes(contract: Contract) -> Iterator[sql.Composed]:
    # small, since a B-tree keeps one of equal keys. A BRIN would be smaller; but once one of its
    # summaries was interrupted, PostgreSQL 18 reads every page behind that one, and tells nobody
    table = sql.Identifier(contract.feed)
    yield sql.SQL("drop index if exists raw.{}").format(sql.Identifier(f"{contract.feed}_by_batch"))
    yield sql.SQL("create index if not exists {} on raw.{} (batch_id)").format(
        sql.Identifier(f"{contract.feed}_of_batch"), table
    )
    if column := _FOUND_BY.get(contract.feed):
        yield sql.SQL("create index if not exists {} on raw.{} ({})").format(
            sql.Identifier(f"{contract.feed}_by_{column}"), table, sql.Identifier(column)
        )
    if column := _SELDOM.get(contract.feed):
        yield sql.SQL(
            "create index if not exists {} on raw.{} (batch_id) where {} is not null"
        ).format(sql.Identifier(f"{contract.feed}_with_{column}"), table, sql.Identifier(column))


def _keep_version(connection: Connection, contract: Contract) -> None:
    """Keep what this version of the contract says; what was once used never changes."""
    mark = fingerprint(contract)
    (kept,) = connection.execute(
        """
        with entered as (
            insert into ops.contracts (feed, version, fingerprint, declared)
            values (%s, %s, %s, %s)
            on conflict (feed, version) do nothing
            returning fingerprint
        )
        select fingerprint from entered
        union all
        select fingerprint from ops.contracts where feed = %s and version = %s
        """,
        [
            contract.feed,
            contract.version,
            mark,
            json.dumps(contract.model_dump(mode="json"), ensure_ascii=False),
            contract.feed,
            contract.version,
        ],
    ).fetchone() or (mark,)
    if kept != mark:
        raise BrokenContract(
            f"{contract.feed}: the contract changed, and its version is still {contract.version}: "
            "raise it, so that every batch tells which contract it was judged by"
        )
