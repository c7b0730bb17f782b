"""Files that a reader fetches from a folder: they appear whole, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from customs_risk.settings import settings
from customs_risk.treat.outbox.channels import Receipt, Send
from customs_risk.treat.outbox.failures import Transient
from customs_risk.treat.outbox.kinds import KINDS
from customs_risk.treat.outbox.routes import FileDrop
from customs_risk.treat.outbox.shipments import Shipment


@contextmanager
def opened(name: str, route: FileDrop) -> Iterator[Send]:
    """Yield what drops files; killed before the commit, it writes the same file again."""
    del name

    def send(shipment: Shipment, connection: psycopg.Connection) -> Receipt:
        target = _folder(route, shipment.kind) / shipment.file_name
        content = shipment.lines(connection)
        try:
            _write_whole(target, content)
        except OSError as error:
            raise Transient(f"{target.parent}: {error.strerror}") from error
        # a file drop's receipt is that the rename succeeded
        return Receipt(f"file:{target.name}", file_name=target.name)

    yield send


def _folder(route: FileDrop, kind: str) -> Path:
    """Inspectors find instructions in the outbox itself; other readers have a folder each."""
    home = route.folder or settings().outbox
    return home if kind == "instruction" else home / KINDS[kind].files


def _write_whole(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
