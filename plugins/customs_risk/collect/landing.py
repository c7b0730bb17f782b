"""Landing: delivered bytes are kept, named by their SHA-256, before anything reads them."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import LiteralString

from customs_risk import warehouse
from customs_risk.settings import settings

_CHUNK = 1 << 20
_NAME = re.compile(
    r"^(?P<feed>[a-z0-9_]+)_(?P<stamp>\d{8}T\d{6})"
    r"(?:\.(?P<layout>[a-z0-9_]+))?\.(?P<ending>[a-z0-9]+)$"
)


@dataclass(frozen=True)
class Delivery:
    """One delivered file that waits to be gated and loaded.

    Its name tells what it is: ``<feed>_<YYYYMMDDTHHMMSS>[.<layout>].<ending>``.
    """

    batch_id: str
    feed: str
    file_name: str
    sent_at: datetime | None
    is_backfill: bool
    path: Path

    @property
    def layout(self) -> str | None:
        """The foreign layout that the name tells, if any."""
        match = _NAME.match(self.file_name)
        return match["layout"] if match else None

    @property
    def ending(self) -> str:
        """The last part of the name, without its dot."""
        return self.file_name.rpartition(".")[2]


def land(feed: str) -> None:
    """Move every file that waits in a feed's inbox to the landing store, with a ledger row each.

    A file leaves the inbox only after its ledger row is committed, so a crash loses nothing and a
    second call finds what is left.
    """
    for path, is_backfill in _waiting(feed):
        sha256 = _copy_to_landing(path, feed)
        _enter(path, feed, sha256, is_backfill)
        path.unlink()


def landed(feed: str) -> list[Delivery]:
    """Return the deliveries that are landed and not finished, in the order they were sent."""
    return _deliveries("feed = %s and status = 'landed'", [feed])


def taken(feed: str, batch_id: str | None = None) -> list[Delivery]:
    """Return the deliveries of a feed that were loaded or refused, or the one that is named."""
    if batch_id:
        return _deliveries(
            "feed = %s and status in ('loaded', 'refused') and batch_id = %s", [feed, batch_id]
        )
    return _deliveries("feed = %s and status in ('loaded', 'refused')", [feed])


def unlanded(feed: str, path: Path, name: str, *, is_backfill: bool = False) -> Delivery:
    """Return a file as the delivery that it would be under a name."""
    return Delivery(f"{feed}-try", feed, name, _sent_at(name, feed)[0], is_backfill, path)


def feed_told(name: str) -> str | None:
    """Return the feed that a file's name tells, if it is the name of a delivery."""
    match = _NAME.match(name)
    return match["feed"] if match else None


def name_for(feed: str, sent_at: datetime, ending: str, layout: str | None = None) -> str:
    """Return the name under which a feed's file is delivered."""
    local = sent_at.astimezone(settings().zone)
    return f"{feed}_{local:%Y%m%dT%H%M%S}{f'.{layout}' if layout else ''}.{ending}"


def _deliveries(condition: LiteralString, values: list[str]) -> list[Delivery]:
    with warehouse.connect() as connection:
        rows = connection.execute(
            f"""
            select batch_id, feed, file_name, sent_at, is_backfill, sha256
            from ops.batches where {condition}
                -- bytes whose time is over are gone
                and not exists (
                    select 1 from ops.expired_batches as expired
                    where expired.batch_id = batches.batch_id
                        and expired.bytes_deleted_at is not null
                )
            order by is_backfill desc, sent_at nulls first, batch_id
            """,
            values,
        )
        return [
            Delivery(batch_id, feed, file_name, sent_at, is_backfill, landed_path(sha256))
            for batch_id, feed, file_name, sent_at, is_backfill, sha256 in rows
        ]


def landed_path(sha256: str) -> Path:
    """Return where bytes of this SHA-256 are kept."""
    return settings().landing / sha256[:2] / sha256


def _waiting(feed: str) -> Iterator[tuple[Path, bool]]:
    inbox = settings().inbox / feed
    for folder, is_backfill in ((inbox / "backfill", True), (inbox, False)):
        for path in sorted(folder.glob("*")):
            # a sender writes under .part and renames when the file is whole
            if path.is_file() and path.suffix != ".part":
                yield path, is_backfill


def _copy_to_landing(path: Path, feed: str) -> str:
    """Copy the bytes under a name of their own, and return their SHA-256."""
    settings().landing.mkdir(parents=True, exist_ok=True)
    # one collection of a feed runs at a time, so what a killed one left is written over
    part = settings().landing / f"{feed}.part"
    digest = hashlib.sha256()
    with path.open("rb") as source, part.open("wb") as copy:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    target = landed_path(digest.hexdigest())
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(part, target)
    return digest.hexdigest()


def _enter(path: Path, feed: str, sha256: str, is_backfill: bool) -> None:
    """Write the delivery into the ledger: as landed, or as a repetition of bytes known already."""
    sent_at, stamp = _sent_at(path.name, feed)
    with warehouse.connect() as connection:
        connection.execute(
            """
            insert into ops.batches (
                batch_id, feed, sha256, file_name, sent_at, is_backfill, status, reason, finished_at
            )
            select
                %(batch_id)s, %(feed)s, %(sha256)s, %(file_name)s, %(sent_at)s, %(is_backfill)s,
                case when earlier.batch_id is null then 'landed' else 'repeated' end,
                'the same bytes as ' || earlier.batch_id,
                case when earlier.batch_id is not null then now() end
            from (select 1) as one
            left join lateral (
                select batch_id from ops.batches
                where feed = %(feed)s and sha256 = %(sha256)s and status in ('landed', 'loaded')
                order by landed_at limit 1
            ) as earlier on true
            -- the same file again: what was refused once is tried anew, anything else stays
            on conflict (batch_id) do update
            set status = 'landed', reason = null, finished_at = null
            where batches.status = 'refused'
            """,
            {
                "batch_id": f"{feed}-{stamp}-{sha256[:16]}",
                "feed": feed,
                "sha256": sha256,
                # a sender's file system may hold bytes that are no text
                "file_name": path.name.encode("utf-8", "backslashreplace").decode(),
                "sent_at": sent_at,
                "is_backfill": is_backfill,
            },
        )


def _sent_at(name: str, feed: str) -> tuple[datetime | None, str]:
    """Read when a file was sent from its name; a name that does not tell is refused later."""
    match = _NAME.match(name)
    if not match or match["feed"] != feed:
        return None, re.sub(r"[^A-Za-z0-9]+", "-", name)[:60]
    try:
        local = datetime.strptime(match["stamp"], "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None, match["stamp"]
    return local.replace(tzinfo=settings().zone), match["stamp"]
