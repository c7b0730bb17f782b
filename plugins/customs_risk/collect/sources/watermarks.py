"""How far each source was read, kept in `ops.watermarks`.

A watermark is saved after the file is in the inbox: a crash between the two fetches once more, and
landing recognises the same bytes, loading the same rows.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from customs_risk import warehouse


@contextmanager
def sole_fetch(feed: str) -> Iterator[None]:
    """Let one fetch of a feed run at a time; a second one waits."""
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtext(%s))", [f"fetch {feed}"])
        yield


def remembered(feed: str) -> dict[str, str]:
    """Return a feed's watermarks by name."""
    with warehouse.connect() as connection:
        rows = connection.execute("select name, value from ops.watermarks where feed = %s", [feed])
        return {str(name): str(value) for name, value in rows}


def remember(feed: str, values: Mapping[str, str | None]) -> None:
    """Save watermarks by name; None forgets one."""
    kept = [(feed, name, value) for name, value in values.items() if value is not None]
    forgotten = [name for name, value in values.items() if value is None]
    with warehouse.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.watermarks (feed, name, value) values (%s, %s, %s)
            on conflict (feed, name) do update set value = excluded.value, updated_at = now()
            """,
            kept,
        )
        cursor.execute(
            "delete from ops.watermarks where feed = %s and name = any(%s)", [feed, forgotten]
        )
