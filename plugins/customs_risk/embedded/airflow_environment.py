"""Airflow's whole configuration for the embedded run, as environment variables.

What is not named here keeps Airflow's default. Latencies behind the choices were measured on two
cores.
"""

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from customs_risk.embedded.people import PEOPLE
from customs_risk.settings import REPOSITORY

_PASSWORD = "password"
_SECRET_NAMES = ("fernet", "api", "jwt", *(f"{_PASSWORD}-{each.login}" for each in PEOPLE))


def secret(folder: Path, name: str) -> str:
    """Return a secret of this installation, made at first use, readable by its owner alone."""
    if name not in _SECRET_NAMES:
        raise ValueError(f"unknown secret {name}: one of {', '.join(_SECRET_NAMES)}")
    path = folder / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, _new_secret(name))
    return path.read_text()


def password(folder: Path, login: str) -> str:
    """Return the password of one who may log in, made at first use."""
    return secret(folder, f"{_PASSWORD}-{login}")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def environment(folder: Path, metadata_url: str, port: int) -> dict[str, str]:
    """Return the variables that configure every Airflow process.

    Args:
        folder: AIRFLOW_HOME: secrets, passwords and task logs live below it.
        metadata_url: ``postgresql://`` URL of Airflow's own database.
        port: the API server's port on loopback.
    """
    address = f"http://127.0.0.1:{port}"
    driver_url = metadata_url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = {
        "CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        # workers forked from the scheduler have Airflow imported already
        "CORE__MP_START_METHOD": "fork",
        "CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER": "False",
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        # the default asks a name server, which an air gap answers late or never
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "CORE__FERNET_KEY": secret(folder, "fernet"),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{each.login}:{each.airflow_role}" for each in PEOPLE
        ),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "DATABASE__SQL_ALCHEMY_CONN": driver_url,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": driver_url,
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__BASE_URL": address,
        "API__WORKERS": "1",
        "API__SECRET_KEY": secret(folder, "api"),
        "API_AUTH__JWT_SECRET": secret(folder, "jwt"),
        "API_AUTH__JWT_ISSUER": "customs-risk",
        # an idle scheduler's pause between two looks is most of what a task costs: a chain of five
        # takes 3.4 s with 0.5 s and 1.6 s with 0.2 s, for which it uses 7 % of a core
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        # after a crash: how soon a dead scheduler's and a dead worker's tasks are taken up again
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        # a task's end may be noticed only at its next heartbeat, five seconds away by default; more
        # heartbeats may then fail before a task is given up: half a minute of patience
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "WORKERS__MAX_FAILED_HEARTBEATS": "30",
        # the API server starts beside the scheduler, and after a crash later than it takes tasks up
        # again: the five attempts of the default may be over in ten seconds, these take a minute
        "WORKERS__EXECUTION_API_RETRIES": "20",
        "WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "8",
        "WORKERS__EXECUTION_API_TIMEOUT": "30",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        # a changed file is parsed at once; an unchanged one need not be
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "DAG_PROCESSOR__STALE_DAG_THRESHOLD": "600",
        "LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(folder / "logs/dag_processor"),
        "LOGGING__COLORED_CONSOLE_LOG": "False",
    }
    return {
        "AIRFLOW_HOME": str(folder),
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        **{f"AIRFLOW__{name}": value for name, value in options.items()},
    }


def _new_secret(name: str) -> str:
    if name.startswith(_PASSWORD):
        return secrets.token_urlsafe(12)
    # Fernet asks for exactly 32 bytes in this form; SHA-512, which signs the others, for 64
    return urlsafe_b64encode(secrets.token_bytes(32 if name == "fernet" else 64)).decode()
