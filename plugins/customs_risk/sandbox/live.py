"""The loop with everything real: the sandbox's days against a running Airflow and PostgreSQL."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.status import Status

from customs_risk import steps
from customs_risk.embedded import postgres
from customs_risk.embedded.airflow import AirflowServices
from customs_risk.embedded.airflow_api import AirflowApi, Run, daily_run_id
from customs_risk.sandbox import people, report
from customs_risk.sandbox.days import business_days
from customs_risk.sandbox.home import point_to, sole_use
from customs_risk.sandbox.outside import PUBLISHERS
from customs_risk.sandbox.outside.servers import Outside
from customs_risk.sandbox.world import FEEDS, World
from customs_risk.settings import settings
from expectations.contract import contracts

# the model is trained anew at the beginning of a week
_MONDAY = 0
# what is known before the declarations of a day arrive
_HISTORY_FEEDS = tuple(feed for feed in FEEDS if feed != "declarations")
_DROPPED = tuple(feed for feed in _HISTORY_FEEDS if feed not in PUBLISHERS)
_FETCHED_DAILY = ("watch_list",)
# the other providers are visited in turn, each once in five days: what they publish waits there
_IN_TURN = tuple(feed for feed in PUBLISHERS if feed not in _FETCHED_DAILY)
_TURNS = 5


@dataclass
class Progress:
    """How far the sandbox's days have come, kept in its home so that a killed run goes on."""

    path: Path
    seed: int
    declarations_per_day: int
    answered_to: date | None = None

    @classmethod
    def of(cls, home: Path, seed: int, declarations_per_day: int) -> "Progress":
        """Read the progress of a home, or begin one; a world's seed and volume never change."""
        path = home / "sandbox" / "progress.json"
        if not path.exists():
            return cls(path, seed, declarations_per_day)
        kept = json.loads(path.read_text())
        answered_to = kept["answered_to"] and date.fromisoformat(kept["answered_to"])
        return cls(path, kept["seed"], kept["declarations_per_day"], answered_to)

    def mark(self, day: date) -> None:
        """Note that the loop has answered every day up to ``day``."""
        self.answered_to = day
        self.keep()

    def keep(self) -> None:
        """Write it down, whole or not at all."""
        content = {
            "seed": self.seed,
            "declarations_per_day": self.declarations_per_day,
            "answered_to": self.answered_to and self.answered_to.isoformat(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(content))
        part.replace(self.path)


def run(console: Console, *, days: int, seed: int, declarations_per_day: int, stays: bool) -> None:
    """Start everything, let the loop answer the next ``days`` business days, print the table."""
    home = settings().home.resolve()
    with sole_use(home):
        _run(console, home, days, seed, declarations_per_day, stays)


def _run(
    console: Console, home: Path, days: int, seed: int, declarations_per_day: int, stays: bool
) -> None:
    progress = Progress.of(home, seed, declarations_per_day)
    if (progress.seed, progress.declarations_per_day) != (seed, declarations_per_day):
        console.print(
            f"this home goes on with seed {progress.seed} and {progress.declarations_per_day} "
            "declarations a day; `make clean` forgets it"
        )
    progress.keep()
    world = World(home, progress.seed, progress.declarations_per_day)
    with _services(console, world) as (airflow, api, outside):
        with console.status("…") as status:
            answered = _Driver(world, outside, api, status).answer(progress, days)
        report.show_days(console, answered)
        report.show_feeds(console)
        report.show_find_rates(console, "all")
        report.show_leakage(console, home, "all")
        report.show_failed_runs(
            console, [f"{run.dag_id} {run.run_id}" for run in api.unsuccessful()]
        )
        report.show_where_to_look(console, airflow.url, airflow.user, airflow.password)
        if stays:
            console.print("\nCtrl-C stops everything. 按 Ctrl-C 停止。")
            airflow.watch()


class _Driver:
    """Delivers a day's files and sees the loop through, one phase after the other."""

    def __init__(self, world: World, outside: Outside, api: AirflowApi, status: Status) -> None:
        self._world = world
        self._outside = outside
        self._api = api
        self._status = status
        self._what = ""
        self._since = time.monotonic()

    def answer(self, progress: Progress, days: int) -> list[date]:
        """Let the loop answer the history, if that is still to do, and then the next days."""
        last_of_history = self._world.history_end
        if progress.answered_to is None:
            self._history(last_of_history)
            progress.mark(last_of_history)
        next_days = self._world.live_days(days, progress.answered_to)
        for number, day in enumerate(next_days, start=1):
            self._day(day, f"day {number} of {days}, {day}")
            progress.mark(day)
        return next_days

    def _history(self, last_day: date) -> None:
        self._tell(f"history, {self._world.history_days} days", "the sandbox writes deliveries")
        self._world.deliver_history()
        # what providers published in the last week of history is still to be had
        for day in business_days(last_day - timedelta(6), last_day):
            self._outside.publish(day)
        self._collect(last_day, "history", _HISTORY_FEEDS)
        self._close_the_loop(last_day, "history")
        # the organisation stands from now on, and with it the units for which people act
        people.appoint()
        self._tell(self._what, "train the first model")
        self._wait([self._api.trigger("train_model", daily_run_id(last_day, "history"))])
        self._done()

    def _day(self, day: date, what: str) -> None:
        self._tell(what, "morning deliveries")
        if day.weekday() == _MONDAY:
            self._wait([self._api.trigger("train_model", daily_run_id(day))])
        self._world.deliver_day(day, _DROPPED)
        self._outside.publish(day)
        turn = len(business_days(self._world.history_end, day)) % _TURNS
        visited = [feed for place, feed in enumerate(_IN_TURN) if place % _TURNS == turn]
        self._collect(day, "day", (*_DROPPED, *_FETCHED_DAILY, *visited))
        self._world.deliver_day(day, ("declarations",))
        self._close_the_loop(day, "day")
        self._tell(what, "whom the notices mean, and who must look")
        self._wait([self._api.trigger("oversight", daily_run_id(day))])
        self._done()

    def _close_the_loop(self, day: date, part: str) -> None:
        """Collect the declarations, which sets off the loop, and wait until it is round."""
        (source,) = self._collect(day, part, ("declarations",))
        caused = self._api.caused_by(source, "risk_loop")
        # when a killed run had collected already, nothing is caused: the loop is asked for
        asked = self._api.resume(caused) if caused else self._ask_for_the_loop(day, part)
        self._wait([asked])

    def _ask_for_the_loop(self, day: date, part: str) -> Run:
        return self._api.trigger("risk_loop", daily_run_id(day, part))

    def _collect(self, day: date, part: str, feeds: tuple[str, ...]) -> list[Run]:
        runs = [self._api.trigger(f"collect_{feed}", daily_run_id(day, part)) for feed in feeds]
        self._wait(runs)
        return runs

    def _wait(self, runs: list[Run]) -> None:
        self._api.wait(
            runs,
            progress=lambda run, state: self._status.update(f"{self._what}: {run.dag_id} {state}"),
        )

    def _tell(self, what: str, doing: str) -> None:
        if what != self._what:
            self._what, self._since = what, time.monotonic()
            self._status.console.print(what)
        self._status.update(f"{what}: {doing}")

    def _done(self) -> None:
        self._status.console.print(f"  answered in {time.monotonic() - self._since:.0f} s")


@contextmanager
def _services(
    console: Console, world: World
) -> Iterator[tuple[AirflowServices, AirflowApi, Outside]]:
    """Start PostgreSQL, the providers and Airflow in the world's home; end all, come what may."""
    home = world.home
    # tasks, like this process, work in this home; the sandbox's clock triggers every run
    point_to(home)
    console.print("starting PostgreSQL")
    postgres.start(home, settings().time_zone)
    try:
        steps.initialize()
        people.admit()
        console.print("starting Airflow")
        metadata = postgres.url(home, postgres.METADATA)
        with (
            Outside(world) as outside,
            AirflowServices(home, metadata, env=outside.connections()) as airflow,
        ):
            airflow.wait_until_ready()
            with AirflowApi(
                airflow.url, airflow.user, airflow.password, check=airflow.check
            ) as api:
                api.wait_for_dags(
                    [
                        *(f"collect_{contract.feed}" for contract in contracts()),
                        "risk_loop",
                        "train_model",
                        "oversight",
                    ]
                )
                yield airflow, api, outside
    finally:
        console.print("stopping")
        postgres.stop(home)
