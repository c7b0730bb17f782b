"""What moment it is: the wall's clock in service, the sandbox's own when it sets the pace."""

from datetime import UTC, date, datetime

from psycopg import Connection

from customs_risk.settings import settings


def present(connection: Connection) -> datetime:
    """Return the present moment.

    The sandbox's days pass faster than the wall's: there, it is when the newest delivery was sent,
    and before the first live one when its history was.
    """
    if settings().schedules == "on":
        return datetime.now(UTC)
    row = connection.execute(
        """
        select coalesce(max(sent_at) filter (where not is_backfill), max(sent_at))
        from ops.batches
        where status <> 'refused'
        """
    )
    (newest,) = row.fetchone() or (None,)
    return newest or datetime.now(UTC)


def business_day(moment: datetime) -> date:
    """Return the business day of a moment, whatever the zone of whoever asks."""
    return moment.astimezone(settings().zone).date()
