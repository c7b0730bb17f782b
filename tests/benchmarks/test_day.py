"""Whether a day's cost follows the day's rows and not the years behind it."""

import time
from collections.abc import Callable
from datetime import timedelta

from customs_risk import steps
from customs_risk.sandbox.simulation import turn
from customs_risk.sandbox.world import FEEDS, World
from customs_risk.settings import Settings

Figure = Callable[[str, float], None]
STEPS = (steps.prepare, steps.assess, steps.decide, steps.dispatch, steps.feed_back)


def test_day(warehouse: Settings, figure: Figure) -> None:
    """A live day of 3,000 declarations right after 90 days of history, and ten days later."""
    steps.initialize()
    world = World(warehouse.home)
    world.deliver_history()
    turn(lambda _step: None)
    early = day_seconds(world, 0)
    for number in range(1, 10):
        day_seconds(world, number)
    late = day_seconds(world, 10)
    for name, spent in late.items():
        figure(f"day_{name}_seconds", spent)
    figure("day_seconds", sum(late.values()))
    figure("day_seconds_late_over_early", sum(late.values()) / sum(early.values()))


def day_seconds(world: World, number: int) -> dict[str, float]:
    day = world.live_days(number + 1)[number]
    assert day > world.history_end + timedelta(days=number)
    world.deliver_day(day)
    spent = {"collect": seconds_of(lambda: [steps.collect(feed) for feed in FEEDS])}
    return spent | {step.__name__: seconds_of(step) for step in STEPS}


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
