"""A web server of many moods: what goes wrong with HTTP sources, one act for each request."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import requests

NOW = datetime(2026, 7, 1, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai

Act = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Plays the acts that a test puts on, one for each request, and then behaves."""

    protocol_version = "HTTP/1.1"
    acts: list[Act] = []  # noqa: RUF012 - one stage, which each test clears
    records: list[dict] = []  # noqa: RUF012
    asked: list[str] = []  # noqa: RUF012
    bodies: list[bytes] = []  # noqa: RUF012
    usual: Act
    over = Event()

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        act = self.acts.pop(0) if self.acts else type(self).usual
        act(self)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        type(self).bodies.append(self.rfile.read(length))
        self.do_GET()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(NOW, usegmt=True)

    def log_message(self, *_args: object) -> None:
        pass

    def give(
        self, content: bytes, kind: str = "application/json", code: int = 200, **headers: str
    ) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


def behave(handler: Handler) -> None:
    """Give the records since what is asked for, a page at a time."""
    asked = parse_qs(urlsplit(handler.path).query)
    since, skip, top = (asked.get(key, [""])[0] for key in ("since", "skip", "top"))
    records = [each for each in handler.records if each["changed"] >= since]
    page = records[int(skip or 0) :][: int(top or len(records) or 1)]
    handler.give(json.dumps({"value": page}).encode())


def relay_to(upstream: str) -> Act:
    """Ask another server the same, and give its answer."""

    def relay(handler: Handler) -> None:
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": handler.headers.get("Authorization", "")}
            answer = session.get(upstream + handler.path, headers=headers)
        handler.give(answer.content, answer.headers.get("Content-Type", ""), answer.status_code)

    return relay


@contextmanager
def playing(usual: Act) -> Iterator[str]:
    """Open the server on a free port of loopback; yield its URL."""
    Handler.acts, Handler.usual = [], staticmethod(usual)
    Handler.over.clear()
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    Handler.over.set()
    running.shutdown()
    running.server_close()


def status(code: int, **headers: str) -> Act:
    return lambda handler: handler.give(b"{}", code=code, **headers)


def half_a_body(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"value": [{"id": 1, ')
    handler.close_connection = True


def broken_chunks(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"40\r\nshorter than it said")
    handler.close_connection = True


def half_without_length(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(b'{"value": [{"id": 1, ')
    handler.close_connection = True


def cut(handler: Handler) -> None:
    handler.close_connection = True


def silent(handler: Handler) -> None:
    handler.over.wait(5)
    handler.close_connection = True


def round_in_a_circle(handler: Handler) -> None:
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.send_header("Content-Length", "0")
    handler.end_headers()
    handler.acts.insert(0, round_in_a_circle)


def page_for_people(handler: Handler) -> None:
    handler.give(b"<!DOCTYPE html><p>We are down for maintenance", kind="text/html")


def page_in_disguise(handler: Handler) -> None:
    handler.give(b"\n<html><p>Log in, please")


def no_json(handler: Handler) -> None:
    handler.give(b'{"value": [nonsense]}')
