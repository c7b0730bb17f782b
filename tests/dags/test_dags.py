"""Every DAG loads, quickly and lightly, and holds nothing but calls of the steps."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from customs_risk import steps

ROOT = Path(__file__).resolve().parents[2]
# importing one of these costs seconds, and every task process parses its DAG file anew
HEAVY = {
    "adbc_driver_postgresql",
    "dbt",
    "great_expectations",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "xgboost",
}
LOOP = ["prepare", "assess", "decide", "dispatch", "feed_back", "treat", "observe"]
FEEDS = {path.stem: path for path in ROOT.glob("expectations/feeds/*/*.yml")}
COLLECTIONS = [f"collect_{feed}" for feed in sorted(FEEDS)]


def parse(home: Path, **settings: str) -> dict[str, Any]:
    """Parse the DAG folder in an interpreter of its own, without any database."""
    nowhere = "postgresql+psycopg://nobody@/nowhere?host=/nowhere"
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": nowhere,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": nowhere,
        **settings,
    }
    command = [sys.executable, str(Path(__file__).with_name("parse_dags.py"))]
    outcome = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return parse(tmp_path_factory.mktemp("airflow"), CUSTOMS_RISK_SCHEDULES="on")


@pytest.fixture(scope="module")
def dags(parsed: dict[str, Any]) -> dict[str, Any]:
    return parsed["dags"]


def test_every_file_loads(parsed: dict[str, Any]) -> None:
    assert parsed["import_errors"] == {}


def test_loading_is_quick_and_imports_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert parsed["seconds"] < 5
    imported = {name.split(".")[0] for name in parsed["imported"]}
    assert not imported & HEAVY


def test_there_is_one_collection_per_feed_and_nothing_unknown(dags: dict[str, Any]) -> None:
    others = ["approvals", "dispatch", "oversight", "retention", "risk_loop", "train_model"]
    others += ["weekly_reports"]
    assert sorted(dags) == sorted([*COLLECTIONS, *others])


@pytest.mark.parametrize("feed", sorted(FEEDS))
def test_a_collection_follows_its_declaration(dags: dict[str, Any], feed: str) -> None:
    declared = yaml.safe_load(FEEDS[feed].read_text(encoding="utf-8"))
    collection = dags[f"collect_{feed}"]
    assert collection["cron"] == declared["schedule"]
    assert list(collection["tasks"]) == ["collect"]
    task = collection["tasks"]["collect"]
    assert task["outlets"] == [f"raw.{feed}"]


def test_the_loop_goes_round_in_order(dags: dict[str, Any]) -> None:
    loop = dags["risk_loop"]
    # it follows the declarations, and comes by in time should their event get lost
    assert loop["schedule"] == "AssetOrTimeSchedule"
    upstream = {name: task["upstream"] for name, task in loop["tasks"].items()}
    assert upstream == {name: LOOP[max(0, i - 1) : i] for i, name in enumerate(LOOP)}


def test_every_dag_explains_itself_in_two_languages(dags: dict[str, Any]) -> None:
    for name, dag in dags.items():
        assert re.search(r"[\u4e00-\u9fff]{10}", dag["documentation"]), name
        assert re.search(r"\w+ \w+ \w+ \w+", dag["documentation"]), name
        # Markdown takes an indented line for code
        assert not re.search(r"^ {4}", dag["documentation"], re.M), name
        assert dag["tags"], name


def test_every_task_has_an_owner_and_a_retry_policy_and_runs_alone(dags: dict[str, Any]) -> None:
    for name, dag in dags.items():
        assert dag["max_active_runs"] == 1, name
        for task in dag["tasks"].values():
            assert task["owner"] != "airflow", name
            assert task["retries"] >= 1, name
            assert task["has_retry_policy"], name


def test_business_days_are_those_of_the_business_time_zone(dags: dict[str, Any]) -> None:
    zones = {dag["time_zone"] for dag in dags.values() if dag["cron"]}
    assert zones == {"Asia/Shanghai"}


def test_the_sandbox_switches_clocks_off_and_keeps_assets(tmp_path: Path) -> None:
    dags = parse(tmp_path, CUSTOMS_RISK_SCHEDULES="off")["dags"]
    assert {dag["schedule"] for dag in dags.values()} == {
        "NullTimetable",
        "AssetTriggeredTimetable",
    }


def test_each_task_calls_exactly_one_step() -> None:
    called = []
    for path in sorted((ROOT / "dags").glob("[!_]*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and _is_task(function):
                calls = _steps_called_by(function)
                assert len(calls) == 1, f"{path.name}: {function.name} calls {calls}"
                called += calls
    others = ["bring_in", "train", "resolve", "watch", "dispatch", "dispatch", "retain"]
    others += ["questions", "report", "review", "take_answer"]
    assert sorted(called) == sorted([*LOOP, *others])
    assert all(callable(getattr(steps, name)) for name in called)


def _is_task(function: ast.FunctionDef) -> bool:
    decorators = [ast.unparse(decorator).split("(")[0] for decorator in function.decorator_list]
    return "task" in decorators


def _steps_called_by(function: ast.FunctionDef) -> list[str]:
    return [
        node.func.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "steps"
    ]
