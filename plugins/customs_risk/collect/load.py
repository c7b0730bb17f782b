"""Loading: a landed delivery is cast, judged and settled; each row ends in exactly one place."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.collect import settle
from customs_risk.collect.formats import Reading, Unreadable, read
from customs_risk.collect.landing import Delivery
from customs_risk.collect.typed import copy_in, make_waiting_tables
from customs_risk.settings import settings
from expectations import gate
from expectations.contract import Contract
from expectations.layout import Layout

_CLOCK_SLACK = timedelta(days=1)


@dataclass(frozen=True)
class Counted:
    """What became of a batch's rows: received = loaded + quarantined + duplicate."""

    received: int
    loaded: int
    quarantined: int
    duplicate: int
    corrected: int
    warnings: list[str]
    broken: dict[str, tuple[int, int]]


def load(
    delivery: Delivery, contract: Contract, layout: Layout, *, only_try: bool = False
) -> Counted:
    """Gate and load one delivery; everything or nothing is committed, the ledger with it.

    A batch that was loaded before is judged anew: what it left in raw and in quarantine is
    replaced in the same transaction, but rows that people released stay.

    Args:
        only_try: tell what would become of the delivery, and leave nothing behind.

    Raises:
        Unreadable: the batch as a whole is refused; nothing of it is loaded.
    """
    sent_at = _moment_sent(delivery, contract)
    rejected = wait_at_the_gate(contract, layout, open_delivery(delivery, contract, layout))
    with warehouse.connect() as connection:
        settle.forget(connection, contract, delivery.batch_id)
        warnings = gate.judge(
            contract, delivery.batch_id, sent_at, connection, with_page=not only_try
        )
        settled = settle.released_rows(connection, delivery.batch_id)
        if settled:
            settle.note_taken_keys(connection, contract, delivery.batch_id)
        broken = settle.noted_rules(connection, contract, but=settled)
        received = settle.waiting(connection, contract) + len(rejected)
        _refuse_if_too_many_failed(contract, received, broken, len(rejected))
        # the file is read again for the rows that broke a rule, and only if there are any
        again = open_delivery(delivery, contract, layout) if broken else None
        known_at = _moment_known(connection, delivery, sent_at)
        settle.quarantine(connection, contract, delivery.batch_id, rejected, broken, again)
        loaded, corrected = settle.load_the_rest(
            connection,
            contract,
            delivery.batch_id,
            settle.Moments(sent_at, known_at),
            is_backfill=delivery.is_backfill,
            but=settled,
        )
        held, released = _earlier_settled(connection, delivery.batch_id)
        counted = Counted(
            received=received,
            loaded=loaded + released,
            quarantined=held,
            duplicate=received - loaded - released - held,
            corrected=corrected,
            warnings=warnings,
            broken=_by_rule(broken | {row_no: ["row.complete"] for row_no, _ in rejected}),
        )
        _finish(connection, contract, delivery, counted, known_at)
        if only_try:
            connection.rollback()
    return counted


def wait_at_the_gate(contract: Contract, layout: Layout, reading: Reading) -> list[tuple[int, str]]:
    """Copy rows of text into the feed's waiting table; return the lines that are no rows."""
    with warehouse.connect() as connection, warehouse.connect() as asking:
        make_waiting_tables(connection, contract)
        copy_in(connection, asking, contract, layout, reading)
        settle.find_repeated(connection, contract)
    return reading.rejected


def _moment_sent(delivery: Delivery, contract: Contract) -> datetime:
    if delivery.sent_at is None:
        raise Unreadable(
            "file.name",
            f"the name must tell when it was sent: {contract.feed}_<YYYYMMDDTHHMMSS>.<ending>",
        )
    # the sandbox's clock may run ahead of the wall's; in service nothing comes from the future
    if settings().schedules == "on" and delivery.sent_at > datetime.now(UTC) + _CLOCK_SLACK:
        raise Unreadable("file.sent_at", f"it says it was sent in the future: {delivery.sent_at}")
    return delivery.sent_at


def _moment_known(connection: Connection, delivery: Delivery, sent_at: datetime) -> datetime:
    """Return from when on a delivery's rows count as known: never before they could be known here.

    What lay somewhere for days is news on the day it is found; else a day that was scored would
    change behind the score. It stays the same when the delivery is judged anew, and deliveries of
    a feed never share a moment: versions follow each other. History is known when it happened.
    """
    if delivery.is_backfill:
        return sent_at
    (decided, newest) = connection.execute(
        """
        select
            (
                select coalesce(known_at, case when status = 'loaded' then sent_at end)
                from ops.batches where batch_id = %(batch_id)s
            ),
            (
                select max(known_at) from ops.batches
                where feed = %(feed)s and batch_id <> %(batch_id)s and not is_backfill
            )
        """,
        {"batch_id": delivery.batch_id, "feed": delivery.feed},
    ).fetchone() or (None, None)
    if decided:
        return decided
    known_at = max(sent_at, clock.present(connection))
    return max(known_at, newest + timedelta(microseconds=1)) if newest else known_at


def open_delivery(delivery: Delivery, contract: Contract, layout: Layout) -> Reading:
    """Open a delivery in its layout."""
    return read(delivery.path, contract, layout, delivery.ending)


def _refuse_if_too_many_failed(
    contract: Contract, received: int, broken: settle.Rules, rejected: int
) -> None:
    if received == 0:
        raise Unreadable("file.not_empty", "the file has no rows")
    failed = len(broken) + rejected
    share = failed / received
    if share <= contract.max_failed_share:
        return
    worst = sorted(_by_rule(broken).items(), key=lambda each: -each[1][0])[:3]
    told = [f"{rule} in {rows:,} rows, first in row {first}" for rule, (rows, first) in worst]
    if rejected:
        told.append(f"row.complete in {rejected:,} lines")
    raise Unreadable(
        "batch.max_failed_share",
        f"{failed:,} of {received:,} rows ({share:.0%}) break the contract, which allows "
        f"{contract.max_failed_share:.0%}: {'; '.join(told)}",
    )


def _by_rule(broken: settle.Rules) -> dict[str, tuple[int, int]]:
    """Return how many rows broke each rule, and the first of them."""
    rows_of: dict[str, list[int]] = {}
    for row_no, rules in broken.items():
        for rule in rules:
            rows_of.setdefault(rule, []).append(row_no)
    return {rule: (len(rows), min(rows)) for rule, rows in sorted(rows_of.items())}


def _earlier_settled(connection: Connection, batch_id: str) -> tuple[int, int]:
    """Return how many rows of a batch are held, and how many were loaded by a release."""
    row = connection.execute(
        """
        select
            (
                select count(*) from ops.quarantine
                where batch_id = %(batch_id)s and released_at is null
            ),
            coalesce((select released from ops.batches where batch_id = %(batch_id)s), 0)
        """,
        {"batch_id": batch_id},
    ).fetchone()
    return row or (0, 0)


def _finish(
    connection: Connection,
    contract: Contract,
    delivery: Delivery,
    counted: Counted,
    known_at: datetime,
) -> None:
    connection.execute(
        """
        update ops.batches
        set status = 'loaded', reason = null, received = %s, loaded = %s, quarantined = %s,
            duplicate = %s, corrected = %s, warnings = %s, contract_version = %s,
            known_at = %s, finished_at = now()
        where batch_id = %s
        """,
        [
            counted.received,
            counted.loaded,
            counted.quarantined,
            counted.duplicate,
            counted.corrected,
            json.dumps(counted.warnings, ensure_ascii=False),
            contract.version,
            known_at,
            delivery.batch_id,
        ],
    )
