"""What a server takes while work goes on: its memory with that of whoever works, and its disk."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_EVERY_SECONDS = 5
_GB = 1e9


@dataclass
class Peak:
    """The most that was seen at one moment, in GB."""

    memory_gb: float = 0
    disk_gb: float = 0


@contextmanager
def watched(home: Path) -> Iterator[Peak]:
    """Look every few seconds at the server under ``home`` and at this process and its children."""
    peak = Peak()
    is_over = threading.Event()

    def look() -> None:
        while True:
            server = int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            family = descendants({server, os.getpid()})
            peak.memory_gb = max(peak.memory_gb, sum(map(_pss, family)) / _GB)
            peak.disk_gb = max(peak.disk_gb, disk_bytes(home / "postgres") / _GB)
            if is_over.wait(_EVERY_SECONDS):
                return

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()


def descendants(roots: set[int]) -> set[int]:
    """Return these processes and all that they started, however many steps away."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # the name in brackets may hold anything; the parent is the second word after it
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(words[1])
    family = set(roots)
    while found := {child for child, parent in parents.items() if parent in family} - family:
        family |= found
    return family


def disk_bytes(folder: Path) -> int:
    """Return what the files of a folder take on the disk."""
    taken = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                taken += (Path(parent) / name).stat().st_blocks * 512
            except OSError:
                continue
    return taken


def _pss(process: int) -> int:
    """Return a process's memory in bytes; what is shared counts for each its share."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(
        int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")
    )
