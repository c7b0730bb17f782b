"""The raw tables, as the feeds' declarations describe them."""

from psycopg import sql

from customs_risk import warehouse
from expectations.contract import Contract, contracts

# what the system adds to every row: which delivery brought it, and when it became known
METADATA = {
    "batch_id": "text not null",
    "row_no": "bigint not null",
    "row_hash": "text not null",
    "is_backfill": "boolean not null",
    "known_at": "timestamptz not null",
    "loaded_at": "timestamptz not null default now()",
}


def create_raw_tables() -> None:
    """Create the raw table of every feed; harmless when it exists."""
    with warehouse.connect() as connection:
        for contract in contracts():
            connection.execute(raw_table(contract))
            connection.execute(_index(contract))


def raw_table(contract: Contract) -> sql.Composed:
    """Return the statement that creates a feed's raw table, keyed by the feed's key."""
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
    key = sql.SQL("primary key ({})").format(names(contract.key))
    return sql.SQL("create table if not exists raw.{} ({})").format(
        sql.Identifier(contract.feed), sql.SQL(", ").join([*declared, *added, key])
    )


def names(columns: tuple[str, ...]) -> sql.Composed:
    """Return column names, quoted and separated by commas."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _index(contract: Contract) -> sql.Composed:
    return sql.SQL("create index if not exists {} on raw.{} (batch_id)").format(
        sql.Identifier(f"{contract.feed}_by_batch"), sql.Identifier(contract.feed)
    )
