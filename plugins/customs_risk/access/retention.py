"""Retention (Order 271, Article 5): what is over its time is deleted, or cleared of persons.

A feed's contract says for how many years its rows are kept; access.retention_years says it for each
class, and the shorter counts. Age is counted from when a row became known, of a delivery from when
it was sent. Everything happens set by set, in one transaction, and is told in ops.retention_log.
The ledger keeps its figures: ops.expired_batches tells what of a delivery is gone, so

    loaded = rows in raw + expired,   quarantined = rows that are held + expired
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from customs_risk import clock, warehouse
from customs_risk.access.classes import columns_of_class
from customs_risk.settings import settings
from expectations.contract import Contract, contracts

_LOCK = 27171
# what identifies a person, and goes before the row that it stands in
_CLEARED = ("personal", "secret")
_BUILT = (
    "intermediate", "core", "indicators", "assessment", "treatment", "feedback", "supervision",
    "history",
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """One thing that was done because time was over."""

    relation: str
    act: str
    rows: int
    known_before: datetime | None = None
    columns: tuple[str, ...] = ()


def retain(*, dry_run: bool = False) -> list[Act]:
    """Delete and clear what is over its time; return what that was.

    Args:
        dry_run: only tell what would be done.
    """
    with warehouse.connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        _note_limits(connection)
        acts = [act for contract in contracts() for act in _retain_feed(connection, contract)]
        acts += _retain_built(connection)
        acts += _retain_mentions(connection)
        acts += _retain_log(connection)
        files = _expired_files(connection)
        acts += [Act("landed bytes", "files deleted", len(files))]
        acts = [act for act in acts if act.rows]
        _note(connection, acts)
        if dry_run:
            connection.rollback()
            return acts
    # only what is committed as expired: a killed run leaves files behind, and the next finds them
    for path in files:
        path.unlink(missing_ok=True)
    return acts


def _note_limits(connection: Connection) -> None:
    """Note from when on each feed's rows are kept, and in them what identifies persons."""
    connection.execute(
        """
        create temporary table limits (
            feed text, class text, known_before timestamptz, primary key (feed, class)
        ) on commit drop
        """
    )
    told = connection.execute("select class, years from access.retention_years")
    years: dict[str, int] = dict(told.fetchall())
    present = clock.present(connection)
    for contract in contracts():
        for class_, kept in years_of(contract, years).items():
            connection.execute(
                "insert into limits values (%s, %s, %s - make_interval(years => %s))",
                [contract.feed, class_, present, kept],
            )


def years_of(contract: Contract, years: dict[str, int]) -> dict[str, int]:
    """Return the years of a feed's rows, of its persons, and of what holds all: its deliveries.

    A list says who is on it as long as it is in force, not what happened once: its names are kept
    as long as its rows.
    """
    is_list = contract.known_at is None
    classes = {column.confidentiality for column in contract.columns.values()}
    rows = min(contract.retention_years, *(years[c] for c in classes if c not in _CLEARED))
    persons = {c: rows if is_list else min(rows, years[c]) for c in _CLEARED}
    return {
        "row": rows,
        **persons,
        "delivery": min([rows, *(persons[c] for c in classes if c in _CLEARED)]),
    }


def _limit(connection: Connection, feed: str, class_: str) -> datetime:
    row = connection.execute(
        "select known_before from limits where feed = %s and class = %s", [feed, class_]
    ).fetchone()
    assert row is not None
    return row[0]


# -- what was delivered ---------------------------------------------------------------------------


def _retain_feed(connection: Connection, contract: Contract) -> list[Act]:
    acts = [_delete_rows(connection, contract, _limit(connection, contract.feed, "row"))]
    for class_ in _CLEARED:
        columns = {
            name: column for name, column in contract.columns.items()
            if column.confidentiality == class_
        }  # fmt: skip
        before = _limit(connection, contract.feed, class_)
        if set(columns) & set(contract.key):
            # whoever is told apart by a person's data has no row without them
            acts.append(_delete_rows(connection, contract, before))
        elif columns:
            nullable = {name: column.nullable for name, column in columns.items()}
            condition = sql.SQL("known_at < {}").format(sql.Literal(before))
            acts.append(_clear(connection, ("raw", contract.feed), nullable, condition, before))
    return [*acts, _delete_quarantined(connection, contract)]


def _delete_rows(connection: Connection, contract: Contract, before: datetime) -> Act:
    deleted = _count(
        connection,
        sql.SQL(
            """
            with gone as (delete from raw.{} where known_at < {} returning batch_id),
            noted as (
                insert into ops.expired_batches (batch_id, loaded)
                select batch_id, count(*) from gone group by batch_id
                on conflict (batch_id) do update
                set loaded = expired_batches.loaded + excluded.loaded
            )
            select count(*) from gone
            """
        ).format(sql.Identifier(contract.feed), sql.Literal(before)),
    )
    return Act(f"raw.{contract.feed}", "rows deleted", deleted, before)


def _delete_quarantined(connection: Connection, contract: Contract) -> Act:
    before = _limit(connection, contract.feed, "delivery")
    deleted = _count(
        connection,
        sql.SQL(
            """
            with gone as (
                delete from ops.quarantine using ops.batches
                where
                    quarantine.batch_id = batches.batch_id
                    and batches.feed = {feed}
                    and coalesce(batches.sent_at, batches.landed_at) < {before}
                returning quarantine.batch_id, quarantine.released_at
            ),
            noted as (
                insert into ops.expired_batches (batch_id, quarantined)
                select batch_id, count(*) filter (where released_at is null)
                from gone group by batch_id
                on conflict (batch_id) do update
                set quarantined = expired_batches.quarantined + excluded.quarantined
            )
            select count(*) from gone
            """
        ).format(feed=sql.Literal(contract.feed), before=sql.Literal(before)),
    )
    return Act(f"ops.quarantine ({contract.feed})", "rows deleted", deleted, before)


def _expired_files(connection: Connection) -> list[Path]:
    """Return the landed files of deliveries that are over their time, and of no younger one."""
    rows = connection.execute(
        """
        with aged as (
            select
                batches.batch_id,
                batches.sha256,
                -- what was not judged yet is waited for, however old
                batches.status <> 'landed'
                and coalesce(batches.sent_at, batches.landed_at) < limits.known_before as is_over
            from ops.batches
            inner join limits on limits.feed = batches.feed and limits.class = 'delivery'
        ),
        expired as (
            select sha256 from aged group by sha256 having bool_and(is_over)
        ),
        noted as (
            insert into ops.expired_batches (batch_id, bytes_deleted_at)
            select batch_id, now() from aged inner join expired using (sha256)
            on conflict (batch_id) do update
            set bytes_deleted_at = coalesce(expired_batches.bytes_deleted_at, now())
        )
        select sha256 from expired
        """
    ).fetchall()
    paths = [settings().landing / sha256[:2] / sha256 for (sha256,) in rows]
    return [path for path in paths if path.is_file()]


# -- what was built from it ------------------------------------------------------------------------


def _retain_built(connection: Connection) -> list[Act]:
    """Do the same to the tables in which models keep the rows of deliveries."""
    acts = []
    for schema, table, has_kind in connection.execute(_KEPT_BY_DELIVERY, [list(_BUILT)]).fetchall():
        name = sql.Identifier(schema, table)
        delete = sql.SQL("delete from {} as kept where {}").format(name, _is_over("row"))
        deleted = connection.execute(delete).rowcount
        acts.append(Act(f"{schema}.{table}", "rows deleted", deleted))
        for class_ in _CLEARED:
            described = columns_of_class(class_).get(table, {})
            nullable = _nullable(connection, schema, table, list(described))
            if nullable:
                # goods and vessels are nobody's personal data
                of_persons = sql.SQL(" and mention_kind = 'party'" if has_kind else "")
                condition = sql.Composed([_is_over(class_), of_persons])
                acts.append(_clear(connection, (schema, table), nullable, condition))
    return acts


_KEPT_BY_DELIVERY = """
    select
        schemas.nspname::text,
        tables.relname::text,
        bool_or(columns.attname = 'mention_kind')
    from pg_class as tables
    inner join pg_namespace as schemas on schemas.oid = tables.relnamespace
    inner join pg_attribute as columns on columns.attrelid = tables.oid and columns.attnum > 0
    where tables.relkind = 'r' and schemas.nspname = any(%s)
    group by schemas.nspname, tables.relname
    having bool_or(columns.attname = 'batch_id') and bool_or(columns.attname = 'known_at')
    order by schemas.nspname, tables.relname
"""


def _is_over(class_: str) -> sql.Composed:
    """Return the condition under which a row that names its delivery is over its time."""
    return sql.SQL(
        """
        exists (
            select 1
            from ops.batches
            inner join limits on limits.feed = batches.feed and limits.class = {}
            where batches.batch_id = kept.batch_id and kept.known_at < limits.known_before
        )
        """
    ).format(sql.Literal(class_))


def _retain_mentions(connection: Connection) -> list[Act]:
    """Forget parties whom nothing mentions any more but what is over its time."""
    built = "select to_regclass('intermediate.int_mentions') is not null"
    if not _count(connection, sql.SQL(built)):
        return []
    acts = []
    told = sql.SQL(
        """
        select 1 from intermediate.int_risk_signals as kept
        where kept.mention_id = mentions.mention_id and not {}
        """
    ).format(_is_over("personal"))
    for relation, of_whom in (
        ("intermediate.int_mentions", "mention_kind = 'party'"),
        ("ops.subject_matches", "subject_kind = 'party'"),
        ("ops.match_reviews", "subject_kind = 'party'"),
        # what was compared belongs to whom it was compared with
        ("ops.resolved_mentions", "mention_id not in (select mention_id from ops.subject_matches)"),
    ):
        statement = sql.SQL("delete from {} as mentions where {} and not exists ({})").format(
            sql.Identifier(*relation.split(".")), sql.SQL(of_whom), told
        )
        acts.append(Act(relation, "rows deleted", connection.execute(statement).rowcount))
    return acts


def _retain_log(connection: Connection) -> list[Act]:
    """Delete what the log of reading says of times as far back as restricted data are kept."""
    row = connection.execute(
        """
        delete from access.log using access.retention_years as kept
        where kept.class = 'restricted' and read_at < now() - make_interval(years => kept.years)
        """
    )
    return [Act("access.log", "rows deleted", row.rowcount)]


# -- the means ------------------------------------------------------------------------------------


def _clear(
    connection: Connection,
    relation: tuple[str, str],
    nullable: dict[str, bool],
    condition: sql.Composed,
    before: datetime | None = None,
) -> Act:
    """Take out of the rows that fulfil a condition what stands in some columns."""
    # a text that must be there becomes a dash
    empty = {name: sql.SQL("null" if free else "'-'") for name, free in nullable.items()}
    cleared = connection.execute(
        sql.SQL("update {} as kept set {} where ({}) and {}").format(
            sql.Identifier(*relation),
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), value)
                for name, value in empty.items()
            ),
            sql.SQL(" or ").join(
                sql.SQL("{} is distinct from {}").format(sql.Identifier(name), value)
                for name, value in empty.items()
            ),
            condition,
        )
    ).rowcount
    return Act(".".join(relation), "columns cleared", cleared, before, tuple(nullable))


def _nullable(
    connection: Connection, schema: str, table: str, columns: list[str]
) -> dict[str, bool]:
    return dict(
        connection.execute(
            """
            select attname::text, not attnotnull from pg_attribute
            where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass
                and attnum > 0 and not attisdropped and attname = any(%s)
            """,
            [schema, table, columns],
        ).fetchall()
    )


def _count(connection: Connection, query: sql.SQL | sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int((row or (0,))[0])


def _note(connection: Connection, acts: list[Act]) -> None:
    for act in acts:
        values: list[Any] = [act.relation, act.act, list(act.columns), act.known_before, act.rows]
        connection.execute(
            """
            insert into ops.retention_log (relation, act, columns, known_before, "rows")
            values (%s, %s, %s, %s, %s)
            """,
            values,
        )
