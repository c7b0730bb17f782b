"""What one provider of the outside world publishes from day to day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Published = bytes | list[dict[str, object]] | None
"""A whole file as its provider writes it, or the day's new records in the provider's own JSON
shape (a server wraps, pages and filters them), or nothing that day."""


@dataclass(frozen=True)
class Publisher:
    """One feed's provider: `publish(world, day)` gives what is new on that business day.

    The same world and the same day give the same result, always: nothing depends on what was
    published before or asked for.
    """

    feed: str
    publish: Callable[[World, date], Published]
