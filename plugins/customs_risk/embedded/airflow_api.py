"""What the embedded run asks of Airflow, over its REST API: trigger, wait, explain.

A run is named after what it is for (a feed and a business day), so asking twice for the same work
finds the run that exists: after a crash nothing is done twice, and what failed is tried again.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple, Self

import httpx

_TERMINAL = ("success", "failed")
_LOG_TAIL_LINES = 25
_PARSED_AGAIN_SECONDS = 30
# a short run is noticed at once; a long one is not asked after four times a second
_POLLS_SECONDS = (0.1, 0.1, 0.2, 0.2, 0.5)


class Run(NamedTuple):
    """One run of one DAG."""

    dag_id: str
    run_id: str


class RunFailed(RuntimeError):  # noqa: N818 - reads as what happened
    """A run failed, or took too long; the message holds its tasks' states and logs."""


def daily_run_id(day: date, part: str = "day") -> str:
    """Return the name of the run that serves one business day (``part``: 'history', 'day' …)."""
    return f"sandbox__{day:%Y-%m-%d}__{part}"


class AirflowApi:
    """A logged-in client of one Airflow."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Log in at the first request.

        Args:
            url: where Airflow answers, without a path.
            user: name of a user that may trigger runs.
            password: that user's password.
            check: called at every poll; raises when waiting has become pointless
                (``AirflowServices.check``).
        """
        self._credentials = {"username": user, "password": password}
        self._check = check
        # a proxy configured for the outside would not find this server
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    # -- DAGs ---------------------------------------------------------------------------------

    def import_errors(self) -> list[str]:
        """Return each DAG file that does not load, with its traceback."""
        errors = self._get("importErrors")["import_errors"]
        return [f"{error['filename']}:\n{error['stack_trace']}" for error in errors]

    def wait_for_dags(self, dag_ids: Iterable[str], timeout: float = 120) -> None:
        """Wait until Airflow knows these DAGs and every DAG file loads.

        Raises:
            RunFailed: a DAG file does not load, or the time was too short.
        """
        wanted, known = set(dag_ids), set[str]()
        started = time.monotonic()
        for _ in self._polls(timeout):
            errors = self.import_errors()
            known = {dag["dag_id"] for dag in self._get("dags", limit=100)["dags"]}
            if wanted <= known and not errors:
                return
            # an error of the last run stands until the file has been parsed again
            if errors and time.monotonic() - started > _PARSED_AGAIN_SECONDS:
                raise RunFailed("DAG files that do not load:\n" + "\n".join(errors))
        raise RunFailed(f"after {timeout:.0f} s Airflow does not know {sorted(wanted - known)}")

    # -- runs ---------------------------------------------------------------------------------

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> Run:
        """Start a run, or find the one of that name; a failed one is tried again from its failure.

        Raises:
            httpx.HTTPStatusError: Airflow refused, for example because the DAG is unknown.
        """
        run = Run(dag_id, run_id)
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        answer = self._request("POST", f"dags/{dag_id}/dagRuns", json=body)
        if answer.status_code == httpx.codes.CONFLICT:
            return self.resume(run)
        answer.raise_for_status()
        return run

    def resume(self, run: Run) -> Run:
        """Take up a run that exists: one that has failed is tried again from its failure."""
        if self.state(run) == "failed":
            self.retry(run)
        return run

    def retry(self, run: Run) -> None:
        """Run the failed tasks of a run again, and those after them."""
        body = {"dry_run": False, "only_failed": True}
        self._request("POST", f"{_path(run)}/clear", json=body).raise_for_status()

    def state(self, run: Run) -> str:
        """Return a run's state: queued, running, success or failed."""
        return str(self._get(_path(run))["state"])

    def wait(
        self,
        runs: Iterable[Run],
        timeout: float = 1800,
        progress: Callable[[Run, str], None] = lambda run, state: None,
    ) -> None:
        """Wait until every run has ended well; call ``progress`` at each change of state.

        Raises:
            RunFailed: a run failed (the others were waited for), or the time was too short.
        """
        states = dict.fromkeys(runs, "")
        for _ in self._polls(timeout):
            for run in [run for run, state in states.items() if state not in _TERMINAL]:
                state = self.state(run)
                if state != states[run]:
                    states[run] = state
                    progress(run, state)
            if all(state in _TERMINAL for state in states.values()):
                break
        bad = [run for run, state in states.items() if state != "success"]
        if bad:
            raise RunFailed("\n".join(self.explain(run) for run in bad))

    def caused_by(self, source: Run, dag_id: str, timeout: float = 30) -> Run | None:
        """Return the run of ``dag_id`` that the assets of an ended run set off.

        None when the source run changed no asset, so that nothing follows; or when what it
        changed has set off no run in time (an earlier run may have taken it along).
        """
        for _ in self._polls(timeout):
            told = {"source_dag_id": source.dag_id, "source_run_id": source.run_id}
            answer = self._request("GET", "assets/events", params=told)
            if answer.is_server_error:
                continue  # Airflow cannot tell of a run that it has made and not yet started
            events = answer.raise_for_status().json()["asset_events"]
            if not events:
                return None
            for caused in (run for event in events for run in event["created_dagruns"]):
                if caused["dag_id"] == dag_id:
                    return Run(dag_id, caused["run_id"])
        return None

    def explain(self, run: Run) -> str:
        """Say how a run stands: each task's state, and the end of the log of each failed one."""
        tasks = self.tasks(run)
        states = ", ".join(f"{task['task_id']} {task['state']}" for task in tasks)
        failed = [task for task in tasks if task["state"] == "failed"]
        logs = [f"the end of {task['task_id']}'s log:\n{self._log(run, task)}" for task in failed]
        return "\n".join([f"{run.dag_id} {run.run_id} is {self.state(run)}: {states}", *logs])

    def unsuccessful(self) -> list[Run]:
        """Return every run of every DAG that has failed."""
        found = self._get("dags/~/dagRuns", state="failed", limit=100)["dag_runs"]
        return [Run(run["dag_id"], run["dag_run_id"]) for run in found]

    def tasks(self, run: Run) -> list[dict[str, Any]]:
        """Return the tasks of a run as Airflow tells of them, in the order of their start."""
        tasks = self._get(f"{_path(run)}/taskInstances")["task_instances"]
        return sorted(tasks, key=lambda task: task["start_date"] or "9999")

    # -- requests -----------------------------------------------------------------------------

    def _log(self, run: Run, task: dict[str, Any]) -> str:
        path = f"{_path(run)}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        entries = self._get(path, full_content=True)["content"]
        lines = [_log_line(entry) for entry in entries]
        return "\n".join(f"  {line}" for line in lines[-_LOG_TAIL_LINES:])

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = self._request("GET", path, params=parameters)
        return dict(answer.raise_for_status().json())

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self._client.request(method, f"/api/v2/{path}", **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            # never logged in, or the token has run out
            self._log_in()
            answer = self._client.request(method, f"/api/v2/{path}", **options)
        return answer

    def _log_in(self) -> None:
        answer = self._client.post("/auth/token", json=self._credentials)
        token = answer.raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def _polls(self, timeout: float) -> Iterator[None]:
        """Yield at each poll, further and further apart, until the time is over."""
        deadline = time.monotonic() + timeout
        pauses = iter(_POLLS_SECONDS)
        while time.monotonic() < deadline:
            self._check()
            yield
            time.sleep(next(pauses, _POLLS_SECONDS[-1]))


def _path(run: Run) -> str:
    return f"dags/{run.dag_id}/dagRuns/{run.run_id}"


def _log_line(entry: dict[str, Any] | str) -> str:
    if isinstance(entry, str):
        return entry
    errors = [
        f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []
    ]
    return " ".join([str(entry["event"]), *errors])
