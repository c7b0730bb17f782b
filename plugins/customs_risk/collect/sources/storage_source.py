"""Object storage: new objects below a path, through Airflow's `ObjectStoragePath`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from customs_risk.collect.sources.connections import connection_of
from customs_risk.collect.sources.failure import SourceFailed, Trouble
from customs_risk.collect.sources.http_client import bare
from customs_risk.collect.sources.inbox import Inbox
from customs_risk.collect.sources.remote_files import Bringing, RemoteFile
from customs_risk.collect.sources.retries import Attempts, Patience
from expectations.contract import Contract

# what the stores call an object's last change
_MODIFIED = ("mtime", "LastModified", "last_modified", "updated", "timeModified")


def fetch(contract: Contract, between: tuple[date, date] | None = None) -> list[Path]:
    """Bring new objects, or those that were written between two days, each as a delivery.

    The connection's extra names the ``root``: a bucket or folder as a URL (``s3://bucket/prefix``,
    ``file:///srv/store``). Another store than a folder needs its Airflow provider.

    Raises:
        SourceFailed: the store could not be read within the bounds; what was brought stays.
    """
    connection = connection_of(contract)
    extra = connection.extra_dejson
    if "://" not in str(extra.get("root", "")):
        raise SourceFailed(
            f"{contract.feed}: the extra of connection {contract.source.connection!r} must name "
            'the store\'s root, for example {"root": "s3://bucket/prefix"}'
        )
    url = f"{extra['root'].rstrip('/')}/{(contract.source.path or '').lstrip('/')}"
    attempts = Attempts(contract.feed, Patience.of(extra))
    settle_seconds = float(extra.get("settle_seconds", 0))
    with Inbox(contract, is_backfill=between is not None) as inbox:
        bringing = Bringing(contract, inbox, between, attempts, settle_seconds)

        def attempt() -> None:
            with _told():
                bringing.bring(_Store(url, str(contract.source.connection)))

        attempts.run(bare(url), attempt)
    return bringing.brought


class _Store:
    """The objects below a URL."""

    def __init__(self, url: str, connection: str) -> None:
        from airflow.sdk import ObjectStoragePath

        self._root: Any = ObjectStoragePath(url, conn_id=connection)
        # a store lists what it listed before, unless it is told to look again
        self._root.fs.invalidate_cache()

    def list(self) -> Iterator[RemoteFile]:
        if not self._root.exists():
            raise Trouble("nothing is stored there", passes=False)
        found = self._root.fs.find(self._root.path, detail=True)
        prefix = self._root.path.rstrip("/") + "/"
        for path, entry in found.items():
            yield _as_listed(str(path).removeprefix(prefix), entry)

    def stat(self, file: RemoteFile) -> RemoteFile:
        self._root.fs.invalidate_cache()
        return _as_listed(file.name, self._root.fs.info((self._root / file.name).path))

    @contextmanager
    def open(self, file: RemoteFile) -> Iterator[BinaryIO]:
        with (self._root / file.name).open("rb") as opened:
            yield opened


@contextmanager
def _told() -> Iterator[None]:
    """Tell what goes wrong as trouble that passes or does not.

    The stores' libraries raise what they like: only what is surely for good is not tried again.
    """
    try:
        yield
    except Trouble:
        raise
    except (FileNotFoundError, PermissionError, ImportError, ValueError) as error:
        raise Trouble(f"it cannot be read: {type(error).__name__}: {error}", passes=False) from None
    except Exception as error:
        raise Trouble(f"it could not be read: {type(error).__name__}", passes=True) from None


def _as_listed(name: str, entry: dict[str, Any]) -> RemoteFile:
    changed = next((entry[key] for key in _MODIFIED if entry.get(key)), 0)
    if isinstance(changed, str):
        changed = datetime.fromisoformat(changed)
    at = changed.timestamp() if isinstance(changed, datetime) else float(changed)
    return RemoteFile(name, int(entry.get("size") or 0), at)
