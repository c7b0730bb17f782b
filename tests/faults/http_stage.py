"""The stage on which HTTP sources are tried: a server of many moods, and a feed that asks it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from expectations.contract import Contract, contract_of
from expectations.layout import Paging, Since, Source
from tests.faults.moody_server import Handler, behave, playing

SECRET = "s3cret-in-the-query"
PASSWORD = "s3cret-of-the-connection"
TIMEOUT_SECONDS = 0.4


@pytest.fixture(scope="module")
def moody() -> Iterator[str]:
    with playing(behave) as url:
        yield url


@pytest.fixture(autouse=True)
def stage(moody: str, warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty stage and inbox, no watermark, and a connection with little patience."""
    Handler.acts, Handler.asked, Handler.records = [], [], some_records(1, 5)
    Handler.bodies = []
    connection = {
        "conn_type": "http",
        "host": moody,
        "login": "someone",
        "password": PASSWORD,
        "extra": {
            "timeout_seconds": TIMEOUT_SECONDS,
            "backoff_seconds": 0.05,
            "longest_wait_seconds": 2,
            "params": {"api_key": SECRET},
            "X-Token": "s3cret-in-a-header",
            "trust_env": False,
        },
    }
    monkeypatch.setenv("AIRFLOW_CONN_MOODY", json.dumps(connection))
    with doors.connect() as database:
        database.execute("truncate ops.watermarks")
    for path in warehouse.inbox.rglob("*.*"):
        path.unlink()


def some_records(first: int, last: int) -> list[dict]:
    return [
        {"id": number, "changed": f"2026-06-{number:02}T08:00:00Z"}
        for number in range(first, last + 1)
    ]


def feed(**source: object) -> Contract:
    """A real feed's contract that asks the moody server."""
    contract = contract_of("enterprise_status")
    told: dict = {
        "told": "a provider of many moods",
        "kind": "http",
        "connection": "moody",
        "path": "api/news",
        "since": Since(field="changed", param="since"),
        "paging": Paging(kind="offset", size=2, size_param="top", position_param="skip"),
    }
    changes = {"format": "json", "records": "value.item", "source": Source(**told | source)}
    return contract.model_copy(update=changes)


def ids(paths: list[Path]) -> list[int]:
    """The records of deliveries, in the order in which they came."""
    pages = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    return [record["id"] for page in pages for record in page["value"]]


def left_behind(warehouse: Settings) -> list[str]:
    return [path.name for path in warehouse.inbox.rglob("*.*")]
