"""A dispatcher killed after sending and before its commit: the next sends the same, by its key."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from customs_risk import steps
from customs_risk.settings import Settings, settings
from customs_risk.treat import outbox
from tests.faults.receivers import (
    PASSWORD,
    Service,
    empty,
    exchange,
    http_service,
    rows,
    sftp_server,
    warn,
)

# the receiver has it; nothing of that is written down yet
KILLED = """
import os, signal
from customs_risk.treat.outbox.dispatch import Dispatcher, dispatch
Dispatcher._arrived = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
dispatch()
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with http_service() as opened:
        yield opened


@pytest.fixture(scope="module", autouse=True)
def prepared(warehouse: Settings) -> Iterator[Settings]:
    steps.initialize()
    yield warehouse


@pytest.fixture(autouse=True)
def stage(service: Service) -> Iterator[None]:
    empty()
    service.taken.clear()
    service.brought.clear()
    yield
    settings.cache_clear()


@pytest.fixture
def send_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def choose(**route: Any) -> None:
        path = tmp_path / "routes.yml"
        send = [{"kind": "warning", "over": "receiver"}]
        path.write_text(yaml.safe_dump({"routes": {"receiver": route}, "send": send}))
        monkeypatch.setenv("CUSTOMS_RISK_ROUTES", str(path))
        monkeypatch.setenv("CUSTOMS_RISK_ROUTE_SECRETS", json.dumps({"receiver": PASSWORD}))
        settings.cache_clear()

    return choose


def dispatch_and_die() -> None:
    child = subprocess.run([sys.executable, "-c", KILLED], check=False, timeout=60)
    assert child.returncode == -signal.SIGKILL


def outcomes(message_id: str) -> list[str]:
    found = rows(
        "select outcome from ops.dispatch_attempts where message_id = %s order by attempt_no",
        message_id,
    )
    return [outcome for (outcome,) in found]


def test_a_file_is_written_again_under_its_name(prepared: Settings) -> None:
    keys = warn(1, 2)
    dispatch_and_die()
    folder = prepared.outbox / "warnings"
    (file,) = folder.iterdir()
    before = file.read_bytes()
    assert rows("select count(*) from ops.receipts") == [(0,)]
    # what came meanwhile does not change what was on its way
    warn(3)
    assert outbox.dispatch() == 3
    files = sorted(folder.iterdir())
    assert len(files) == 2 and file.read_bytes() == before
    lines = [line for each in files for line in each.read_text("utf-8").splitlines()[1:]]
    assert sorted(line.split(",")[0] for line in lines) == [*keys, "warning:3"]
    assert outcomes("warning:1") == ["interrupted", "sent"]


def test_a_webhook_sees_the_key_again(service: Service, send_over: Any) -> None:
    send_over(by="webhook", url=service.url)
    warn(1)
    dispatch_and_die()
    assert service.brought == {"warning:1": 1}
    assert outbox.dispatch() == 1
    assert service.brought == {"warning:1": 2} and len(service.taken) == 1
    assert rows("select message_id, receipt_id from ops.receipts") == [("warning:1", "R1")]
    assert outbox.dispatch() == 0


def test_an_sftp_server_keeps_one_file(send_over: Any, tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    with sftp_server(tmp_path / "drop") as server:
        send_over(
            by="sftp", host="127.0.0.1", port=server.port, user="customs", host_key=server.host_key
        )
        warn(1, 2)
        dispatch_and_die()
        (before,) = server.folder.iterdir()
        assert outbox.dispatch() == 2
        assert list(server.folder.iterdir()) == [before]
    assert rows("select distinct file_name from ops.outbox") == [(before.name,)]


def test_another_database_keeps_one_row(server: Path, send_over: Any) -> None:
    with exchange(server) as url, psycopg.connect(url, autocommit=True) as receiver:
        send_over(by="database", url=url, table="messages")
        warn(1, 2)
        dispatch_and_die()
        there = "select message_id, arrived_at from messages order by 1"
        before = receiver.execute(there).fetchall()
        assert len(before) == 2
        assert outbox.dispatch() == 2
        assert receiver.execute(there).fetchall() == before


def test_a_shipment_that_kills_each_dispatcher_is_given_up(
    send_over: Any, service: Service, tmp_path: Path
) -> None:
    send_over(by="webhook", url=service.url)
    path = tmp_path / "routes.yml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"most_attempts": 1}))
    warn(1)
    dispatch_and_die()
    # the file of routes is read once in a process
    subprocess.run(
        [sys.executable, "-c", "from customs_risk import steps; steps.dispatch()"], check=True
    )
    assert outcomes("warning:1") == ["interrupted", "permanent"]
    assert rows("select reason from ops.dead_letters") == [("cut off at each of 1 attempts",)]


def test_two_dispatchers_send_each_message_once(service: Service, send_over: Any) -> None:
    send_over(by="webhook", url=service.url)
    keys = warn(*range(60))
    with ThreadPoolExecutor(2) as pool:
        sent = [each.result() for each in [pool.submit(outbox.dispatch) for _ in range(2)]]
    assert sum(sent) == len(keys)
    assert service.brought == dict.fromkeys(keys, 1)
