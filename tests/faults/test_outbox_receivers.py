"""Messages reach receivers of each kind once, or are tried again, or end as dead letters."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from paramiko import ECDSAKey
from typer.testing import CliRunner

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.cli import app
from customs_risk.oversight.alarms import raise_alarms
from customs_risk.settings import Settings, settings
from customs_risk.treat import outbox
from customs_risk.treat.outbox.dead import NoDeadLetter
from customs_risk.treat.outbox.dispatch import Dispatcher
from tests.faults.moody_server import Handler, cut, half_a_body, silent, status
from tests.faults.receivers import (
    PASSWORD,
    Service,
    SftpServer,
    empty,
    exchange,
    http_service,
    rows,
    sftp_server,
    warn,
)

TOKEN = "s3cret-token-of-the-route"


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
    Handler.acts, Handler.bodies = [], []
    service.taken.clear()
    service.brought.clear()
    yield
    settings.cache_clear()


@pytest.fixture
def send_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let warnings take one route, with little patience."""

    def choose(secret: str = TOKEN, most_attempts: int = 3, wait: float = 0, **route: Any) -> None:
        told = {
            "recipient": "dispatch@customs.example",
            "most_attempts": most_attempts,
            "first_wait_seconds": wait,
            "routes": {"receiver": {"timeout_seconds": 1, **route}},
            "send": [{"kind": "warning", "over": "receiver"}],
        }
        path = tmp_path / f"routes{len(list(tmp_path.glob('routes*')))}.yml"
        path.write_text(yaml.safe_dump(told))
        monkeypatch.setenv("CUSTOMS_RISK_ROUTES", str(path))
        monkeypatch.setenv("CUSTOMS_RISK_ROUTE_SECRETS", json.dumps({"receiver": secret}))
        settings.cache_clear()

    return choose


def tries(message_id: str) -> list[tuple[Any, ...]]:
    return rows(
        """select attempt_no, outcome, error, receipt from ops.dispatch_attempts
        where message_id = %s and finished_at >= started_at order by attempt_no""",
        message_id,
    )


def test_a_webhook_takes_each_message_by_its_key(service: Service, send_over: Any) -> None:
    send_over(by="webhook", url=service.url)
    keys = warn(1, 2, 3)
    assert outbox.dispatch() == 3
    assert outbox.dispatch() == 0
    assert service.brought == dict.fromkeys(keys, 1)
    assert service.tokens == {f"Bearer {TOKEN}"}
    # what a kind does not tell stays here
    assert service.taken["warning:2"] == {
        "message_id": "warning:2", "kind": "warning", "subject_id": "S2",
        "decided_on": "2026-06-30", "addressee": "owner@customs.example", "alarm": "volume",
        "feed": "f", "subject": "S2", "raised_at": "2026-06-30T08:00:00+08:00",
        "message": "few rows / 行数过少",
    }  # fmt: skip
    assert rows("select receiver, receipt_id from ops.receipts order by message_id") == [
        ("webhook:receiver", "R1"), ("webhook:receiver", "R2"), ("webhook:receiver", "R3"),
    ]  # fmt: skip
    assert tries("warning:1") == [(1, "sent", None, "R1")]


@pytest.mark.parametrize(
    "act",
    [status(503), status(429), status(408), status(425), cut, silent],
    ids=["503", "429", "408", "425", "cut", "silent"],
)
def test_what_may_pass_is_tried_again_under_the_same_key(
    service: Service, send_over: Any, act: Any
) -> None:
    send_over(by="webhook", url=service.url)
    Handler.acts = [act]
    warn(1)
    assert outbox.dispatch() == 1
    assert [outcome for _, outcome, *_ in tries("warning:1")] == ["transient", "sent"]
    assert list(service.taken) == ["warning:1"]
    assert rows("select attempts from ops.outbox") == [(2,)]


def test_a_receipt_that_was_lost_on_its_way_is_asked_for_again(
    service: Service, send_over: Any
) -> None:
    def take_and_break_off(handler: Handler) -> None:
        service.brought[handler.headers["Idempotency-Key"]] += 1
        half_a_body(handler)

    send_over(by="webhook", url=service.url)
    Handler.acts = [take_and_break_off]
    warn(1)
    assert outbox.dispatch() == 1
    # twice brought, under one key
    assert service.brought == {"warning:1": 2}


def test_a_receiver_is_not_asked_before_it_wants_to_be(service: Service, send_over: Any) -> None:
    send_over(by="webhook", url=service.url)
    Handler.acts = [status(429, Retry_After="300")]
    warn(1)
    assert outbox.dispatch() == 0
    (wait,) = rows(
        "select extract(epoch from next_attempt_at - clock_timestamp()) from ops.shipments"
    )[0]
    assert 290 < wait <= 300
    assert outbox.dispatch() == 0
    assert len(Handler.bodies) == 1


def test_a_message_that_is_refused_dies_at_once_and_the_others_leave(
    service: Service, send_over: Any
) -> None:
    def echo(handler: Handler) -> None:
        handler.give(f"no: {handler.headers['Authorization']}".encode(), code=422)

    send_over(by="webhook", url=service.url)
    Handler.acts = [echo]
    warn(1, 2)
    assert outbox.dispatch() == 1
    (letter,) = rows("select message_id, route, attempts, reason from ops.dead_letters")
    refused = letter[0]
    assert letter[1:] == ("receiver", 1, "HTTP 422: no: Bearer ***")
    assert tries(refused)[0][1] == "permanent"
    assert outbox.dispatch() == 0

    assert raise_alarms() == 1
    (alarm,) = rows("select kind, subject, recipient, message_en from ops.alarms")
    assert alarm[:3] == ("dead_letter", "receiver", "dispatch@customs.example")
    assert "1 message(s)" in alarm[3] and TOKEN not in alarm[3]
    # the alarm itself leaves; while it lasts it is not raised again
    assert outbox.dispatch() == 1
    assert raise_alarms() == 0

    with pytest.raises(NoDeadLetter, match="warning:99"):
        outbox.requeue([refused, "warning:99"], by="li.na", reason="the receiver was mended")
    assert outbox.requeue([refused], by="li.na", reason="the receiver was mended") == 1
    assert outbox.dispatch() == 1
    assert service.brought[refused] == 1
    assert [outcome for _, outcome, *_ in tries(refused)] == ["permanent", "sent"]
    raise_alarms()
    assert rows("select count(*) from ops.alarms where cleared_at is null") == [(0,)]
    assert rows("select ended_how, ended_by, end_reason from ops.dead_letters") == [
        ("requeued", "li.na", "the receiver was mended")
    ]


def test_tries_are_bounded_and_begin_anew_when_brought_back(
    service: Service, send_over: Any
) -> None:
    send_over(by="webhook", url=service.url, most_attempts=2)
    Handler.acts = [status(500)] * 4
    warn(1)
    assert outbox.dispatch() == 0
    assert rows("select attempts, reason from ops.dead_letters") == [(2, "HTTP 500: {}")]
    assert outbox.requeue(route="receiver", by="li.na", reason="again") == 1
    assert outbox.dispatch() == 0
    assert rows("select attempts from ops.dead_letters order by noted_at") == [(2,), (2,)]
    assert [number for number, *_ in tries("warning:1")] == [1, 2, 3, 4]
    assert outbox.settle(["warning:1"], by="li.na", reason="told by telephone") == 1
    assert outbox.dispatch() == 0
    raise_alarms()
    assert rows("select count(*) from ops.alarms where cleared_at is null") == [(0,)]


def test_a_receiver_that_is_down_is_left_alone_and_others_are_served(send_over: Any) -> None:
    send_over(by="webhook", url="http://127.0.0.1:9/nobody", wait=60)
    warn(*range(20))
    with doors.connect() as connection:
        connection.execute(
            """insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
            values ('request:1', 'request', 'P1', '2026-06-30', '{"addressee": "P1"}')"""
        )
    assert outbox.dispatch() == 1
    assert rows("select route, count(*) from ops.dispatch_attempts group by 1 order by 1") == [
        ("files", 1), ("receiver", 3),
    ]  # fmt: skip
    assert rows("select count(*) from ops.dead_letters") == [(0,)]


def test_a_route_that_is_gone_makes_a_dead_letter(service: Service, send_over: Any) -> None:
    send_over(by="webhook", url=service.url, wait=60)
    Handler.acts = [status(503)]
    warn(1)
    assert outbox.dispatch() == 0
    config = outbox.routes().model_copy(update={"routes": {}, "send": ()})
    with Dispatcher(config) as dispatcher:
        _at_once()
        assert dispatcher.run() == 0
    assert rows("select reason from ops.dead_letters") == [
        ("no route is called 'receiver' any more",)
    ]


def _at_once() -> None:
    with doors.connect() as connection:
        connection.execute("update ops.shipments set next_attempt_at = now()")


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    (tmp_path / "drop").mkdir()
    with sftp_server(tmp_path / "drop") as server:
        yield server


def over_sftp(server: SftpServer, **told: Any) -> dict[str, Any]:
    route = {"by": "sftp", "host": "127.0.0.1", "port": server.port, "user": "customs"}
    return {**route, "host_key": server.host_key, "timeout_seconds": 10, "secret": PASSWORD, **told}


def test_an_sftp_server_gets_one_whole_file(sftp: SftpServer, send_over: Any) -> None:
    send_over(**over_sftp(sftp))
    warn(1, 2)
    warn(3, addressee="another@customs.example")
    assert outbox.dispatch() == 3
    files = sorted(sftp.folder.iterdir())
    assert [file.suffix for file in files] == [".csv", ".csv"]
    lines = [file.read_text(encoding="utf-8").splitlines() for file in files]
    assert sorted(map(len, lines)) == [2, 3]
    assert {each[0] for each in lines} == {
        "message_id,addressee,alarm,feed,subject,raised_at,message"
    }
    told = rows("select distinct file_name from ops.outbox order by 1")
    assert [name for (name,) in told] == [file.name for file in files]


def test_an_unknown_host_gets_nothing(sftp: SftpServer, send_over: Any) -> None:
    other = ECDSAKey.generate()
    send_over(**over_sftp(sftp, host_key=f"{other.get_name()} {other.get_base64()}"))
    warn(1)
    assert outbox.dispatch() == 0
    assert not list(sftp.folder.iterdir())
    ((reason,),) = rows("select reason from ops.dead_letters")
    assert "another key than the known one" in reason


def test_a_wrong_password_is_tried_again_and_never_told(sftp: SftpServer, send_over: Any) -> None:
    send_over(**over_sftp(sftp, secret="s3cret-but-wrong"))
    warn(1)
    assert outbox.dispatch() == 0
    told = tries("warning:1")
    assert [outcome for _, outcome, *_ in told] == ["transient"] * 3
    assert "AuthenticationException" in told[0][2] and "s3cret" not in str(told)


def test_a_folder_that_is_not_there_is_no_matter_of_time(sftp: SftpServer, send_over: Any) -> None:
    send_over(**over_sftp(sftp, folder="nowhere"))
    warn(1)
    assert outbox.dispatch() == 0
    assert [outcome for _, outcome, *_ in tries("warning:1")] == ["permanent"]


def test_another_database_gets_rows_by_key(server: Path, send_over: Any) -> None:
    with exchange(server) as url:
        send_over(by="database", url=url, table="public.messages")
        keys = warn(1, 2)
        assert outbox.dispatch() == 2
        with psycopg.connect(url) as receiver:
            there = receiver.execute(
                "select message_id, subject_id, addressee, payload ->> 'message' from messages"
                " order by 1"
            ).fetchall()
            receiver.execute("drop table messages")
        words = "few rows / 行数过少"
        assert there == [(key, f"S{key[-1]}", "owner@customs.example", words) for key in keys]
        # a table that is not there is no matter of time
        warn(3)
        assert outbox.dispatch() == 0
        assert [outcome for _, outcome, *_ in tries("warning:3")] == ["permanent"]
    # a server that is not there may come back
    warn(4)
    assert outbox.dispatch() == 0
    assert [outcome for _, outcome, *_ in tries("warning:4")] == ["transient"] * 3


def run(*words: str) -> str:
    outcome = CliRunner().invoke(app, ["outbox", *words], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_a_person_sees_what_died_and_brings_it_back(service: Service, send_over: Any) -> None:
    send_over(by="webhook", url=service.url)
    Handler.acts = [status(400)]
    warn(1)
    assert "0 message(s) left" in run("send")
    for told in (run("dead"), run("show", "warning:1"), run("list", "--state", "dead")):
        assert "warning:1" in told or "state: dead" in told
    assert "HTTP 400" in run("attempts", "warning:1")
    shown = run("routes")
    assert service.url in shown and TOKEN not in shown
    assert "1 message(s) wait" in run(
        "requeue", "warning:1", "--by", "li.na", "--reason", "the receiver was mended"
    )
    assert "1 message(s) left" in run("send")
    told = run("show", "warning:1")
    assert "state: sent" in told and "receipt: R1" in told and "next attempt" not in told
    assert "warning:1" not in run("dead")
    assert CliRunner().invoke(app, ["outbox", "show", "warning:9"]).exit_code == 1


def test_without_routes_everything_is_a_file(prepared: Settings) -> None:
    warn(*range(5))
    assert outbox.dispatch() == 5
    (file,) = (prepared.outbox / "warnings").glob("*.csv")
    assert len(file.read_text(encoding="utf-8").splitlines()) == 6
    assert rows("select distinct receiver from ops.receipts") == [(f"file:{file.name}",)]
