"""Files on a server or in a store: those that are new and whole are brought, each a delivery."""

import logging
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from customs_risk.collect.sources.failure import Trouble
from customs_risk.collect.sources.inbox import Inbox
from customs_risk.collect.sources.retries import Attempts
from customs_risk.collect.sources.watermarks import remember, remembered
from customs_risk.settings import settings
from expectations.contract import Contract

_CHUNK = 1 << 18
# under such names, senders write what is not whole yet
_UNFINISHED = (".part", ".tmp", ".temp", ".filepart", ".crdownload", ".swp")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """A file as its server lists it; ``name`` is its path below the feed's."""

    name: str
    size: int
    modified_at: float  # seconds since 1970

    @property
    def mark(self) -> str:
        """What is remembered of it: another size or time is another file."""
        return f"{self.size} {self.modified_at:.6f}"

    @property
    def sent_at(self) -> datetime:
        """When it was last written."""
        return datetime.fromtimestamp(self.modified_at, UTC)


class Remote(Protocol):
    """Where the files lie."""

    def list(self) -> Iterable[RemoteFile]:
        """Return every file below the feed's path."""

    def stat(self, file: RemoteFile) -> RemoteFile:
        """Return the file as it is now."""

    def open(self, file: RemoteFile) -> AbstractContextManager[BinaryIO]:
        """Open the file to read."""


class Bringing:
    """Brings a feed's new files, the oldest first. After trouble it goes on where it ended."""

    def __init__(
        self,
        contract: Contract,
        inbox: Inbox,
        between: tuple[date, date] | None,
        attempts: Attempts,
        settle_seconds: float = 0.0,
    ) -> None:
        self.brought: list[Path] = []
        self._contract = contract
        self._between = between
        self._attempts = attempts
        self._settle_seconds = settle_seconds
        self._inbox = inbox
        self._done: set[RemoteFile] = set()

    def bring(self, remote: Remote) -> None:
        """Bring every file that is new, whole and within the bounds.

        Raises:
            Trouble: a file is too large; the others were brought.
        """
        listed = [file for file in remote.list() if _is_finished(file.name)]
        too_large = []
        for file in self._steady(remote, self._new(listed)):
            if file.size > self._contract.max_bytes:
                too_large.append(f"{file.name} has {file.size:,} bytes")
            else:
                self._bring_one(remote, file)
        if self._between is None:
            self._forget_missing(listed)
        if too_large:
            most = self._contract.max_bytes
            raise Trouble(f"more than the {most:,} allowed: {'; '.join(too_large)}", passes=False)

    def _new(self, listed: list[RemoteFile]) -> list[RemoteFile]:
        if self._between:
            first, last = self._between
            zone = settings().zone
            asked = [f for f in listed if first <= f.sent_at.astimezone(zone).date() <= last]
        else:
            known = remembered(self._contract.feed)
            asked = [file for file in listed if known.get(_name(file)) != file.mark]
        return sorted(set(asked) - self._done, key=lambda file: (file.modified_at, file.name))

    def _steady(self, remote: Remote, files: list[RemoteFile]) -> list[RemoteFile]:
        """Leave alone what changes while one looks at it: its sender is still writing."""
        if not files or not self._settle_seconds:
            return files
        time.sleep(self._settle_seconds)
        again = set(remote.list())
        return [file for file in files if file in again]

    def _bring_one(self, remote: Remote, file: RemoteFile) -> None:
        part = self._inbox.part()
        size = 0
        with remote.open(file) as source, part.open("wb") as copy:
            # what has grown beyond its size is not whole: no need to read on
            while size <= file.size and (chunk := source.read(_CHUNK)):
                size += copy.write(chunk)
                self._attempts.check_time()
        if size != file.size or remote.stat(file) != file:
            _log.info("%s: %s is still being written", self._contract.feed, file.name)
            return
        self.brought.append(self._inbox.place(part, file.sent_at, file.name))
        remember(self._contract.feed, {_name(file): file.mark})
        self._done.add(file)

    def _forget_missing(self, listed: list[RemoteFile]) -> None:
        there = {_name(file) for file in listed}
        known = remembered(self._contract.feed)
        gone = {name: None for name in known if name.startswith("file ") and name not in there}
        if gone:
            remember(self._contract.feed, gone)


def _name(file: RemoteFile) -> str:
    return f"file {file.name}"


def _is_finished(name: str) -> bool:
    base = PurePosixPath(name).name
    return not base.startswith(".") and not base.lower().endswith(_UNFINISHED)
