"""What was published so far, and the moment it is there: kept in files, so it outlives a process.

records/<feed>/<day>.json   a day's new records, in the provider's own JSON shape
files/<feed>/<name>         whole files as they stand; their times are the sandbox's
present.json                the sandbox's present moment
"""

from __future__ import annotations

import json
import os
from datetime import date, datetime, time
from pathlib import Path

from customs_risk.sandbox.delivery import write_whole
from customs_risk.settings import settings

Json = dict[str, object]
# providers publish early in the morning; what is asked for on a day is there by then
PUBLISHED = time(9, 30)


class Shelf:
    """Everything that is out, as every server of the outside world sees it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._records: dict[str, tuple[int, list[Json]]] = {}

    @property
    def now(self) -> datetime:
        """The sandbox's present moment; before anything was published, the real one."""
        path = self._folder / "present.json"
        if not path.exists():
            return datetime.now(settings().zone)
        return datetime.fromisoformat(json.loads(path.read_text()))

    def move_to(self, moment: datetime) -> None:
        """Let the present be this moment, if it is later."""
        path = self._folder / "present.json"
        if not path.exists() or moment > self.now:
            write_whole(path, json.dumps(moment.isoformat()).encode())

    def put_records(self, feed: str, day: date, records: list[Json]) -> None:
        """Add the records of a day; a second time they are the same."""
        content = json.dumps(records, ensure_ascii=False).encode()
        write_whole(self._folder / "records" / feed / f"{day}.json", content)

    def records(self, feed: str) -> list[Json]:
        """Return all records of a feed, the oldest first."""
        paths = sorted((self._folder / "records" / feed).glob("*.json"))
        count, records = self._records.get(feed, (0, []))
        if count != len(paths):
            records = [each for path in paths for each in json.loads(path.read_text())]
            self._records[feed] = len(paths), records
        return records

    def put_file(self, feed: str, name: str, content: bytes, moment: datetime) -> None:
        """Put a whole file in place of an earlier one, unless it has not changed."""
        path = self._path(feed, name)
        if not path.exists() or path.read_bytes() != content:
            write_timed(path, content, moment)

    def file(self, feed: str, name: str) -> tuple[bytes, datetime] | None:
        """Return a file as it stands and when it changed last; None before there is one."""
        path = self._path(feed, name)
        if not path.exists():
            return None
        changed = datetime.fromtimestamp(path.stat().st_mtime, settings().zone)
        return path.read_bytes(), changed

    def _path(self, feed: str, name: str) -> Path:
        return self._folder / "files" / feed / name


def moment_of(day: date) -> datetime:
    """Return when a day's news is out."""
    return datetime.combine(day, PUBLISHED, settings().zone)


def write_timed(path: Path, content: bytes, moment: datetime) -> None:
    """Write a file that appears whole and was changed at a moment of the sandbox."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.utime(part, (moment.timestamp(), moment.timestamp()))
    part.rename(path)
