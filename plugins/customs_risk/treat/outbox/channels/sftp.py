"""Files on an SFTP server: written under another name, then renamed. An unknown host gets none."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from posixpath import join
from typing import TYPE_CHECKING

import psycopg

from customs_risk.treat.outbox.channels import Receipt, Send
from customs_risk.treat.outbox.failures import Permanent, Transient
from customs_risk.treat.outbox.routes import Sftp, secret_of
from customs_risk.treat.outbox.shipments import Shipment

if TYPE_CHECKING:
    import paramiko


@contextmanager
def opened(name: str, route: Sftp) -> Iterator[Send]:
    """Yield what writes files on the server; its connection is made once."""
    with _session(name, route) as session:

        def send(shipment: Shipment, connection: psycopg.Connection) -> Receipt:
            target = join(route.folder, shipment.file_name)
            _write_whole(session, target, shipment.lines(connection))
            return Receipt(f"sftp:{name}", file_name=shipment.file_name)

        yield send


@contextmanager
def _session(name: str, route: Sftp) -> "Iterator[paramiko.SFTPClient]":
    import paramiko

    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.get_host_keys().update(_known_hosts(route))
    patience = route.timeout_seconds
    try:
        client.connect(
            route.host,
            route.port,
            route.user,
            password=None if route.key_file else secret_of(name),
            passphrase=secret_of(name) if route.key_file else None,
            key_filename=str(route.key_file) if route.key_file else None,
            allow_agent=False,
            look_for_keys=False,
            timeout=patience,
            banner_timeout=patience,
            auth_timeout=patience,
            channel_timeout=patience,
        )
        session = client.open_sftp()
        session.get_channel().settimeout(patience)
    except paramiko.BadHostKeyException as error:
        client.close()
        raise Permanent(f"{route.host} shows another key than the known one: {error}") from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        client.close()
        if "not found in known_hosts" in str(error):
            raise Permanent(f"{route.host}: {error}") from error
        raise Transient(f"{route.host}: {type(error).__name__}: {error}") from error
    try:
        yield session
    finally:
        client.close()


def _known_hosts(route: Sftp) -> "paramiko.HostKeys":
    import paramiko

    if route.known_hosts:
        try:
            return paramiko.HostKeys(str(route.known_hosts))
        except OSError as error:
            raise Permanent(f"known_hosts: {route.known_hosts}: {error.strerror}") from error
    known = paramiko.HostKeys()
    host = route.host if route.port == 22 else f"[{route.host}]:{route.port}"
    line = paramiko.hostkeys.HostKeyEntry.from_line(f"{host} {route.host_key}")
    if line is None or line.key is None:
        raise Permanent(f"host_key of {route.host}: no public key: 'ssh-ed25519 AAAA…' is wanted")
    known.add(host, line.key.get_name(), line.key)
    return known


def _write_whole(session: "paramiko.SFTPClient", target: str, content: bytes) -> None:
    """Write a file that appears whole. One of that name and size is there from an attempt before:
    the name follows from its messages.
    """
    import paramiko

    try:
        if _size(session, target) == len(content):
            return
        part = f"{target}.part"
        # it asks the server for the size in the end, and raises when that is another
        session.putfo(io.BytesIO(content), part, confirm=True)
        session.posix_rename(part, target)
    except PermissionError as error:
        raise Permanent(f"{target}: {error}") from error
    except FileNotFoundError as error:
        raise Permanent(f"{target}: its folder is not there") from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Transient(f"{target}: {type(error).__name__}: {error}") from error


def _size(session: "paramiko.SFTPClient", path: str) -> int | None:
    try:
        return session.stat(path).st_size
    except FileNotFoundError:
        return None
