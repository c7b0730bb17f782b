"""Waiting for a condition, where something else is at work."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    """Wait until it holds.

    Raises:
        AssertionError: it did not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to pass within {seconds} s"
        time.sleep(0.05)
