"""A layer is built whole when it must be, and otherwise only what takes in rows; an older
warehouse becomes as a new one is.
"""

import psycopg
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import transform
from expectations.contract import contracts

pytestmark = pytest.mark.timeout(900)

_INDEXES_OF_PROFILES = """
    select indexrelid::regclass::text from pg_index
    where
        indrelid = 'intermediate.int_activity_profiles'::regclass
        and pg_get_indexdef(indexrelid) like '%(profile_key%valid_from)'
"""


def test_a_day_builds_only_what_takes_in_rows(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as where a history of many millions is built
    monkeypatch.setattr("customs_risk.transform._MANY_BYTES", 0)
    steps.initialize()
    whole = transform("prepare")
    assert transform("prepare") < whole / 2
    transform("decide")

    # what is gone comes back, whoever took it away
    with doors.connect() as connection:
        connection.execute("drop view staging.stg_declarations cascade")
        connection.execute("drop view intermediate.int_inspections cascade")
        assert is_there(connection, "assessment.assessors") is False
    assert transform("prepare") == whole
    with doors.connect() as connection:
        assert is_there(connection, "core.declarations")
        # those of other layers as well, which are read before those have their turn
        assert is_there(connection, "assessment.assessors")
        codes = connection.execute(
            "select relpages, relallvisible from pg_class"
            " where oid = 'reference.hs_codes'::regclass"
        ).fetchone()
    # what was filled at once is vacuumed before days are added
    assert codes and 10 < codes[0] == codes[1]
    assert transform("prepare") < whole / 2


def test_a_delivery_is_found_by_an_index_that_cannot_go_blind(warehouse: Settings) -> None:
    """A BRIN, as there was before, may lose sight of its pages: an old warehouse gets another."""
    steps.initialize()
    with doors.connect() as connection:
        connection.execute("drop index raw.declarations_of_batch")
        connection.execute(
            "create index declarations_by_batch on raw.declarations using brin (batch_id)"
        )
    steps.initialize()
    with doors.connect() as connection:
        indexes = connection.execute(
            """
            select tables.relname, pg_am.amname
            from pg_index
            inner join pg_class as tables on tables.oid = indrelid
            inner join pg_class as indexes on indexes.oid = indexrelid
            inner join pg_am on pg_am.oid = indexes.relam
            where
                tables.relnamespace = 'raw'::regnamespace and indpred is null
                and pg_get_indexdef(indexrelid, 1, true) = 'batch_id'
            """
        ).fetchall()
    assert sorted(indexes) == sorted((contract.feed, "btree") for contract in contracts())


def test_an_older_warehouse_finds_sellers_by_the_importer_first(warehouse: Settings) -> None:
    """Keys that begin with the seller would not be found any more: each seller would seem new."""
    steps.initialize()
    transform("prepare")
    with doors.connect() as connection:
        for (index,) in connection.execute(_INDEXES_OF_PROFILES).fetchall():
            connection.execute(f"drop index {index}")
        connection.execute(
            """
            create unique index on intermediate.int_activity_profiles
                (profile_key, profile_kind, valid_from);
            insert into intermediate.int_activity_profiles (profile_kind, profile_key, valid_from)
            values
                ('seller_importer', 'S1|9131', '2026-01-05'),
                ('importer_hs6', '9131|8703', '2026-01-05')
            """
        )
    for _ in range(2):  # what is as it should be stays so
        steps.initialize()
        with doors.connect() as connection:
            keys = connection.execute(
                "select profile_key from intermediate.int_activity_profiles order by 1"
            ).fetchall()
            assert keys == [("9131|8703",), ("9131|S1",)]
            assert len(connection.execute(_INDEXES_OF_PROFILES).fetchall()) == 1


def is_there(connection: psycopg.Connection, relation: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [relation]).fetchone()
    return row == (True,)
