"""The moment that operations are judged at."""

from datetime import UTC, datetime

import psycopg

from customs_risk.settings import settings

_NEWEST_SENT = """
select max(sent_at) from ops.batches where not is_backfill and status <> 'refused'
"""


def moment(connection: psycopg.Connection) -> datetime:
    """Return the wall's time in service; in the sandbox, the newest time anything live was sent.

    The sandbox has a clock of its own: by the wall's, all of its feeds would be months late.
    """
    now = datetime.now(UTC)
    if settings().schedules == "on":
        return now
    row = connection.execute(_NEWEST_SENT).fetchone()
    return (row and row[0]) or now
