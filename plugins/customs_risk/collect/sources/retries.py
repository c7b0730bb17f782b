"""How often and how long a source is tried: at most so many attempts, within a bounded time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter

from customs_risk.collect.sources.failure import SourceFailed, Trouble

_LONGEST_PAUSE_SECONDS = 30.0
T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """The bounds, each of which the Airflow connection's extra may set by its name."""

    timeout_seconds: float = 60.0  # of silence, before an attempt has failed
    max_attempts: int = 4
    backoff_seconds: float = 1.0  # before the second attempt; then twice as long each time
    longest_wait_seconds: float = 120.0  # that a source may ask for by Retry-After
    total_seconds: float = 1800.0  # of a whole fetch

    @classmethod
    def of(cls, extra: Mapping[str, Any]) -> Self:
        """Read the bounds that a connection's extra sets."""
        return cls(**{each.name: extra[each.name] for each in fields(cls) if each.name in extra})

    @classmethod
    def names(cls) -> set[str]:
        """Return the names that an extra may hold."""
        return {each.name for each in fields(cls)}


class Attempts:
    """Runs what may fail for a moment, again after a pause that grows, with jitter."""

    def __init__(self, feed: str, patience: Patience) -> None:
        self.patience = patience
        self._feed = feed
        self._deadline = time.monotonic() + patience.total_seconds
        self._pause = wait_exponential_jitter(
            multiplier=patience.backoff_seconds,
            max=_LONGEST_PAUSE_SECONDS,
            jitter=patience.backoff_seconds,
        )

    def run(self, place: str, attempt: Callable[[], T]) -> T:
        """Return what the attempt returns.

        Raises:
            SourceFailed: the trouble did not pass within the bounds, or never would.
        """
        retrying = Retrying(
            retry=retry_if_exception(_passes), wait=self._wait, stop=self._is_enough, reraise=True
        )
        try:
            return retrying(attempt)
        except Trouble as trouble:
            count = retrying.statistics["attempt_number"]
            tried = "1 attempt" if count == 1 else f"{count} attempts"
            raise SourceFailed(f"{self._feed}: {place}: {trouble} ({tried})") from None

    def check_time(self) -> None:
        """Raise Trouble when the whole fetch has taken too long."""
        if time.monotonic() > self._deadline:
            raise Trouble(f"not done within {self.patience.total_seconds:g} s", passes=False)

    def _wait(self, state: RetryCallState) -> float:
        trouble = state.outcome.exception() if state.outcome else None
        asked = trouble.wait_seconds if isinstance(trouble, Trouble) else None
        return max(asked or 0.0, self._pause(state))

    def _is_enough(self, state: RetryCallState) -> bool:
        is_late = time.monotonic() + state.upcoming_sleep > self._deadline
        return is_late or state.attempt_number >= self.patience.max_attempts


def _passes(error: BaseException) -> bool:
    return isinstance(error, Trouble) and error.passes
