"""The approvals DAG in a real Airflow: a person answers on its page, and the measure has effect."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from customs_risk import warehouse as doors
from customs_risk.embedded import postgres
from customs_risk.embedded.airflow import AirflowServices
from customs_risk.embedded.airflow_api import AirflowApi, Run
from customs_risk.settings import REPOSITORY, Settings
from tests.integration.measures_stage import BY, POST, SUSPENSION, TODAY, now_is, propose_on

pytestmark = pytest.mark.timeout(600)
DAG = "approvals"
SILENCE = {"chosen_options": ["Later 稍后"], "params_input": {"reason": None, "post": None}}


@pytest.fixture(scope="module")
def api(
    server: Path, warehouse: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowApi]:
    home = tmp_path_factory.mktemp("approvals")
    for name in ("_common.py", "approvals.py"):
        (home / "dags").mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "dags" / name, home / "dags")
    env = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "CUSTOMS_RISK_DATABASE_URL": str(warehouse.database_url),
    }
    with AirflowServices(home, postgres.url(server, postgres.METADATA), env) as services:
        services.wait_until_ready()
        with AirflowApi(services.url, services.user, services.password) as client:
            client.wait_for_dags([DAG])
            yield client


def until(found: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (told := found()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.5)
    return told


def waiting(api: AirflowApi, run: Run) -> dict[str, str]:
    """Return the questions that wait for an answer: where each is answered, by its headline."""
    base = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
    asked = [
        f"{base}/{each['task_id']}/{each['map_index']}/hitlDetails"
        for each in api._get(base)["task_instances"]
        if (each["task_id"], each["state"]) == ("one.ask", "awaiting_input")
    ]
    return {api._get(place)["subject"]: place for place in asked}


def answer(api: AirflowApi, run: Run, about: str, form: dict[str, Any]) -> None:
    """Fill in the form of a question, as often as it is asked.

    Airflow takes an answer that comes within the second in which a task begins to wait, and may
    lose it: the task fails then, and asks again.
    """
    for subject, place in waiting(api, run).items():
        if about in subject:
            api._request("PATCH", place, json=form)


def answered(measure: str) -> tuple[Any, ...] | None:
    query = (
        "select answer, answered_by, answered_as, reason from ops.approvals where subject_id = %s"
    )
    with psycopg.connect(doors.url()) as connection:
        return connection.execute(query, [measure]).fetchone()


def test_each_answer_counts_by_itself_and_silence_answers_nothing(api: AirflowApi) -> None:
    with psycopg.connect(doors.url(), autocommit=True) as connection:
        now_is(connection, TODAY)
    suspended, undecided = propose_on("airflow1", SUSPENSION), propose_on("airflow2", SUSPENSION)
    run = api.trigger(DAG, "asked")
    until(lambda: len(waiting(api, run)) == 2)
    (place,) = [place for subject, place in waiting(api, run).items() if "airflow1" in subject]
    body = api._get(place)["body"]
    assert POST in body and BY in body
    form = {
        "chosen_options": ["Approve 批准"],
        "params_input": {"reason": "seen 已核", "post": POST},
    }

    def is_taken() -> bool:
        answer(api, run, "airflow1", form)
        return answered(suspended) == ("approve", "admin", "person", "seen 已核")

    # the other one is still waiting, and keeps this one from nothing
    until(is_taken)
    assert "airflow2" in "".join(waiting(api, run))

    def is_over() -> bool:
        answer(api, run, "airflow2", SILENCE)
        return api.state(run) == "success"

    until(is_over)
    assert answered(undecided) == (None,) * 4
    # and it is asked again by the next run, alone
    again = api.trigger(DAG, "asked_again")
    (subject,) = until(lambda: waiting(api, again))
    assert "airflow2" in subject
