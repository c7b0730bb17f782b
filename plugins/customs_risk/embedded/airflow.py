"""A real Airflow on loopback: its four services as one thing that starts, answers and ends whole.

`airflow standalone` leaves children behind; here every service leads its own session, a guard
ends the sessions when this process is killed, and what a killed guard left is ended at the next
start. Nothing is ended that was not started here.
"""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx
import psycopg

from customs_risk.embedded import guard
from customs_risk.embedded.airflow_environment import environment, password, write_private
from customs_risk.embedded.guard import Leader
from customs_risk.embedded.people import ADMINISTRATOR, PEOPLE
from customs_risk.settings import REPOSITORY

_SERVICES = {
    # task logs are read from the shared folder, so nothing needs to serve them on a port
    "scheduler": ["customs_risk.airflow_scheduler", "--skip-serve-logs"],
    "api-server": ["airflow", "api-server"],
    "dag-processor": ["airflow", "dag-processor"],
    "triggerer": ["airflow", "triggerer", "--skip-serve-logs"],
}
_DEFAULT_PORT = 8080
_POLL_SECONDS = 0.25
_LOG_TAIL_LINES = 30


class AirflowFailed(RuntimeError):  # noqa: N818 - reads as what happened
    """Airflow did not start, or one of its services died; the message ends with its log."""


class AirflowServices:
    """The embedded Airflow under ``home``/airflow, with service logs in ``home``/logs.

    Used as a context manager, it starts on entry and ends the whole tree on exit.
    """

    def __init__(
        self,
        home: Path,
        metadata_url: str,
        env: Mapping[str, str] | None = None,
        *,
        only_pages: bool = False,
    ) -> None:
        """Describe the services; nothing starts yet.

        Args:
            home: where state lives; one Airflow may run in it at a time.
            metadata_url: ``postgresql://`` URL of Airflow's own database.
            env: variables for the tasks (CUSTOMS_RISK_…), which win over every default here.
            only_pages: the API server alone, which serves the pages and runs nothing.
        """
        self.folder = home.resolve() / "airflow"
        self.logs = home.resolve() / "logs"
        self._metadata_url = metadata_url
        self._env = dict(env or {})
        self._wanted = ("api-server",) if only_pages else tuple(_SERVICES)
        self._port: int | None = None
        self._services: dict[str, subprocess.Popen[bytes]] = {}
        self._leaders: dict[str, Leader] = {}
        self._guard: subprocess.Popen[str] | None = None
        self._lock: IO[str] | None = None
        self._claim: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The API server's port on loopback."""
        if self._port is None:
            raise RuntimeError("Airflow has not been started")
        return self._port

    @property
    def url(self) -> str:
        """Where the pages and the API answer."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def user(self) -> str:
        """The administrator's name."""
        return ADMINISTRATOR

    @property
    def password(self) -> str:
        """The administrator's password, made at the first start."""
        return self.password_of(ADMINISTRATOR)

    def password_of(self, login: str) -> str:
        """Return the password of one who may log in (people.py)."""
        return password(self.folder, login)

    def start(self) -> None:
        """End leftovers, bring the metadata up to date, and start every service.

        Raises:
            AirflowFailed: another Airflow runs in this home, or the migration failed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        self._end_leftovers()
        self._port = self._choose_port()
        self._write_passwords()
        variables = self._variables()
        self._migrate(variables)
        self._start_guard()
        for name in self._wanted:
            self._launch(name, _SERVICES[name], variables)

    def wait_until_ready(self, timeout: float = 180) -> None:
        """Wait until every service reports itself healthy.

        Raises:
            AirflowFailed: a service died, or the time was too short.
        """
        deadline = time.monotonic() + timeout
        while unhealthy := self._unhealthy():
            self.check()
            if time.monotonic() > deadline:
                raise AirflowFailed(
                    f"after {timeout:.0f} s Airflow still waits for: {', '.join(unhealthy)}. "
                    f"Logs: {self.logs}"
                )
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Do nothing while every service lives.

        Raises:
            AirflowFailed: one has died.
        """
        for name, process in self._services.items():
            if process.poll() is not None:
                raise AirflowFailed(
                    f"Airflow's {name} ended with code {process.returncode}. "
                    f"The end of {self._log(name)}:\n{_tail(self._log(name))}"
                )

    def watch(self) -> None:
        """Stay until a service dies or the caller is interrupted.

        Raises:
            AirflowFailed: a service died.
        """
        while True:
            self.check()
            time.sleep(1)

    def stop(self, grace_seconds: float = 10) -> None:
        """End every service with all its processes; harmless when nothing runs."""
        guard.end(self._leaders.values(), grace_seconds)
        for process in self._services.values():
            process.wait()
        self._services.clear()
        self._leaders.clear()
        self._release_guard()
        if self._claim:
            self._claim.close()
            self._claim = None
        if self._lock:
            self._record.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    # -- one Airflow per home ----------------------------------------------------------------

    @property
    def _record(self) -> Path:
        return self.folder / "sessions.json"

    def _take_lock(self) -> None:
        lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AirflowFailed(
                f"an Airflow already runs in {self.folder}: end that run first, "
                "or set CUSTOMS_RISK_HOME to another folder"
            ) from None
        self._lock = lock

    def _end_leftovers(self) -> None:
        """End what a killed run left behind, known by number and time of birth."""
        if self._record.exists():
            leftovers = json.loads(self._record.read_text())
            guard.end(map(Leader.parse, leftovers.values()), grace_seconds=0)
            self._record.unlink()

    def _remember(self, name: str, leader: Leader) -> None:
        self._leaders[name] = leader
        self._tell_guard(str(leader))
        names = {name: str(leader) for name, leader in self._leaders.items()}
        write_private(self._record, json.dumps(names))

    def _choose_port(self) -> int:
        """Return the port of the last run, or 8080, or any free one; and remember it.

        Between the choice and the server's own start, another home's run keeps away from it.
        """
        path = self.folder / "port"
        remembered = [int(path.read_text())] if path.exists() else []
        for candidate in [*remembered, _DEFAULT_PORT, 0]:
            port = _free(candidate)
            if port and (claim := _claimed(port)):
                self._claim = claim
                path.write_text(str(port))
                return port
        raise AirflowFailed("no port is free on 127.0.0.1")

    # -- start --------------------------------------------------------------------------------

    def _variables(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            # another Airflow's settings must not leak in, and tasks do want compiled modules
            if not name.startswith("AIRFLOW") and name != "PYTHONDONTWRITEBYTECODE"
        }
        # a proxy has no business between these processes
        direct = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost"]))
        configured = environment(self.folder, self._metadata_url, self.port)
        return {**inherited, "NO_PROXY": direct, "no_proxy": direct, **configured, **self._env}

    def _write_passwords(self) -> None:
        passwords = {each.login: self.password_of(each.login) for each in PEOPLE}
        write_private(self.folder / "passwords.json", json.dumps(passwords))

    def _migrate(self, variables: Mapping[str, str]) -> None:
        """Bring Airflow's database to this version, unless it is known to be there."""
        marker = self.folder / "migrated"
        release = version("apache-airflow-core")
        if marker.exists() and marker.read_text() == f"{release} {self._revision()}":
            return
        log = self._log("migrate")
        with log.open("ab") as output:
            command = [sys.executable, "-m", "airflow", "db", "migrate"]
            outcome = subprocess.run(
                command, env=variables, cwd=REPOSITORY, stdout=output, stderr=output, check=False
            )
        if outcome.returncode != 0:
            raise AirflowFailed(f"`airflow db migrate` failed. The end of {log}:\n{_tail(log)}")
        marker.write_text(f"{release} {self._revision()}")

    def _revision(self) -> str | None:
        with psycopg.connect(self._metadata_url) as connection:
            found = connection.execute("select to_regclass('alembic_version')::text").fetchone()
            if not found or not found[0]:
                return None
            row = connection.execute("select version_num from alembic_version").fetchone()
            return str(row[0]) if row else None

    def _launch(self, name: str, arguments: list[str], variables: Mapping[str, str]) -> None:
        with self._log(name).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=variables,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._services[name] = process
        self._remember(name, Leader.of(process.pid))

    def _start_guard(self) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "customs_risk.embedded.guard"],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _tell_guard(self, line: str) -> None:
        if self._guard and self._guard.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(f"{line}\n")
                self._guard.stdin.flush()

    def _release_guard(self) -> None:
        if self._guard and self._guard.stdin:
            self._tell_guard(guard.RELEASED)
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None

    # -- health -------------------------------------------------------------------------------

    def _unhealthy(self) -> list[str]:
        """Name the parts that the API server does not call healthy."""
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=10, trust_env=False)
            parts = answer.raise_for_status().json()
        except httpx.HTTPError:
            return ["api-server"]
        healthy = ("metadatabase", *(name.replace("-", "_") for name in self._wanted))
        wanted = [name for name in healthy if name != "api_server"]
        return [name for name in wanted if (parts.get(name) or {}).get("status") != "healthy"]

    def _log(self, name: str) -> Path:
        return self.logs / f"airflow-{name}.log"


def end_leftovers(home: Path) -> None:
    """End what a killed run left under ``home``, before the folder is taken away.

    Raises:
        AirflowFailed: an Airflow runs there, and its owner lives.
    """
    services = AirflowServices(home, metadata_url="")
    if services.folder.exists():
        try:
            services._take_lock()
            services._end_leftovers()
        finally:
            services.stop()


def _free(port: int) -> int | None:
    with socket.socket() as probe:
        # the server will bind the same way: a connection that lingers is not an occupant
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def _claimed(port: int) -> IO[str] | None:
    """Return a lock on a port among the runs of this machine; None if another run has it."""
    name = f"customs-risk-{os.getuid()}-port-{port}.lock"
    claim = (Path(tempfile.gettempdir()) / name).open("a")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        return None
    return claim


def _tail(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    return "\n".join(f"  {line}" for line in lines)
