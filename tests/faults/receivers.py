"""Those whom messages are for: a web service, an SFTP server and a database, real, on loopback."""

import json
import os
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import paramiko
import psycopg

from customs_risk import warehouse as doors
from customs_risk.embedded import postgres
from tests.faults.moody_server import Handler, playing

PASSWORD = "s3cret-of-the-server"
TABLE = """
create table messages (
    message_id text primary key, kind text not null, subject_id text not null,
    decided_on date not null, addressee text, payload jsonb not null,
    arrived_at timestamptz not null default now()
)
"""


class Service:
    """Takes messages by their keys, and knows how often each was brought."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: dict[str, dict[str, Any]] = {}
        self.brought: dict[str, int] = defaultdict(int)
        self.tokens: set[str | None] = set()

    def take(self, handler: Handler) -> None:
        key = handler.headers["Idempotency-Key"]
        self.brought[key] += 1
        self.tokens.add(handler.headers.get("Authorization"))
        self.taken.setdefault(key, json.loads(Handler.bodies[-1]))
        number = list(self.taken).index(key) + 1
        handler.give(json.dumps({"receipt_id": f"R{number}"}).encode())


@contextmanager
def http_service() -> Iterator[Service]:
    service = Service()
    with playing(service.take) as url:
        Handler.bodies = []
        service.url = f"{url}/messages"
        yield service


@contextmanager
def exchange(server: Path) -> Iterator[str]:
    """Make a second database with the table that messages go into; yield its URL."""
    with psycopg.connect(postgres.url(server, "postgres"), autocommit=True) as connection:
        connection.execute("drop database if exists exchange with (force)")
        connection.execute("create database exchange")
        url = postgres.url(server, "exchange")
        with psycopg.connect(url) as receiver:
            receiver.execute(TABLE)
        yield url
        connection.execute("drop database exchange with (force)")


@contextmanager
def sftp_server(folder: Path) -> Iterator["SftpServer"]:
    server = SftpServer(folder)
    yield server
    server.stop()


class SftpServer:
    """Keeps what is written into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = paramiko.ECDSAKey.generate()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._sessions: list[paramiko.Transport] = []
        Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def host_key(self) -> str:
        return f"{self._key.get_name()} {self._key.get_base64()}"

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for session in self._sessions:
            session.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            session = paramiko.Transport(peer)
            session.add_server_key(self._key)
            session.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder, root=self.folder)
            self._sessions.append(session)
            session.start_server(event=Event(), server=_Door())


class _Door(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = password == PASSWORD
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Folder(paramiko.SFTPServerInterface):
    def __init__(self, server: _Door, *, root: Path) -> None:
        super().__init__(server)
        self._root = root

    def _at(self, path: str) -> Path:
        return self._root / self.canonicalize(path).lstrip("/")

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._at(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def open(self, path: str, flags: int, attr: object) -> paramiko.SFTPHandle | int:
        try:
            descriptor = os.open(self._at(path), flags, 0o644)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = paramiko.SFTPHandle(flags)
        handle.writefile = os.fdopen(descriptor, "wb")
        return handle

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        try:
            self._at(oldpath).replace(self._at(newpath))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        return paramiko.SFTP_OK


def warn(*numbers: int, addressee: str = "owner@customs.example") -> list[str]:
    """Put warnings into the outbox; return their keys."""
    with doors.connect() as connection:
        for number in numbers:
            connection.execute(
                """insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
                values ('warning:' || %(n)s, 'warning', 'S' || %(n)s, '2026-06-30',
                    jsonb_build_object('addressee', %(to)s::text, 'alarm', 'volume', 'feed', 'f',
                        'subject', 'S' || %(n)s, 'raised_at', '2026-06-30T08:00:00+08:00',
                        'message', 'few rows / 行数过少', 'secret_note', 'stays here'))""",
                {"n": str(number), "to": addressee},
            )
    return [f"warning:{number}" for number in numbers]


def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with doors.connect() as connection:
        return connection.execute(query, values or None).fetchall()


def empty() -> None:
    with doors.connect() as connection:
        connection.execute(
            "truncate ops.dead_letters, ops.dispatch_attempts, ops.receipts, ops.outbox,"
            " ops.shipments, ops.alarms"
        )
