"""Run alone, in a fresh interpreter: parse every DAG file and print what came of it as JSON."""

import json
import sys
import time
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

ROOT = Path(__file__).resolve().parents[2]


def described(dag: DAG) -> dict[str, object]:
    """Return what the tests ask of a DAG."""
    return {
        "documentation": dag.doc_md or "",
        "tags": sorted(dag.tags),
        "schedule": type(dag.timetable).__name__,
        "cron": getattr(dag.timetable, "expression", None),
        "time_zone": str(getattr(dag.timetable, "timezone", "")),
        "max_active_runs": dag.max_active_runs,
        "tasks": {
            task.task_id: {
                "owner": task.owner,
                "upstream": sorted(task.upstream_task_ids),
                "retries": task.retries,
                "has_retry_policy": task.retry_policy is not None,
                "outlets": [outlet.name for outlet in task.outlets],
            }
            for task in dag.tasks
        },
    }


sys.path.insert(0, str(ROOT / "dags"))
modules_of_airflow = set(sys.modules)
started = time.monotonic()
bag = DagBag(str(ROOT / "dags"))
seconds = time.monotonic() - started
print(
    json.dumps(
        {
            "seconds": seconds,
            "import_errors": bag.import_errors,
            "imported": sorted(set(sys.modules) - modules_of_airflow),
            "dags": {dag_id: described(dag) for dag_id, dag in bag.dags.items()},
        }
    )
)
