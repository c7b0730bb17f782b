"""SFTP: new files below a path, through Airflow's SSH connection."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from customs_risk.collect.sources.connections import connection_of
from customs_risk.collect.sources.failure import Trouble
from customs_risk.collect.sources.inbox import Inbox
from customs_risk.collect.sources.remote_files import Bringing, RemoteFile
from customs_risk.collect.sources.retries import Attempts, Patience
from expectations.contract import Contract

if TYPE_CHECKING:
    from paramiko import SFTPAttributes, SFTPClient

# a file that does not change for so long is taken to be whole; the connection's extra may say more
_SETTLE_SECONDS = 1.0
_REQUESTS_AT_ONCE = 64  # of 32 KiB each


def fetch(contract: Contract, between: tuple[date, date] | None = None) -> list[Path]:
    """Bring new files, or those that were written between two days, each as a delivery.

    The server's host key must be known: from the connection's extra ``host_key`` or the system,
    unless the extra says ``no_host_key_check``.

    Raises:
        SourceFailed: the server could not be read within the bounds; what was brought stays.
    """
    connection = connection_of(contract)
    extra = connection.extra_dejson
    attempts = Attempts(contract.feed, Patience.of(extra))
    settle_seconds = float(extra.get("settle_seconds", _SETTLE_SECONDS))
    root = contract.source.path or "."
    place = f"sftp://{connection.host}:{connection.port or 22}/{root.lstrip('/')}"
    with Inbox(contract, is_backfill=between is not None) as inbox:
        bringing = Bringing(contract, inbox, between, attempts, settle_seconds)

        def attempt() -> None:
            with _connected(contract, attempts.patience) as sftp:
                bringing.bring(_Server(sftp, root))

        attempts.run(place, attempt)
    return bringing.brought


class _Server:
    """The files below a folder of an SFTP server."""

    def __init__(self, sftp: "SFTPClient", root: str) -> None:
        self._sftp = sftp
        self._root = root.rstrip("/") or "/"

    def list(self) -> Iterator[RemoteFile]:
        return self._below("")

    def stat(self, file: RemoteFile) -> RemoteFile:
        return _as_listed(file.name, self._sftp.stat(self._path(file.name)))

    @contextmanager
    def open(self, file: RemoteFile) -> Iterator[BinaryIO]:
        with self._sftp.open(self._path(file.name), "rb") as opened:
            opened.prefetch(file.size, _REQUESTS_AT_ONCE)
            yield opened

    def _below(self, folder: str) -> Iterator[RemoteFile]:
        for each in self._sftp.listdir_attr(self._path(folder)):
            name = f"{folder}/{each.filename}" if folder else each.filename
            mode = each.st_mode or 0
            # links are not followed: they could lead round in a circle, or elsewhere
            if stat.S_ISDIR(mode):
                yield from self._below(name)
            elif stat.S_ISREG(mode):
                yield _as_listed(name, each)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root


@contextmanager
def _connected(contract: Contract, patience: Patience) -> Iterator["SFTPClient"]:
    """Open a session, and tell what goes wrong in it as trouble that passes or does not."""
    import paramiko
    from airflow.providers.ssh.hooks.ssh import SSHHook

    try:
        hook = SSHHook(
            ssh_conn_id=contract.source.connection,
            conn_timeout=max(1, round(patience.timeout_seconds)),
            banner_timeout=patience.timeout_seconds,
            auth_timeout=max(1, round(patience.timeout_seconds)),
            conn_retry_attempts=1,
        )
        with hook.get_conn() as client, client.open_sftp() as sftp:
            sftp.get_channel().settimeout(patience.timeout_seconds)
            yield sftp
    except paramiko.AuthenticationException:
        raise Trouble("it does not accept the connection's user", passes=False) from None
    except paramiko.BadHostKeyException:
        raise Trouble("its host key is not the one that is known", passes=False) from None
    except paramiko.SSHException as error:
        is_strange = "not found in known_hosts" in str(error)
        what = "its host key is not known" if is_strange else f"the session failed: {error}"
        raise Trouble(what, passes=not is_strange) from None
    except (FileNotFoundError, PermissionError) as error:
        raise Trouble(f"it does not let this path be read: {error}", passes=False) from None
    except TimeoutError:
        raise Trouble(f"silent for {patience.timeout_seconds:g} s", passes=True) from None
    except (OSError, EOFError) as error:
        what = f"no connection, or it was cut ({type(error).__name__})"
        raise Trouble(what, passes=True) from None


def _as_listed(name: str, attributes: "SFTPAttributes") -> RemoteFile:
    return RemoteFile(name, int(attributes.st_size or 0), float(attributes.st_mtime or 0))
