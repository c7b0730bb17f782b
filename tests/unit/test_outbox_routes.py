"""What a file of routes may say, how long a dispatcher waits, and what it never keeps."""

from dataclasses import replace
from pathlib import Path

import pytest

from customs_risk.settings import Settings
from customs_risk.treat.outbox.channels.webhook import _asked_to_wait, _receipt
from customs_risk.treat.outbox.dispatch import _as_kept
from customs_risk.treat.outbox.kinds import KINDS, register
from customs_risk.treat.outbox.routes import BrokenRoutes, Routes, read_routes

GOOD = """
recipient: dispatch@customs.example
routes:
  control: {by: webhook, url: https://control.customs.example/in}
  liaison: {by: sftp, host: sftp.example, user: customs, host_key: ssh-ed25519 AAAA}
  shared: {by: database, url: postgresql://customs@db.example/exchange, table: inbox.messages}
send:
  - {kind: instruction, over: control}
  - {addressee: "agency:*", over: shared}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "routes.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_routes_is_read_and_files_are_always_there(tmp_path: Path) -> None:
    told = read_routes(written(tmp_path, GOOD))
    assert list(told.by_name) == ["files", "control", "liaison", "shared"]
    assert [rule.over for rule in told.send] == ["control", "shared"]
    # a webhook's message stands for itself; a file holds many
    assert told.by_name["control"].most_messages == 1 < told.by_name["files"].most_messages


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (("over: shared", "over: nowhere"), "'nowhere' is no route"),
        (("kind: instruction", "kind: whisper"), "'whisper' is no kind"),
        (("https://control", "http://control"), "https only"),
        (("https://control", "https://me:pw@control"), "no credentials"),
        (
            ("https://control.customs.example/in", "'https://control.example/in?token=abc'"),
            "no query",
        ),
        (("customs@db", "customs:pw@db"), "no password"),
        (("host_key: ssh-ed25519 AAAA", "port: 22"), "host_key or known_hosts"),
        (("table: inbox.messages", "table: 'inbox; drop table x'"), "table"),
        (("by: webhook", "by: pigeon"), "pigeon"),
        (("recipient:", "recipent:"), "recipent"),
    ],
)
def test_a_file_of_routes_that_cannot_be_followed_is_refused(
    tmp_path: Path, wrong: tuple[str, str], named: str
) -> None:
    path = written(tmp_path, GOOD.replace(*wrong))
    with pytest.raises(BrokenRoutes, match=named) as refused:
        read_routes(path)
    assert str(path) in str(refused.value)
    # what was written there by mistake is not spread further
    assert ":pw" not in str(refused.value) and "abc" not in str(refused.value)


def test_a_file_of_routes_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenRoutes, match=r"nothing\.yml"):
        read_routes(tmp_path / "nothing.yml")


def test_the_wait_doubles_up_to_the_longest_and_is_spread() -> None:
    told = Routes(first_wait_seconds=60, longest_wait_seconds=3600)
    for attempt_no, most in [(1, 60), (2, 120), (6, 1920), (7, 3600), (500, 3600)]:
        waits = {told.wait_seconds(attempt_no, f"shipment {n}") for n in range(50)}
        assert len(waits) == 50
        assert most / 2 <= min(waits) < 0.6 * most and 0.9 * most < max(waits) <= most
    assert told.wait_seconds(3, "S") == told.wait_seconds(3, "S")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        (None, None),
    ],
)
def test_what_a_receiver_asks_to_wait(header: str | None, seconds: float | None) -> None:
    assert _asked_to_wait(header) == seconds


@pytest.mark.parametrize(
    ("said", "receipt"),
    [
        (b'{"receipt_id": "R-7"}', "R-7"),
        (b'{"receipt_id": 7}', "7"),
        (b'{"id": 7}', None),
        (b"[1]", None),
        (b"thank you", None),
        (b"\xff\xfe", None),
        (b"", None),
    ],
)
def test_a_receipt_is_what_the_answer_calls_so(said: bytes, receipt: str | None) -> None:
    assert _receipt(said, "receipt_id") == receipt


def test_a_secret_is_never_kept_with_an_error() -> None:
    echoed = "HTTP 400: you sent Bearer s3cret-token " + "x" * 600
    assert "s3cret" not in _as_kept(echoed, "s3cret-token")
    # nor half of it, where the text is cut
    assert "s3c" not in _as_kept("y" * 497 + "s3cret-token", "s3cret-token")


def test_secrets_come_from_the_environment_and_are_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUSTOMS_RISK_ROUTE_SECRETS", '{"control": "s3cret-token"}')
    told = Settings()
    assert told.route_secrets["control"].get_secret_value() == "s3cret-token"
    assert "s3cret" not in str(told) + repr(told)


def test_two_kinds_of_one_name_are_refused() -> None:
    warning = KINDS["warning"]
    assert register(warning) is warning
    with pytest.raises(ValueError, match="warning"):
        register(replace(warning, told=("addressee",)))
