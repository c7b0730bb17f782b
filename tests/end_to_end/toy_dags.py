"""Toy DAGs for the tests of the embedded Airflow: copied into a DAG folder of their own."""

import os
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import Asset, chain, dag, task

NEWS = Asset("toy.news")
NOTES = Path(os.environ["TOY_NOTES"])


def note(word: str) -> None:
    with NOTES.open("a") as notes:
        notes.write(f"{word}\n")


@dag(schedule=None)
def toy_chain() -> None:
    @task
    def step() -> None:
        note("step")

    chain(*[step.override(task_id=f"step_{number}")() for number in range(5)])


@dag(schedule=None)
def toy_source() -> None:
    @task(outlets=[NEWS])
    def speak() -> None:
        note("spoke")

    speak()


@dag(schedule=[NEWS])
def toy_answer() -> None:
    @task
    def answer() -> None:
        note("answered")

    answer()


@dag(schedule=None)
def toy_failure() -> None:
    @task
    def fails_once() -> None:
        note("failing")
        if NOTES.read_text().splitlines().count("failing") == 1:
            raise ValueError("feed watch_list, batch 7: refused")

    fails_once()


@dag(schedule=None)
def toy_slow() -> None:
    @task(retries=1, retry_delay=timedelta(seconds=1))
    def sleep_once() -> None:
        note("sleeping")
        if NOTES.read_text().splitlines().count("sleeping") == 1:
            time.sleep(600)

    sleep_once()


toy_chain()
toy_source()
toy_answer()
toy_failure()
toy_slow()
