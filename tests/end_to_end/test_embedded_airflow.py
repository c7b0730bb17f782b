"""The embedded Airflow itself: it runs what is asked, explains failure, and leaves nothing behind.

The tests stand in the order of one life: a normal day, then a kill, then the day after.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from customs_risk.embedded import guard, postgres
from customs_risk.embedded.airflow import AirflowFailed, AirflowServices
from customs_risk.embedded.airflow_api import AirflowApi, Run, RunFailed
from customs_risk.embedded.people import PEOPLE
from tests.waiting import wait_for

TOYS = {"toy_chain", "toy_source", "toy_answer", "toy_failure", "toy_slow"}
OWNER = """
import sys, time
from pathlib import Path
from customs_risk.embedded.airflow import AirflowServices
services = AirflowServices(Path(sys.argv[1]), sys.argv[2])
services.start()
time.sleep(600)
"""


@pytest.fixture(scope="module")
def life(server: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Yield a home and the metadata database's URL, with toy DAGs in the environment."""
    home = tmp_path_factory.mktemp("life")
    (home / "dags").mkdir()
    shutil.copy(Path(__file__).with_name("toy_dags.py"), home / "dags")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOY_NOTES", str(home / "notes"))
        yield home, postgres.url(server, postgres.METADATA)


def services_of(life: tuple[Path, str]) -> AirflowServices:
    home, url = life
    return AirflowServices(home, url, {"AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags")})


def client_of(services: AirflowServices) -> AirflowApi:
    return AirflowApi(services.url, services.user, services.password, check=services.check)


@pytest.fixture(scope="module")
def airflow(life: tuple[Path, str]) -> Iterator[tuple[AirflowServices, AirflowApi]]:
    with services_of(life) as services:
        services.wait_until_ready()
        with client_of(services) as api:
            api.wait_for_dags(TOYS)
            yield services, api


def test_it_answers_on_loopback_and_to_the_password_alone(airflow) -> None:
    services, _ = airflow
    listening = {
        connection.laddr.ip
        for leader in services._leaders.values()
        for process in guard.members(leader)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    wrong = {"username": services.user, "password": "admin"}
    assert httpx.post(f"{services.url}/auth/token", json=wrong, trust_env=False).status_code == 401


def test_secrets_are_for_the_owner_alone(airflow) -> None:
    services, _ = airflow
    private = [services.folder / "passwords.json", *(services.folder / "secrets").iterdir()]
    # beside those of Airflow itself, a password for each of its people
    assert len(private) == 4 + len(PEOPLE)
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}


def test_a_chain_of_five_tasks_runs_to_its_end(airflow) -> None:
    _, api = airflow
    run = api.trigger("toy_chain", "day_1")
    api.wait([run])
    states = {each["task_id"]: each["state"] for each in api.tasks(run)}
    assert states == {f"step_{number}": "success" for number in range(5)}


def test_the_same_name_is_the_same_run(airflow, life) -> None:
    _, api = airflow
    first = api.trigger("toy_source", "day_1")
    api.wait([first])
    api.wait([api.trigger("toy_source", "day_1")])
    assert notes(life).count("spoke") == 1


def test_the_run_that_an_asset_set_off_is_found(airflow, life) -> None:
    _, api = airflow
    caused = api.caused_by(Run("toy_source", "day_1"), "toy_answer")
    assert caused
    api.wait([caused])
    assert "answered" in notes(life)
    assert api.caused_by(Run("toy_chain", "day_1"), "toy_answer") is None


def test_a_failure_is_explained_and_asking_again_mends_it(airflow) -> None:
    _, api = airflow
    seen: list[str] = []
    with pytest.raises(RunFailed, match=r"(?s)fails_once failed.*watch_list, batch 7: refused"):
        api.wait(
            [api.trigger("toy_failure", "day_1")], progress=lambda _, state: seen.append(state)
        )
    assert seen[-1] == "failed"
    assert api.unsuccessful() == [Run("toy_failure", "day_1")]
    api.wait([api.trigger("toy_failure", "day_1")])
    assert api.unsuccessful() == []


def test_one_home_has_one_airflow(airflow, life) -> None:
    with pytest.raises(AirflowFailed, match="already runs"):
        services_of(life).start()


def test_a_dead_service_is_noticed(airflow) -> None:
    services, _ = airflow
    os.kill(services._leaders["triggerer"].pid, signal.SIGKILL)
    with pytest.raises(AirflowFailed, match="triggerer ended with code -9"):
        wait_for(lambda: services.check(), seconds=30)


def test_stopping_leaves_nobody_behind(airflow) -> None:
    services, _ = airflow
    leaders = list(services._leaders.values())
    services.stop()
    assert not any(map(guard.members, leaders))
    assert not (services.folder / "sessions.json").exists()


def test_a_killed_owner_takes_everything_along_and_the_next_start_goes_on(life, tmp_path) -> None:
    home, url = life
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    command = [sys.executable, str(script), str(home), url]
    owner = subprocess.Popen(command, start_new_session=True)
    record = home / "airflow" / "sessions.json"
    wait_for(lambda: record.exists() and record.read_text().count(":") >= 8, seconds=30)
    leaders = [guard.Leader.parse(text) for text in json.loads(record.read_text()).values()]
    assert all(map(guard.members, leaders))
    os.killpg(owner.pid, signal.SIGKILL)
    owner.wait()
    wait_for(lambda: not any(map(guard.members, leaders)), seconds=30)


def test_leftovers_of_a_killed_guard_are_ended_at_the_next_start(life) -> None:
    home, _ = life
    stray = subprocess.Popen(["sleep", "600"], start_new_session=True)
    other = subprocess.Popen(["sleep", "600"], start_new_session=True)
    leader = guard.Leader.of(stray.pid)
    stranger = guard.Leader(other.pid, leader.started_at - 3600)
    record = home / "airflow" / "sessions.json"
    record.write_text(f'{{"scheduler": "{leader}", "triggerer": "{stranger}"}}')
    services = services_of(life)
    services._end_leftovers()
    assert stray.wait(timeout=5) == -signal.SIGKILL
    assert other.poll() is None, "a process that took over a number is not ours"
    other.kill()
    other.wait()


def test_a_task_that_died_with_everything_is_run_again(life) -> None:
    with services_of(life) as services:
        services.wait_until_ready()
        with client_of(services) as api:
            api.wait_for_dags(TOYS)
            api.trigger("toy_slow", "day_1")
            wait_for(lambda: "sleeping" in notes(life), seconds=60)
            # as if the power had gone: nobody says goodbye to the database
            guard.end(services._leaders.values(), grace_seconds=0)
    with services_of(life) as services:
        services.wait_until_ready()
        with client_of(services) as api:
            api.wait([api.trigger("toy_slow", "day_1")], timeout=240)
    assert notes(life).count("sleeping") == 2


def notes(life: tuple[Path, str]) -> list[str]:
    path = life[0] / "notes"
    return path.read_text().splitlines() if path.exists() else []
