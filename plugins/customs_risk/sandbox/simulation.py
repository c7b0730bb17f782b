"""The loop without Airflow: the same steps, in one process, a week at a time."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from customs_risk import steps
from customs_risk.sandbox.replay import LabelledFile
from customs_risk.sandbox.world import FEEDS, World

Progress = Callable[[str], None]


def simulate(world: World, weeks: int, progress: Progress) -> Iterator[tuple[date, date]]:
    """Let the loop answer one week of the world after the other; yield each week's days."""
    monday = next_monday(world.start_on)
    for number in range(weeks):
        first = monday + timedelta(weeks=number)
        last = first + timedelta(days=4)
        where = f"week {number + 1} of {weeks}"
        progress(f"{where}: deliver")
        world.deliver_period(first, last)
        turn(_beside(where, progress))
        yield first, last


def replay(file: LabelledFile, warm_up: int, progress: Progress) -> Iterator[int]:
    """Let the loop answer one week of the file after the other; yield each week's number.

    During the first ``warm_up`` weeks no model is trained, so all inspections are random.
    """
    weeks = list(file.weeks())
    for number in range(len(weeks)):
        where = f"week {number + 1} of {len(weeks)}"
        progress(f"{where}: deliver")
        file.deliver_week(number)
        turn(
            _beside(where, progress),
            feeds=("inspection_results", "declarations"),
            learns=number >= warm_up,
        )
        yield number


def turn(progress: Progress, *, feeds: tuple[str, ...] = FEEDS, learns: bool = True) -> None:
    """Turn the loop once: collect, learn, assess, decide, dispatch, feed back."""
    for feed in feeds:
        progress(f"collect {feed}")
        steps.collect(feed)
    sequence: list[Callable[[], object]] = [
        steps.prepare,
        steps.assess,
        steps.decide,
        steps.dispatch,
        steps.feed_back,
    ]
    if learns:
        sequence.insert(1, steps.train)
    for step in sequence:
        progress(step.__name__.replace("_", " "))
        step()


def next_monday(day: date) -> date:
    """Return the first Monday on or after ``day``."""
    return day + timedelta(days=-day.weekday() % 7)


def _beside(where: str, progress: Progress) -> Progress:
    return lambda step: progress(f"{where}: {step}")
