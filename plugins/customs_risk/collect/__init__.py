"""Collection: deliveries are landed, gated and loaded; nothing that arrives is lost.

sources/     how bytes arrive: fetched into the inbox
landing.py   bytes kept unchanged under their SHA-256, and entered into the ledger
formats/     how bytes become rows of text
typed.py     how rows of text become a typed table
load.py      one delivery through cast, gate and settlement
settle.py    loaded, quarantined or duplicate: where each row ends
intake.py    a feed's deliveries, one after the other; again, or only tried
release.py   quarantined rows that people repaired
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class BatchOutcome:
    """What became of one delivered file."""

    feed: str
    batch_id: str
    file_name: str
    status: str
    reason: str | None = None
    received: int = 0
    loaded: int = 0
    quarantined: int = 0
    duplicate: int = 0
    corrected: int = 0
    warnings: tuple[str, ...] = ()
    broken: dict[str, tuple[int, int]] = field(default_factory=dict)
    """how many rows broke each rule, and the first of them"""


class RefusedDelivery(ValueError):  # noqa: N818 - reads as what happened
    """A delivered file was refused as a whole; the message names feed, batch, file and rule."""


class UnknownBatch(LookupError):  # noqa: N818 - reads as what is wrong
    """No delivery of that number was ever judged; the message names feed and batch."""


def prepare() -> None:
    """Create the raw tables and store the code lists; harmless when they exist."""
    from expectations import codes
    from expectations.tables import create_raw_tables

    create_raw_tables()
    codes.store()


def bring_in(feed: str, between: tuple[date, date] | None = None) -> list[BatchOutcome]:
    """Fetch what is new at a feed's source, then take in what waits in its inbox.

    A source that fails does not keep what has arrived: it is taken in first, and then the failure
    is told. It stays in the ledger of failures until the source answers again.

    Args:
        feed: the feed.
        between: first and last day of a backfill; without it, what is new since the last time.

    Raises:
        SourceFailed: the source could not be read, after all retries.
        RefusedDelivery: at least one file was refused; the others are loaded.
    """
    from customs_risk.collect import sources
    from expectations.contract import contract_of

    try:
        sources.fetch(contract_of(feed), between)
    except sources.SourceFailed as error:
        _note_failure(feed, str(error))
        collect(feed)
        raise
    _note_failure(feed, None)
    return collect(feed)


def _note_failure(feed: str, message: str | None) -> None:
    """Keep a source's failure for those who watch over it, or forget it."""
    from customs_risk import warehouse

    with warehouse.connect() as connection:
        if message is None:
            connection.execute("delete from ops.source_failures where feed = %s", [feed])
            return
        connection.execute(
            """
            insert into ops.source_failures (feed, message) values (%s, %s)
            on conflict (feed) do update set message = excluded.message, failed_at = now()
            """,
            [feed, message],
        )


def collect(feed: str) -> list[BatchOutcome]:
    """Land, gate and load every delivery that waits in a feed's inbox.

    One bad file does not keep the others: each is tried, and then the refused ones are told.

    Raises:
        UnknownFeed: no feed of that name is declared.
        RefusedDelivery: at least one file was refused; the others are loaded.
    """
    from customs_risk.collect.intake import take_in

    return _none_refused(take_in(feed))


def again(feed: str, batch_id: str | None = None) -> list[BatchOutcome]:
    """Judge what was delivered anew, from the bytes that were landed, by the present contract.

    What an earlier judgement loaded or quarantined is replaced; what people released stays.

    Args:
        feed: the feed.
        batch_id: one delivery; every one that was loaded or refused, when None.

    Raises:
        UnknownFeed: no feed of that name is declared.
        UnknownBatch: there is no such delivery.
        RefusedDelivery: at least one is refused; what it had left before stays.
    """
    from customs_risk.collect.intake import take_in_again

    prepare()
    return _none_refused(take_in_again(feed, batch_id))


def try_out(feed: str, path: Path, *, is_backfill: bool = False) -> BatchOutcome:
    """Tell what a delivery would do, without loading it; a file of any name counts as sent now.

    Raises:
        UnknownFeed: no feed of that name is declared.
    """
    from customs_risk.collect import intake

    return intake.try_out(feed, path, is_backfill=is_backfill)


def _none_refused(outcomes: list[BatchOutcome]) -> list[BatchOutcome]:
    refused = [outcome for outcome in outcomes if outcome.status == "refused"]
    if refused:
        raise RefusedDelivery(
            "\n".join(
                f"{each.feed}: batch {each.batch_id} ({each.file_name}) refused: {each.reason}"
                for each in refused
            )
        )
    return outcomes
