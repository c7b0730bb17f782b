"""Release: rows that people repaired leave quarantine through the same gate as any other row.

A released row keeps its delivery and its line; it counts as known from the moment of its release.
What it was, who repaired what and why stay in ``ops.quarantine``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.collect import UnknownBatch, settle
from customs_risk.collect.formats.reading import Reading, Record, from_records
from customs_risk.collect.intake import alone_at_the_gate, layout_of
from customs_risk.collect.landing import Delivery, taken
from customs_risk.collect.load import wait_at_the_gate
from expectations import gate
from expectations.contract import Contract, contract_of


class UnusableRepair(LookupError):  # noqa: N818 - reads as what is wrong
    """A repair names a column that the feed does not have."""


class NothingToRelease(LookupError):  # noqa: N818 - reads as what is wrong
    """No row of that delivery waits in quarantine under those numbers."""


@dataclass(frozen=True)
class Released:
    """What became of the rows that were to be released."""

    loaded: int
    duplicate: int
    held: settle.Rules
    """rules that the others still break, by row"""


def release(
    feed: str,
    batch_id: str,
    *,
    rows: list[int] | None = None,
    repair: dict[str, str | None] | None = None,
    by: str,
    reason: str,
) -> Released:
    """Judge quarantined rows again, repaired or under a newer contract, and load the good ones.

    Args:
        feed: the feed.
        batch_id: the delivery that brought the rows.
        rows: their numbers; all that wait, when None.
        repair: new texts by column, the same for every row.
        by: who answers for it.
        reason: why the repair is right.

    Raises:
        NothingToRelease: no such row waits.
        UnusableRepair: the repair names an unknown column.
        UnknownBatch: there is no such batch.
    """
    contract = contract_of(feed)
    repair = repair or {}
    if unknown := sorted(repair.keys() - contract.columns.keys()):
        raise UnusableRepair(f"{feed} has no columns {', '.join(unknown)}")
    with alone_at_the_gate(feed):
        (delivery,) = taken(feed, batch_id) or (None,)
        if delivery is None:
            raise UnknownBatch(f"{feed} has no finished batch {batch_id!r}")
        held = _held(batch_id, rows)
        if not held:
            raise NothingToRelease(f"{feed}: batch {batch_id}: no such row waits in quarantine")
        reading = _as_reading(contract, held, repair)
        # a repair may itself be what no database can store
        no_rows = wait_at_the_gate(contract, layout_of(delivery, contract), reading)
        held = {row_no: cells for row_no, cells in held.items() if row_no not in dict(no_rows)}
        with warehouse.connect() as connection:
            return _settle(connection, contract, delivery, held, repair, by, reason)


def _held(batch_id: str, rows: list[int] | None) -> dict[int, dict[str, str | None]]:
    """Return the rows that wait, as they were delivered; lines that were no rows never can."""
    with warehouse.connect() as connection:
        found = connection.execute(
            """
            select row_no, row from ops.quarantine
            where batch_id = %(batch_id)s and released_at is null and not row ? 'line'
                and (%(rows)s::bigint[] is null or row_no = any(%(rows)s))
            order by row_no
            """,
            {"batch_id": batch_id, "rows": rows},
        )
        return dict(found.fetchall())


def _as_reading(
    contract: Contract,
    held: dict[int, dict[str, str | None]],
    repair: dict[str, str | None],
) -> Reading:
    def records() -> Iterator[Record]:
        for row_no, cells in held.items():
            yield Record(row_no, {**cells, **repair})

    return from_records(records(), contract.columns)


def _settle(
    connection: Connection,
    contract: Contract,
    delivery: Delivery,
    held: dict[int, dict[str, str | None]],
    repair: dict[str, str | None],
    by: str,
    reason: str,
) -> Released:
    present = clock.present(connection)
    gate.judge(contract, delivery.batch_id, present, connection, with_page=False)
    settle.note_taken_keys(connection, contract, delivery.batch_id)
    still_broken = settle.noted_rules(connection, contract)
    loaded, corrected = settle.load_the_rest(
        connection,
        contract,
        delivery.batch_id,
        settle.Moments(sent_at=present, known_at=present),
        is_backfill=delivery.is_backfill,
    )
    freed = [row_no for row_no in held if row_no not in still_broken]
    connection.execute(
        """
        update ops.quarantine
        set released_at = now(), released_by = %s, release_reason = %s, repair = %s
        where batch_id = %s and row_no = any(%s)
        """,
        [by, reason, json.dumps(repair, ensure_ascii=False), delivery.batch_id, freed],
    )
    connection.execute(
        """
        update ops.batches
        set loaded = loaded + %(loaded)s, quarantined = quarantined - %(freed)s,
            duplicate = duplicate + %(freed)s - %(loaded)s, corrected = corrected + %(corrected)s,
            released = released + %(loaded)s, finished_at = now()
        where batch_id = %(batch_id)s
        """,
        {
            "loaded": loaded,
            "freed": len(freed),
            "corrected": corrected,
            "batch_id": delivery.batch_id,
        },
    )
    return Released(loaded, len(freed) - loaded, still_broken)
