"""The way of a feed's deliveries through landing, gate and load, one after the other."""

import logging

from customs_risk import warehouse
from customs_risk.collect import BatchOutcome
from customs_risk.collect.formats import Unreadable
from customs_risk.collect.landing import Delivery, land, landed
from customs_risk.collect.load import load
from customs_risk.collect.mapping import Mapping, read_mapping
from customs_risk.settings import settings
from expectations.contract import Contract, contract_of

_log = logging.getLogger(__name__)


def take_in(feed: str) -> list[BatchOutcome]:
    """Take in whatever waits, and return what became of each file."""
    contract = contract_of(feed)
    mapping = _mapping(contract)
    with warehouse.connect(autocommit=True) as connection:
        # the gate's tables are one set per feed: a second collection of it waits
        connection.execute("select pg_advisory_lock(hashtext(%s))", [f"collect {feed}"])
        land(feed)
        return [_take(delivery, contract, mapping) for delivery in landed(feed)]


def _take(delivery: Delivery, contract: Contract, mapping: Mapping | None) -> BatchOutcome:
    try:
        counted = load(delivery, contract, mapping)
    except Unreadable as error:
        reason = f"{error.rule}: {error}"
        _refuse(delivery, reason)
        return BatchOutcome(delivery.feed, delivery.batch_id, delivery.file_name, "refused", reason)
    for warning in counted.warnings:
        _log.warning(
            "%s: batch %s: %s (for %s)",
            contract.feed,
            delivery.batch_id,
            warning,
            contract.recipient,
        )
    return BatchOutcome(
        delivery.feed,
        delivery.batch_id,
        delivery.file_name,
        "loaded",
        received=counted.received,
        loaded=counted.loaded,
        quarantined=counted.quarantined,
        duplicate=counted.duplicate,
    )


def _refuse(delivery: Delivery, reason: str) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            """
            update ops.batches set status = 'refused', reason = %s, finished_at = now()
            where batch_id = %s and status = 'landed'
            """,
            [reason, delivery.batch_id],
        )


def _mapping(contract: Contract) -> Mapping | None:
    path = settings().declarations_mapping
    return read_mapping(path, contract) if path and contract.feed == "declarations" else None
