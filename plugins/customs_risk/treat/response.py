"""What is done while an emergency or a drill lasts: measures, steps, findings, and its end.

Emergencies and drills begin in ``emergencies.py`` (Order 271, Article 17).
"""

from datetime import date, datetime
from typing import Any

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.treat import outbox
from customs_risk.treat.emergencies import UnusableEmergency
from customs_risk.treat.numbers import numbered

_MEASURE = """
insert into ops.emergency_measures (
    activation_id, measure_no, measure_item, measure_en, measure_zh, wanted_by, starts_at, ends_at
)
select
    activations.activation_id,
    1 + (
        select count(*) from ops.emergency_measures as earlier
        where earlier.activation_id = activations.activation_id
    ),
    %(item)s, %(what_en)s, %(what_zh)s, %(by)s, %(moment)s,
    %(moment)s + %(hours)s * interval '1 hour'
from ops.emergency_activations as activations
where
    activations.activation_id = %(activation_id)s
    and activations.started_at is not null
    and activations.stood_down_at is null
returning measure_no
"""

_DONE = """
update ops.emergency_steps as steps
set done_at = %(at)s, done_by = %(by)s, note = %(note)s
from ops.emergency_activations as activations
where
    activations.activation_id = steps.activation_id
    and steps.activation_id = %(activation_id)s
    and steps.step_no = %(step_no)s
    and steps.done_at is null
    and %(at)s between activations.started_at and coalesce(activations.stood_down_at, 'infinity')
"""

_END_MEASURES = """
update ops.emergency_measures
set ended_at = %(moment)s, ended_by = %(by)s, end_reason = %(reason)s
where
    activation_id = %(activation_id)s
    and (measure_no = %(measure_no)s or %(measure_no)s::int is null)
    and ended_at is null
    and ends_at > %(moment)s
"""

_STAND_DOWN = """
update ops.emergency_activations
set stood_down_at = %(moment)s, stood_down_by = %(by)s, stand_down_reason = %(reason)s
where
    activation_id = %(activation_id)s
    and started_at <= %(moment)s
    and stood_down_at is null
"""

_FINDING = """
insert into ops.emergency_findings (
    finding_id, activation_id, finding_en, finding_zh, responsible, due_on, noted_at, noted_by
)
select
    %(finding_id)s, activation_id, %(finding_en)s, %(finding_zh)s, %(responsible)s, %(due_on)s,
    %(moment)s, %(by)s
from ops.emergency_activations
where activation_id = %(activation_id)s and started_at is not null
on conflict (finding_id) do nothing
"""

_MENDED = """
update ops.emergency_findings
set mended_at = %(moment)s, mended_by = %(by)s, how_mended = %(how)s
where finding_id = %(finding_id)s and mended_at is null
"""


def want(
    activation_id: str, *, item: int, what_en: str, what_zh: str, hours: float, by: str
) -> int | None:
    """Want a further urgent measure (item of Article 13) for some hours; return its number.

    None if the activation has not started, or is stood down.
    """
    if not (1 <= item <= 7 and hours > 0 and what_en.strip() and what_zh.strip()):
        raise UnusableEmergency(
            "a measure is of item 1 to 7, told in both languages, for more than no time"
            " 措施须属第一至七类，并有中英文内容与时限"
        )
    told = {"item": item, "what_en": what_en, "what_zh": what_zh, "hours": hours}
    with warehouse.connect() as connection:
        told |= {"activation_id": activation_id, "by": by, "moment": clock.present(connection)}
        row = connection.execute(_MEASURE, told).fetchone()
    return row[0] if row else None


def link(activation_id: str, measure_no: int, measure_id: str) -> bool:
    """Note which measure carries out a wanted one; return whether it had none."""
    with warehouse.connect() as connection:
        return (
            connection.execute(
                """
                update ops.emergency_measures set measure_id = %s
                where activation_id = %s and measure_no = %s and measure_id is null
                """,
                [measure_id, activation_id, measure_no],
            ).rowcount
            == 1
        )


def end_measure(activation_id: str, measure_no: int, *, by: str, reason: str) -> bool:
    """End an urgent measure before its time; return whether it was running."""
    with warehouse.connect() as connection:
        return _act(
            connection, _END_MEASURES, activation_id, by, measure_no=measure_no, reason=reason
        )


def done(
    activation_id: str,
    step_no: int,
    *,
    by: str,
    note: str | None = None,
    at: datetime | None = None,
) -> bool:
    """Note that a step is done, now or at an earlier moment since the start.

    Returns whether it was open and the moment can be.
    """
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        if at is not None and (at.tzinfo is None or at > moment):
            raise UnusableEmergency(f"{at} has no zone, or is yet to come 时刻无时区或尚未到来")
        told = {"step_no": step_no, "note": note, "at": at or moment}
        return _act(connection, _DONE, activation_id, by, **told)


def stand_down(activation_id: str, *, by: str, reason: str) -> bool:
    """End an activation and the urgent measures that still run; return whether it lasted."""
    if not reason.strip():
        raise UnusableEmergency(f"{activation_id}: standing down needs a reason 终止须说明理由")
    with warehouse.connect() as connection:
        lasted = _act(connection, _STAND_DOWN, activation_id, by, reason=reason)
        if lasted:
            _act(connection, _END_MEASURES, activation_id, by, measure_no=None, reason=reason)
            # whoever was told that it started is told that it is over
            for kind in ("emergency", "drill"):
                outbox.enqueue(connection, kind)
    return lasted


def find(
    activation_id: str, finding_en: str, finding_zh: str, *, responsible: str, due_on: date, by: str
) -> str:
    """Note what a drill or an event has shown to be mended; return the number of the finding."""
    number = numbered("EF", due_on, activation_id, finding_zh)
    told = {
        "finding_id": number,
        "finding_en": finding_en,
        "finding_zh": finding_zh,
        "responsible": responsible,
        "due_on": due_on,
    }
    with warehouse.connect() as connection:
        known = connection.execute(
            "select 1 from ops.emergency_findings where finding_id = %s", [number]
        ).fetchone()
        if not known and not _act(connection, _FINDING, activation_id, by, **told):
            raise UnusableEmergency(f"{activation_id} never started 该启动未生效")
    return number


def mended(finding_id: str, *, by: str, how: str) -> bool:
    """Note how a finding was mended; return whether it was open."""
    with warehouse.connect() as connection:
        told: dict[str, Any] = {"finding_id": finding_id, "by": by, "how": how}
        told["moment"] = clock.present(connection)
        return connection.execute(_MENDED, told).rowcount == 1


def _act(connection: Connection, statement: Any, activation_id: str, by: str, **told: Any) -> bool:
    told |= {"activation_id": activation_id, "by": by, "moment": clock.present(connection)}
    return connection.execute(statement, told).rowcount > 0
