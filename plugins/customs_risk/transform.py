"""dbt, called from Python: one invocation builds one layer of the warehouse."""

import json
import os
from typing import Literal

import psycopg

from customs_risk import warehouse
from customs_risk.settings import REPOSITORY, Settings, settings

Layer = Literal["prepare", "decide", "feedback"]
Command = Literal["build", "test"]

PROJECT = REPOSITORY / "dbt_project"
# two builds at once would fight over the same tables: the second waits
_LOCK = 27101


class TransformFailed(RuntimeError):  # noqa: N818 - reads as what happened
    """A model or a test failed; the message names each with dbt's own words."""


def transform(layer: Layer, *, full_refresh: bool = False) -> int:
    """Build one layer's models and return how many ran; the data tests run on their own.

    Raises:
        TransformFailed: a model or a test failed.
    """
    flags = ["--full-refresh"] if full_refresh else []
    return dbt("build", "--selector", layer, *flags)


def dbt(command: Command, *arguments: str) -> int:
    """Run one dbt command in this process and return how many nodes ran."""
    from dbt.cli.main import dbtRunner

    config = settings()
    os.environ.update(profile_environment())
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        outcome = dbtRunner().invoke(
            [
                command,
                *arguments,
                "--project-dir", str(PROJECT),
                "--profiles-dir", str(PROJECT),
                "--target-path", str(config.home / "dbt" / "target"),
                "--log-path", str(config.logs / "dbt"),
                "--vars", json.dumps(variables(config)),
                "--quiet",
                "--no-use-colors",
                "--no-version-check",
                "--no-send-anonymous-usage-stats",
            ]
        )  # fmt: skip
    if not outcome.success:
        raise TransformFailed(_explain(command, arguments, outcome))
    return len(getattr(outcome.result, "results", []))


def variables(config: Settings) -> dict[str, object]:
    """Return the settings that models read, under the names they read them by."""
    return {
        "inspection_rate": config.inspection_rate,
        "random_share": config.random_share,
        "medium_rate": config.medium_rate,
        "selection_seed": config.selection_seed,
        "inspection_sensitivity": config.inspection_sensitivity,
        "smoothing_weight": config.smoothing_weight,
        "time_zone": config.time_zone,
        "schedules": config.schedules,
    }


def profile_environment() -> dict[str, str]:
    """Return the environment from which dbt's profile takes its connection."""
    parts = psycopg.conninfo.conninfo_to_dict(warehouse.url())
    return {
        "CUSTOMS_RISK_PG_HOST": str(parts.get("host", "localhost")),
        "CUSTOMS_RISK_PG_PORT": str(parts.get("port", "5432")),
        "CUSTOMS_RISK_PG_USER": str(parts.get("user", "postgres")),
        "CUSTOMS_RISK_PG_PASSWORD": str(parts.get("password", "")),
        "CUSTOMS_RISK_PG_DATABASE": str(parts.get("dbname", "customs_risk")),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _explain(command: str, arguments: tuple[str, ...], outcome: object) -> str:
    call = " ".join(["dbt", command, *arguments])
    results = getattr(getattr(outcome, "result", None), "results", None) or []
    failures = [
        f"{result.node.unique_id}: {result.message}"
        for result in results
        if str(result.status) in {"error", "fail", "runtime error"}
    ]
    return "\n  ".join([f"{call} failed", *(failures or [str(getattr(outcome, "exception", ""))])])
