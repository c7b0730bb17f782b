"""Process sessions that can be ended whole, and a guard that ends them when their owner is gone.

A service starts as the leader of its own session, and every process it forks stays in that
session. So a session's number finds the whole tree, also after parents inside it have died.

Run as a program, the guard reads leaders from its standard input, which the owner keeps open:
when the owner dies, by whatever signal, the pipe closes and the guard ends those sessions.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

# the owner's last line, when it has ended the sessions itself
RELEASED = "released"
# clocks of the kernel and of Python differ by less than this
_CLOCK_SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class Leader:
    """The first process of a session, recognised by its number and its time of birth."""

    pid: int
    started_at: float

    @classmethod
    def of(cls, pid: int) -> "Leader":
        """Describe a living process.

        Raises:
            psutil.NoSuchProcess: it has ended.
        """
        return cls(pid, psutil.Process(pid).create_time())

    def __str__(self) -> str:
        return f"{self.pid}:{self.started_at}"

    @classmethod
    def parse(cls, text: str) -> "Leader":
        """Read back what ``str`` wrote."""
        pid, started_at = text.split(":")
        return cls(int(pid), float(started_at))


def members(leader: Leader) -> list[psutil.Process]:
    """Return the living processes of the leader's session, and never those of another.

    The kernel does not give a session's number to a new process while a member lives; the times
    guard against a number that was free in between.
    """
    if psutil.boot_time() > leader.started_at + _CLOCK_SLACK_SECONDS:
        return []
    found = list(_in_session(leader.pid))
    first = next((process for process in found if process.pid == leader.pid), None)
    if first and abs(first.create_time() - leader.started_at) > _CLOCK_SLACK_SECONDS:
        return []
    return found


def end(leaders: Iterable[Leader], grace_seconds: float) -> None:
    """End sessions whole: ask the leaders, wait until nobody is left, then kill who is."""
    sessions = list(leaders)
    if grace_seconds > 0:
        _ask(sessions)
        deadline = time.monotonic() + grace_seconds
        while any(map(members, sessions)) and time.monotonic() < deadline:
            time.sleep(0.05)
    # a process may fork while others are killed, so look again until the session is empty
    while left := [process for leader in sessions for process in members(leader)]:
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.02)


def _ask(leaders: Iterable[Leader]) -> None:
    for leader in leaders:
        if any(process.pid == leader.pid for process in members(leader)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(leader.pid, signal.SIGTERM)


def _in_session(session: int) -> Iterator[psutil.Process]:
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(pid) == session:
                process = psutil.Process(pid)
                if process.status() != psutil.STATUS_ZOMBIE:
                    yield process


def main() -> None:
    """Note the leaders that the owner names, line by line; when it goes, end their sessions."""
    lines = sys.stdin.read().split()
    if RELEASED not in lines:
        end(map(Leader.parse, lines), grace_seconds=0)


if __name__ == "__main__":
    main()
