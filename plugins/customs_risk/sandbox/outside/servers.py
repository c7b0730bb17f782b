"""The outside world's servers: where the providers of the feeds are fetched from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from customs_risk.sandbox.delivery import sent_on, write_whole
from customs_risk.sandbox.outside import PUBLISHERS
from customs_risk.sandbox.outside.http_server import USER, HttpServer
from customs_risk.sandbox.outside.sftp_server import SftpServer
from customs_risk.sandbox.outside.shared_database import SharedDatabase
from customs_risk.sandbox.outside.shelf import PUBLISHED, Shelf, moment_of, write_timed
from expectations.contract import Contract, contracts

if TYPE_CHECKING:
    from customs_risk.sandbox.outside.publisher import Published, Publisher
    from customs_risk.sandbox.world import World

_ENDINGS = {"cuscar": "edi", "paxlst": "edi", "sdn": "csv"}


class Outside:
    """Real servers on loopback: HTTP, SFTP, an object store (a folder), a shared PostgreSQL.

    A context manager: they answer between entry and exit, on free ports. What was published lies
    under `<home>/sandbox/outside`, so a later process goes on with it. Everything is dated by the
    sandbox's clock. The warehouse's server must run before entry.
    """

    def __init__(self, world: World, publishers: Mapping[str, Publisher] = PUBLISHERS) -> None:
        self._world = world
        self._publishers = publishers
        self._folder = world.home.resolve() / "sandbox" / "outside"
        self._shelf = Shelf(self._folder)
        self._contracts = {each.feed: each for each in contracts()}
        self._http = HttpServer(self._shelf, contracts())
        self._sftp = SftpServer(self._folder / "sftp")
        self._running = ExitStack()

    def __enter__(self) -> Self:
        for server in (self._http, self._sftp):
            server.start()
            self._running.callback(server.stop)
        for contract in self._contracts.values():
            match contract.source.kind:
                case "postgres":
                    self._database().prepare(contract)
                case "sftp" | "storage":
                    self._remote_folder(contract).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    @property
    def now(self) -> datetime:
        """The present moment of the sandbox, as its servers tell it."""
        return self._shelf.now

    def publish(self, day: date, feeds: Collection[str] | None = None) -> list[str]:
        """Lay out what the providers publish on a business day; return the feeds that have news.

        Published again, it is the same. A folder feed's file appears in the inbox itself, in its
        backfill folder if the day belongs to history. With ``feeds``, only those publish.
        """
        told = []
        for feed, publisher in self._publishers.items():
            if feeds is None or feed in feeds:
                published = publisher.publish(self._world, day)
                if published:
                    self._lay_out(self._contracts[feed], day, published)
                    told.append(feed)
        self._shelf.move_to(moment_of(day))
        return told

    def connections(self) -> dict[str, str]:
        """Return the Airflow connections that the feeds name: ``AIRFLOW_CONN_<ID>`` and value."""
        return {
            f"AIRFLOW_CONN_{contract.source.connection.upper()}": json.dumps(
                self._connection(contract)
            )
            for contract in self._contracts.values()
            if contract.source.connection
        }

    def _connection(self, contract: Contract) -> dict[str, object]:
        name = contract.source.connection
        match contract.source.kind:
            case "http":
                return {
                    "conn_type": "http",
                    "host": f"{self._http.url}/{name}",
                    "login": USER,
                    "password": self._http.password,
                    # neither a proxy nor a .netrc of this machine has a say on loopback
                    "extra": {"trust_env": False},
                }
            case "sftp":
                return {
                    "conn_type": "ssh",
                    "host": "127.0.0.1",
                    "port": self._sftp.port,
                    "login": name,
                    "password": self._sftp.password,
                    "extra": {
                        "host_key": self._sftp.host_key,
                        "look_for_keys": "false",
                        # here, files appear whole
                        "settle_seconds": 0,
                    },
                }
            case "postgres":
                return self._database().connection
        root = (self._folder / "storage" / str(name)).as_uri()
        return {"conn_type": "generic", "extra": {"root": root}}

    def _lay_out(self, contract: Contract, day: date, published: Published) -> None:
        moment = moment_of(day)
        kind = contract.source.kind
        if kind == "http" and isinstance(published, list):
            self._shelf.put_records(contract.feed, day, published)
        elif kind == "http":
            for name, content in _files(contract, _content(published)).items():
                self._shelf.put_file(contract.feed, name, content, moment)
        elif kind == "postgres" and isinstance(published, list):
            self._database().share(day, moment, published)
        elif kind == "folder":
            self._drop(contract, day, _content(published))
        else:
            name = f"{contract.feed}_{day:%Y%m%d}.{_ending(contract)}"
            write_timed(self._remote_folder(contract) / name, _content(published), moment)

    def _drop(self, contract: Contract, day: date, content: bytes) -> None:
        inbox = self._world.home / "inbox" / contract.feed
        folder = inbox / "backfill" if day <= self._world.history_end else inbox
        name = f"{contract.feed}_{sent_on(day, PUBLISHED):%Y%m%dT%H%M%S}.{_ending(contract)}"
        write_whole(folder / name, content)

    def _remote_folder(self, contract: Contract) -> Path:
        source = contract.source
        root = self._folder / source.kind / str(source.connection)
        return root / (source.path or "").strip("/")

    def _database(self) -> SharedDatabase:
        return SharedDatabase()


def _ending(contract: Contract) -> str:
    return "zip" if contract.packed else _ENDINGS.get(contract.format, contract.format)


def _content(published: Published) -> bytes:
    """Return a file's bytes; records become one JSON object a line."""
    if isinstance(published, bytes):
        return published
    lines = (json.dumps(record, ensure_ascii=False) for record in published or [])
    return "".join(f"{line}\n" for line in lines).encode()


def _files(contract: Contract, content: bytes) -> dict[str, bytes]:
    """Return the files that a provider shows: one, or those of which it has several, by name."""
    if not contract.source.files:
        return {"whole": content}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name.rpartition("/")[2]) for name in contract.source.files}
