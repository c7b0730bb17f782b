"""A feed's inbox as the sources see it: files appear there whole, under the naming rule."""

import filecmp
import os
import re
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from customs_risk.settings import settings
from expectations.contract import Contract

_ENDINGS = {"cuscar": "edi", "paxlst": "edi", "sdn": "csv"}
_ENDING = re.compile(r"^[a-z][a-z0-9]{1,7}$")


class Inbox:
    """Where the deliveries of one feed go.

    They are named ``<feed>_<stamp>[.<layout>].<ext>``; the stamp is the moment at which the sender
    answered, in the business time zone. A context manager: what is not whole at its end goes away;
    one fetch of a feed runs at a time, so what a killed one left goes with it.
    """

    def __init__(self, contract: Contract, *, is_backfill: bool) -> None:
        self._feed = contract.feed
        self._layouts = contract.layouts
        usual = _ENDINGS.get(contract.format, contract.format)
        self._ending = "zip" if contract.packed else usual
        inbox = settings().inbox / contract.feed
        self.folder = inbox / "backfill" if is_backfill else inbox

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for part in self.folder.glob(f"{self._feed}.*.part"):
            part.unlink()

    def part(self, name: str = "whole") -> Path:
        """Return where to write a file that is not whole yet."""
        return self.folder / f"{self._feed}.{name}.part"

    def place(self, part: Path, sent_at: datetime, name: str = "") -> Path:
        """Let a whole file appear; return its path.

        A second file of the same second gets the next free one. The same bytes at the same
        second are the same delivery. Layout and ending are those of the sender's own ``name``,
        if it has any.
        """
        moment = sent_at.astimezone(settings().zone)
        while (path := self.folder / self._named(moment, name)).exists():
            if filecmp.cmp(part, path, shallow=False):
                return path
            moment += timedelta(seconds=1)
        _keep(part)
        part.rename(path)
        _keep(path.parent)
        return path

    def _named(self, moment: datetime, name: str) -> str:
        told = [suffix.removeprefix(".").lower() for suffix in PurePosixPath(name).suffixes]
        ending = told[-1] if told and _ENDING.match(told[-1]) else self._ending
        layout = next((f".{layout}" for layout in self._layouts if layout in told), "")
        return f"{self._feed}_{moment:%Y%m%dT%H%M%S}{layout}.{ending}"


def _keep(path: Path) -> None:
    """Have it on the disk before the watermark says that it was brought."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
