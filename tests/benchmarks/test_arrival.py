"""How long it takes from a file's arrival to the instructions that follow, with Airflow between.

A file of 10,000 declarations is dropped while `HISTORY` declarations (1,000,000) are loaded and a
model has been trained on their results; the collection DAG is triggered, as its schedule would, and
sets off the loop. The clock runs from the drop to the end of the task that sends the instructions.
What is not spent within a task is orchestration.
"""

import os
import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from psycopg import sql

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.embedded import postgres
from customs_risk.embedded.airflow import AirflowServices
from customs_risk.embedded.airflow_api import AirflowApi, daily_run_id
from customs_risk.settings import settings
from expectations.contract import contract_of
from tests.benchmarks.history import History
from tests.benchmarks.test_history import warehouse_of_its_own

Figure = Callable[[str, float], None]

SIZE = int(os.environ.get("HISTORY", "1000000"))
FILES, ROWS = 10, 10_000
LOOP = ("prepare", "assess", "decide", "dispatch")
FIRST_DAY = date(2025, 1, 1)


def test_arrival(tmp_path: Path, figure: Figure) -> None:
    with warehouse_of_its_own(tmp_path / "home") as home:
        steps.initialize()
        history = History(SIZE)
        history.deliver()
        steps.prepare()
        assert steps.train(), "too few results to train a model"
        files = [write_file(history, number, tmp_path) for number in range(FILES)]
        with (
            AirflowServices(home, postgres.url(home, postgres.METADATA)) as airflow,
            AirflowApi(airflow.url, airflow.user, airflow.password, check=airflow.check) as api,
        ):
            airflow.wait_until_ready()
            api.wait_for_dags(["collect_declarations", "risk_loop"])
            spent = [answer(api, path) for path in files]
    totals, within_tasks = zip(*spent, strict=True)
    figure("arrival_to_instruction_s", statistics.median(totals))
    figure("arrival_to_instruction_s_worst", max(totals))
    figure(
        "arrival_orchestration_share",
        statistics.median(1 - worked / total for total, worked in spent),
    )
    figure("arrival_tasks_s", statistics.median(within_tasks))


def write_file(history: History, number: int, folder: Path) -> Path:
    """Write the first rows of the day after the history and the files before, as they would come.

    The rows are made like the history's, read, and forgotten: the warehouse has not seen them.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, contract_of("declarations").columns))
    day = history.days + number
    path = folder / f"declarations_{FIRST_DAY + timedelta(days=day):%Y%m%d}T180000.csv"
    with doors.connect() as connection:
        connection.execute("call bench.make_days(%s, %s, false)", [day, day + 1])
        query = sql.SQL(
            "copy (select {} from raw.declarations"
            " where known_at = bench.sent({}, 18) and row_no <= {}) to stdout (format csv, header)"
        ).format(columns, day, ROWS)
        with path.open("wb") as file, connection.cursor().copy(query) as copy:
            for chunk in copy:
                file.write(chunk)
        connection.rollback()
    return path


def answer(api: AirflowApi, path: Path) -> tuple[float, float]:
    """Drop a file and wait for the loop; return the seconds to the instructions, and in tasks."""
    inbox = settings().inbox / "declarations"
    inbox.mkdir(parents=True, exist_ok=True)
    day = datetime.strptime(path.stem.partition("_")[2], "%Y%m%dT%H%M%S").date()  # noqa: DTZ007
    dropped_at = datetime.now(UTC)
    path.replace(inbox / path.name)
    source = api.trigger("collect_declarations", daily_run_id(day, "arrival"))
    api.wait([source])
    loop = api.caused_by(source, "risk_loop")
    assert loop, "the delivery has set off no loop"
    api.wait([loop])
    tasks = [*api.tasks(source), *(each for each in api.tasks(loop) if each["task_id"] in LOOP)]
    ended_at = max(datetime.fromisoformat(each["end_date"]) for each in tasks)
    assert instructed(day), f"no instruction for the declarations of {day}"
    return (ended_at - dropped_at).total_seconds(), sum(each["duration"] for each in tasks)


def instructed(day: date) -> int:
    """Return how many instructions have left for the declarations of a day."""
    with doors.connect() as connection:
        found = connection.execute(
            "select count(*) from treatment.instructions where decided_on = %s", [day]
        ).fetchone()
    return int(found[0]) if found else 0
