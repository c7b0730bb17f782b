"""Alarms: computed all at once from the ledger and the marts, raised once, cleared when they cease.

A warning needs a recipient: each alarm goes to the one whom the feed's contract names, through the
outbox.
"""

from pathlib import Path

import psycopg

from customs_risk import clock, warehouse
from customs_risk.settings import settings
from customs_risk.treat import outbox

_HERE = Path(__file__).parent
_ALWAYS = ("alarms.sql", "alarms_of_dead_letters.sql")

# only the marts that are built can tell: before the first build nobody can be silent or overdue
_FROM_MARTS = {
    "ml.drift": "alarms_of_models.sql",
    "core.monitoring_coverage": "alarms_of_points.sql",
    "core.information_requests": "alarms_of_requests.sql",
    "ops.approvals": "alarms_of_approvals.sql",
}

_CLEAR = """
update ops.alarms
set cleared_at = %(moment)s
where cleared_at is null and not exists (
    select 1 from due where due.alarm_id = alarms.alarm_id and due.lasts
)
"""

_RAISE = """
insert into ops.alarms (
    alarm_id, kind, feed, subject, raised_at, recipient, message_en, message_zh, details
)
select
    alarm_id, kind, feed, subject, %(moment)s, recipient, message_en, message_zh, details
from due
on conflict (alarm_id) do nothing
"""


def raise_alarms() -> int:
    """Raise what is wrong and not raised yet, clear what has ceased; return how many are new.

    Each new alarm leaves as a warning to its recipient: both are written in one transaction, so
    none is raised in silence. An alarm about a delivery is raised even when a better delivery has
    come since, and cleared by the next call.
    """
    with warehouse.connect() as connection:
        at = {
            "moment": clock.present(connection),
            "in_service": settings().schedules == "on",
            "zone": settings().time_zone,
            "dispatcher": outbox.routes().recipient,
        }
        connection.execute(f"create temporary table due on commit drop as {_due(connection)}", at)
        connection.execute(_CLEAR, at)
        raised = connection.execute(_RAISE, at).rowcount
        outbox.enqueue(connection, "warning")
    return raised


def _due(connection: psycopg.Connection) -> str:
    parts = [*_ALWAYS]
    for mart, part in _FROM_MARTS.items():
        if connection.execute("select 1 where to_regclass(%s) is not null", [mart]).fetchone():
            parts.append(part)
    texts = [(_HERE / part).read_text(encoding="utf-8") for part in parts]
    return "\nunion all\n".join(f"({text})" for text in texts)
