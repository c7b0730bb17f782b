"""What must hold of a home whenever a run has ended: nothing is lost, and every run succeeded."""

from pathlib import Path

import psycopg

from customs_risk.embedded import postgres
from expectations.contract import contracts

# the others are visited in turn, some of them later than these few days
DAILY = (
    "declarations",
    "inspection_results",
    "monitoring_samples",
    "enterprise_status",
    "watch_list",
)


def assert_sound(home: Path) -> None:
    """Hold the ledger, the raw tables and Airflow's own runs against each other."""
    postgres.start(home)
    try:
        with psycopg.connect(postgres.url(home)) as warehouse:
            _assert_ledger_adds_up(warehouse)
            _assert_every_declaration_is_answered(warehouse)
        with psycopg.connect(postgres.url(home, postgres.METADATA)) as metadata:
            states = metadata.execute("select state, count(*) from dag_run group by 1").fetchall()
            assert {state for state, _ in states} == {"success"}, states
    finally:
        postgres.stop(home)


def _assert_ledger_adds_up(warehouse: psycopg.Connection) -> None:
    wrong = warehouse.execute(
        """
        select * from ops.batches
        where status not in ('loaded', 'repeated')
           or (status = 'loaded' and received <> loaded + quarantined + duplicate)
        """
    ).fetchall()
    assert wrong == []
    for contract in contracts():
        columns = ", ".join(f'"{name}"' for name in contract.columns)
        loaded, rows, distinct = warehouse.execute(
            f"""
            select
                (select coalesce(sum(loaded), 0) from ops.batches where feed = '{contract.feed}'),
                (select count(*) from raw.{contract.feed}),
                (select count(distinct row({columns}, known_at)::text) from raw.{contract.feed})
            """
        ).fetchone() or (None, None, None)
        assert loaded == rows == distinct, contract.feed
        assert rows or contract.feed not in DAILY, f"{contract.feed}: nothing was loaded"


def _assert_every_declaration_is_answered(warehouse: psycopg.Connection) -> None:
    (pending,) = warehouse.execute(
        """
        select count(*)
        from raw.declarations
        left join treatment.decisions using (importer_id, declaration_id)
        where not declarations.is_backfill and decisions.declaration_id is null
        """
    ).fetchone() or (None,)
    assert pending == 0
