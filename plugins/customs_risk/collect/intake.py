"""The way of a feed's deliveries through landing, gate and load, one after the other."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from customs_risk import clock, warehouse
from customs_risk.collect import BatchOutcome, UnknownBatch
from customs_risk.collect.formats import Unreadable
from customs_risk.collect.landing import (
    Delivery,
    feed_told,
    land,
    landed,
    name_for,
    taken,
    unlanded,
)
from customs_risk.collect.load import Counted, load
from customs_risk.collect.typed import drop_waiting_tables
from customs_risk.settings import settings
from expectations.contract import Contract, contract_of
from expectations.layout import Layout, read_layout

_log = logging.getLogger(__name__)


def take_in(feed: str) -> list[BatchOutcome]:
    """Take in whatever waits, and return what became of each file."""
    contract = contract_of(feed)
    with alone_at_the_gate(feed):
        land(feed)
        return [_take(delivery, contract) for delivery in landed(feed)]


def take_in_again(feed: str, batch_id: str | None = None) -> list[BatchOutcome]:
    """Judge landed deliveries anew, by the contract as it is now, in the order they were sent.

    Raises:
        UnknownBatch: there is no such batch.
    """
    contract = contract_of(feed)
    with alone_at_the_gate(feed):
        deliveries = taken(feed, batch_id)
        if batch_id and not deliveries:
            raise UnknownBatch(f"{feed} has no finished batch {batch_id!r}")
        return [_take(delivery, contract) for delivery in deliveries]


def try_out(feed: str, path: Path, *, is_backfill: bool = False) -> BatchOutcome:
    """Tell what a delivery would do, and leave nothing behind."""
    contract = contract_of(feed)
    delivery = unlanded(feed, path, _name_if_sent_now(path, contract), is_backfill=is_backfill)
    with alone_at_the_gate(feed):
        try:
            counted = load(delivery, contract, layout_of(delivery, contract), only_try=True)
        except Unreadable as error:
            return _refused(delivery, f"{error.rule}: {error}")
        finally:
            drop_waiting_tables(contract)
    return _loaded(delivery, counted)


def _name_if_sent_now(path: Path, contract: Contract) -> str:
    """Return a file's name if it is one of the feed's deliveries, or else what it would be."""
    if feed_told(path.name) == contract.feed:
        return path.name
    told = [suffix.removeprefix(".").lower() for suffix in path.suffixes]
    layout = next((layout for layout in contract.layouts if layout in told), None)
    with warehouse.connect() as connection:
        moment = clock.present(connection)
    return name_for(contract.feed, moment, told[-1] if told else contract.format, layout)


@contextmanager
def alone_at_the_gate(feed: str) -> Iterator[None]:
    """Hold the feed's gate: its tables are one set, so a second collection waits."""
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtext(%s))", [f"collect {feed}"])
        yield


def layout_of(delivery: Delivery, contract: Contract) -> Layout:
    """Return the layout that a delivery's name tells, or the feed's own.

    Raises:
        Unreadable: the feed does not arrive in a layout of that name.
    """
    mapping = settings().declarations_mapping
    if mapping and contract.feed == "declarations" and not delivery.layout:
        return read_layout(mapping, set(contract.columns))
    try:
        return contract.layout(delivery.layout)
    except LookupError as error:
        raise Unreadable("file.layout", str(error.args[0])) from error


def _take(delivery: Delivery, contract: Contract) -> BatchOutcome:
    try:
        counted = load(delivery, contract, layout_of(delivery, contract))
    except Unreadable as error:
        reason = f"{error.rule}: {error}"
        _refuse(delivery, reason)
        return _refused(delivery, reason)
    for warning in counted.warnings:
        _log.warning(
            "%s: batch %s: %s (for %s)",
            contract.feed,
            delivery.batch_id,
            warning,
            contract.recipient,
        )
    return _loaded(delivery, counted)


def _loaded(delivery: Delivery, counted: Counted) -> BatchOutcome:
    return BatchOutcome(
        delivery.feed,
        delivery.batch_id,
        delivery.file_name,
        "loaded",
        received=counted.received,
        loaded=counted.loaded,
        quarantined=counted.quarantined,
        duplicate=counted.duplicate,
        corrected=counted.corrected,
        warnings=tuple(counted.warnings),
        broken=counted.broken,
    )


def _refused(delivery: Delivery, reason: str) -> BatchOutcome:
    return BatchOutcome(delivery.feed, delivery.batch_id, delivery.file_name, "refused", reason)


def _refuse(delivery: Delivery, reason: str) -> None:
    """Close the ledger on a refusal; what an earlier judgement loaded stays."""
    with warehouse.connect() as connection:
        connection.execute(
            """
            update ops.batches
            set status = case when status = 'loaded' then 'loaded' else 'refused' end,
                reason = %s, finished_at = now()
            where batch_id = %s
            """,
            [reason, delivery.batch_id],
        )
