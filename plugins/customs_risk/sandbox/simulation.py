"""The loop without Airflow: the same steps, in one process, a week at a time."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from customs_risk import steps
from customs_risk.sandbox import analysts, contest, experts, report, responders, treatment
from customs_risk.sandbox.home import fresh_home
from customs_risk.sandbox.outside import PUBLISHERS
from customs_risk.sandbox.outside.servers import Outside
from customs_risk.sandbox.replay import LabelledFile
from customs_risk.sandbox.world import FEEDS, World

Progress = Callable[[str], None]

_REPLAYED = ("inspection_results", "declarations")
# what the world does not deliver itself, its providers tell: here, once a week
_FETCHED = tuple(feed for feed in PUBLISHERS if feed not in FEEDS)


def run(console: Console, home: Path, *, weeks: int, seed: int, declarations_per_day: int) -> None:
    """Let the loop answer ``weeks`` weeks of a world without history; print the table.

    The loop begins knowing nothing: until the first results are back, all inspections are random.
    """
    started = time.monotonic()
    world = World(home, seed, declarations_per_day)
    with fresh_home(home), providers(world) as outside:
        first_monday = next_monday(world.history_end + timedelta(days=1))
        fridays = []
        for number in range(weeks):
            monday = first_monday + timedelta(weeks=number)
            friday = monday + timedelta(days=4)
            with _week(console, number, weeks) as progress:
                world.deliver_period(monday, friday)
                outside.publish(friday, _FETCHED)
                turn(progress, feeds=(*FEEDS, *treatment.FEEDS), fetched=_FETCHED)
                for step in (steps.resolve, steps.watch):
                    progress(step.__name__)
                    step()
                progress("people")
                let_people_act(world, friday)
                # reports leave last, and with them whatever waits
                progress("report")
                steps.report()
            fridays.append(friday)
        report.show_weeks(console, fridays)
        report.show_find_rates(console, "last_8_weeks")
        report.show_leakage(console, home, "last_8_weeks")
        _show_end(console, f"{weeks} weeks, seed {seed}", started, home)


def run_replay(
    console: Console, home: Path, declarations: Path, mapping: Path, *, warm_up: int
) -> None:
    """Let the loop answer a labelled file week by week; print it beside two baselines.

    During the first ``warm_up`` weeks no model is trained, so all inspections are random.
    """
    started = time.monotonic()
    with fresh_home(home, declarations_mapping=str(mapping)):
        file = LabelledFile(home, declarations, mapping)
        weeks = file.weeks()
        for number, (_monday, _sunday) in enumerate(weeks):
            with _week(console, number, len(weeks)) as progress:
                file.deliver_week(number)
                turn(progress, feeds=_REPLAYED, learns=number >= warm_up)
        file.deliver_results(weeks[-1][1] + timedelta(days=1))
        steps.collect("inspection_results")
        steps.prepare()
        steps.feed_back()
        contest.show(console, file.truth(), warm_up)
        _show_end(console, f"{len(weeks)} weeks", started, home)


def turn(
    progress: Progress,
    *,
    feeds: tuple[str, ...] = FEEDS,
    fetched: tuple[str, ...] = (),
    learns: bool = True,
) -> None:
    """Turn the loop once: collect, learn, assess, decide, dispatch, feed back."""
    for feed in feeds:
        progress(f"collect {feed}")
        steps.collect(feed)
    for feed in fetched:
        progress(f"fetch {feed}")
        steps.bring_in(feed)
    sequence: list[Callable[[], object]] = [
        steps.prepare,
        steps.assess,
        steps.decide,
        steps.dispatch,
        steps.feed_back,
        steps.review,
        steps.treat,
        steps.observe,
    ]
    if learns:
        sequence.insert(1, steps.train)
    for step in sequence:
        progress(step.__name__.replace("_", " "))
        step()


def let_people_act(world: World, day: date) -> None:
    """Let people of the house do what they do once a week, and parties answer on that day."""
    for act in (analysts.work, experts.judge, responders.respond):
        act()
    for answer in (treatment.rebut, treatment.answer):
        answer(world, day)


def next_monday(day: date) -> date:
    """Return the first Monday on or after ``day``."""
    return day + timedelta(days=-day.weekday() % 7)


@contextmanager
def providers(world: World) -> Iterator[Outside]:
    """Let the world's providers answer, and this process know where."""
    with Outside(world) as outside:
        connections = outside.connections()
        os.environ.update(connections)
        try:
            yield outside
        finally:
            for name in connections:
                del os.environ[name]


def _show_end(console: Console, what: str, started: float, home: Path) -> None:
    console.print(f"{what}: {time.monotonic() - started:.0f} s; kept in {home}", soft_wrap=True)


@contextmanager
def _week(console: Console, number: int, weeks: int) -> Iterator[Progress]:
    """Show what a week's turn is doing, and how long it took in the end."""
    started = time.monotonic()
    where = f"week {number + 1} of {weeks}"
    with console.status(where) as status:
        yield lambda step: status.update(f"{where}: {step}")
    console.print(f"{where}: answered in {time.monotonic() - started:.0f} s")
