"""The providers' web servers, all behind one port on loopback: `/<connection>/<path of the feed>`.

Records are wrapped, filtered and paged as each feed's declaration expects of its provider; whole
files come with ETag and Last-Modified. Everything is dated by the sandbox's clock.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from expectations.order import Order, order_of, rank_of

if TYPE_CHECKING:
    from customs_risk.sandbox.outside.shelf import Json, Shelf
    from expectations.contract import Contract

USER = "customs-risk"
_ODATA = re.compile(r"(\w+) (ge|gt|le|lt) (\S+)")
_BARE_DATE = len("2026-06-30")


class HttpServer:
    """Serves what is on the shelf, to whoever knows the password of this run."""

    def __init__(self, shelf: Shelf, contracts: tuple[Contract, ...]) -> None:
        self.password = secrets.token_urlsafe(12)
        routes = {route: target for each in contracts for route, target in _routes(each)}
        credentials = b64encode(f"{USER}:{self.password}".encode()).decode()

        class Handler(_Handler):
            pass

        Handler.shelf, Handler.routes = shelf, routes
        Handler.authorization = f"Basic {credentials}"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class _Target:
    """What stands behind a route: a feed's records, or one of its files."""

    contract: Contract
    file: str | None = None


def _routes(contract: Contract) -> Iterator[tuple[str, _Target]]:
    source = contract.source
    if source.kind != "http":
        return
    root = f"/{source.connection}/{(source.path or '').strip('/')}".rstrip("/")
    yield root, _Target(contract)
    for name in source.files:
        yield f"{root}/{name}", _Target(contract, name)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    shelf: Shelf
    routes: dict[str, _Target]
    authorization: str

    def do_GET(self) -> None:
        self._serve("GET", dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(content)
        except ValueError:
            self._answer(HTTPStatus.BAD_REQUEST)
        else:
            self._serve("POST", _flat(body))

    def _serve(self, method: str, told: dict[str, str]) -> None:
        asked = urlsplit(self.path)
        target = self.routes.get(unquote(asked.path).rstrip("/"))
        if self.headers.get("Authorization") != self.authorization:
            self._answer(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="sandbox"'})
        elif target is None:
            self._answer(HTTPStatus.NOT_FOUND)
        elif method != target.contract.source.method:
            self._answer(HTTPStatus.METHOD_NOT_ALLOWED)
        elif file := self.shelf.file(target.contract.feed, target.file or "whole"):
            self._send_file(*file)
        elif target.contract.format == "json" and target.file is None:
            self._send_records(target.contract, told, asked.path)
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the sandbox's time, which stands in every answer's Date header."""
        del timestamp
        return _http_date(self.shelf.now)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the console is the run's."""

    def _send_file(self, content: bytes, changed: datetime) -> None:
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Last-Modified": _http_date(changed)}
        if self._has_it(etag, changed):
            self._answer(HTTPStatus.NOT_MODIFIED, headers)
        else:
            self._answer(HTTPStatus.OK, headers, content)

    def _has_it(self, etag: str, changed: datetime) -> bool:
        # where both are told, the tag decides (RFC 9110, 13.2.2)
        if told := self.headers.get("If-None-Match"):
            return told == etag
        if since := self.headers.get("If-Modified-Since"):
            return changed.replace(microsecond=0) <= parsedate_to_datetime(since)
        return False

    def _send_records(self, contract: Contract, asked: dict[str, str], path: str) -> None:
        records = _asked_for(self.shelf.records(contract.feed), contract, asked)
        page, position = _page(records, contract, asked)
        document = _wrapped(page, contract)
        paging = contract.source.paging
        if paging and paging.kind == "next" and page and isinstance(document, dict):
            further = urlencode(asked | {"page": str(position + 1)})
            document[paging.next_path or "next"] = f"{path}?{further}"
        content = json.dumps(document, ensure_ascii=False).encode()
        self._answer(HTTPStatus.OK, {"Content-Type": "application/json"}, content)

    def _answer(
        self, status: HTTPStatus, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _asked_for(records: list[Json], contract: Contract, asked: dict[str, str]) -> list[Json]:
    """Return the records within the bounds that the query names, the oldest first."""
    for name in contract.source.month_params:
        records = [
            each for each in records if str(each.get(name)) in asked.get(name, "").split(",")
        ]
    since = contract.source.since
    if since is None:
        return records
    order = order_of(since)
    conditions = [each for name in asked for each in _conditions(contract, name, asked[name])]
    kept = [
        record
        for record in records
        if all(_holds(record.get(field), sign, bound, order) for field, sign, bound in conditions)
    ]
    # what is no moment stands first
    return sorted(kept, key=lambda record: str(rank_of(order, record.get(since.field)) or ""))


def _conditions(contract: Contract, name: str, value: str) -> list[tuple[str, str, str]]:
    """Read a query parameter as bounds, by what the feed's declaration puts into it."""
    source = contract.source
    field = source.since.field if source.since else ""
    if name == "$filter":
        return [(field, sign, bound) for field, sign, bound in _ODATA.findall(value)]
    if "{last" in source.between.get(name, ""):
        return [(field, "le", value)]
    is_lower = name in source.between or (source.since and name == source.since.param)
    return [(field, "ge", value)] if is_lower else []


def _holds(value: object, sign: str, bound: str, order: Order) -> bool:
    if not isinstance(value, str):
        return False
    if len(bound) == _BARE_DATE:
        # a bare date means the whole day
        ours, theirs = value[:_BARE_DATE], bound
    else:
        ours, theirs = order(value), order(bound)
    sense = (ours > theirs) - (ours < theirs)
    return {"ge": sense >= 0, "gt": sense > 0, "le": sense <= 0, "lt": sense < 0}[sign]


def _page(records: list[Json], contract: Contract, asked: dict[str, str]) -> tuple[list[Json], int]:
    """Return the records of the page that is asked for, and its position."""
    paging = contract.source.paging
    if paging is None:
        return records, 0
    size = int(asked.get(paging.size_param or "", paging.size))
    if paging.kind == "offset":
        position = int(asked.get(paging.position_param or "offset", 0))
        return records[position : position + size], position
    position = int(asked.get(paging.position_param or "page", paging.first))
    begin = (position - paging.first) * size
    return records[begin : begin + size], position


def _wrapped(records: list[Json], contract: Contract) -> object:
    """Put records where the feed's declaration says they stand."""
    document: object = records
    for key in reversed((contract.records or "item").split(".")[:-1]):
        document = {key: document}
    return document


def _flat(body: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return a body's values under their dotted names."""
    flat: dict[str, str] = {}
    for name, value in body.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = str(value)
    return flat


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
