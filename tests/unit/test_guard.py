"""Sessions end whole, strangers stay, and the guard acts only when its owner is gone."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from customs_risk.embedded import guard
from customs_risk.embedded.guard import Leader

# a leader with a child; the child, like many a server, does not mind SIGTERM
TREE = "trap '' TERM; (trap '' TERM; sleep 600; true) & trap 'exit 0' TERM; wait"


@pytest.fixture
def tree() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["bash", "-c", TREE], start_new_session=True)
    leader = Leader.of(process.pid)
    while len(guard.members(leader)) < 3:
        assert process.poll() is None
    yield process
    guard.end([leader], grace_seconds=0)
    process.wait()


def guarding(leader: Leader, last_words: str) -> subprocess.Popen[str]:
    """Run the guard as the owner does, and close the pipe as its death does."""
    program = [sys.executable, "-m", "customs_risk.embedded.guard"]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, text=True)
    process.communicate(f"{leader}\n{last_words}", timeout=30)
    return process


def test_a_session_ends_with_those_that_its_leader_left_behind(tree) -> None:
    leader = Leader.of(tree.pid)
    guard.end([leader], grace_seconds=0.5)
    assert guard.members(leader) == []
    assert tree.wait() == 0, "the leader was asked first"


def test_the_guard_ends_what_its_owner_left(tree) -> None:
    leader = Leader.of(tree.pid)
    assert guarding(leader, "").returncode == 0
    assert guard.members(leader) == []
    assert tree.wait() == -signal.SIGKILL


def test_the_guard_spares_what_its_owner_released(tree) -> None:
    leader = Leader.of(tree.pid)
    guarding(leader, guard.RELEASED)
    assert len(guard.members(leader)) == 3


def test_a_process_with_another_time_of_birth_is_a_stranger(tree) -> None:
    leader = Leader.of(tree.pid)
    assert guard.members(Leader(leader.pid, leader.started_at - 60)) == []
    assert guard.members(Leader(leader.pid, psutil.boot_time() - 60)) == []


def test_a_leader_can_be_written_down(tree) -> None:
    leader = Leader.of(tree.pid)
    assert Leader.parse(str(leader)) == leader
