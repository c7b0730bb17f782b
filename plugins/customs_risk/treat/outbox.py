"""The one outbox: instructions leave through it, once each, with a key that says so.

Order 271, Article 4: instructions are issued from one place (统一下达指令).
"""

import hashlib
from datetime import date
from pathlib import Path

import psycopg

from customs_risk import warehouse
from customs_risk.settings import settings

_ENQUEUE = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    'instruction:' || instruction_id,
    'instruction',
    declaration_id,
    decided_on,
    jsonb_build_object(
        'instruction_id', instruction_id,
        'declaration_id', declaration_id,
        'office_code', office_code,
        'selected_by', selected_by,
        'what_to_examine', what_to_examine_zh || ' / ' || what_to_examine_en,
        'reason', reason_zh || ' / ' || reason_en
    )
from treatment.instructions
-- what was decided long before the last message has its own: business days do not tell, since a
-- delivery may be late
where decided_at >= coalesce(
    (select max(enqueued_at) - interval '7 days' from ops.outbox), '-infinity'
)
on conflict (message_id) do nothing
"""

_WAITING = """
select decided_on, array_agg(message_id order by message_id)
from ops.outbox
where dispatched_at is null and kind = 'instruction'
group by decided_on
order by decided_on
"""

_LINES = """
copy (
    select
        message_id,
        payload ->> 'instruction_id' as instruction_id,
        payload ->> 'declaration_id' as declaration_id,
        payload ->> 'office_code' as office_code,
        decided_on,
        payload ->> 'selected_by' as selected_by,
        payload ->> 'what_to_examine' as what_to_examine,
        payload ->> 'reason' as reason
    from ops.outbox
    where message_id = any(%s)
    order by message_id
) to stdout with (format csv, header)
"""

_DISPATCHED = """
update ops.outbox
set dispatched_at = now(), file_name = %s, attempts = attempts + 1
where message_id = any(%s)
"""

_RECEIPT = """
insert into ops.receipts (message_id, receiver)
select unnest(%s::text[]), %s
on conflict (message_id) do nothing
"""


def dispatch() -> int:
    """Enqueue new instructions and drop one file per day of decision; return how many left.

    A dispatcher killed between the file and the commit writes the same file again, under the
    same name: a receiver that knows ``message_id`` sees each instruction once.
    """
    with warehouse.connect() as connection:
        connection.execute(_ENQUEUE)
    sent = 0
    with warehouse.connect() as connection:
        waiting = connection.execute(_WAITING).fetchall()
        for decided_on, message_ids in waiting:
            _drop(connection, decided_on, message_ids)
            sent += len(message_ids)
    return sent


def _drop(connection: psycopg.Connection, decided_on: date, message_ids: list[str]) -> None:
    target = settings().outbox / _file_name(decided_on, message_ids)
    target.parent.mkdir(parents=True, exist_ok=True)
    _write_lines(connection, message_ids, target)
    connection.execute(_DISPATCHED, [target.name, message_ids])
    # a file drop's receipt is that the rename succeeded
    connection.execute(_RECEIPT, [message_ids, f"file:{target.name}"])


def _write_lines(connection: psycopg.Connection, message_ids: list[str], target: Path) -> None:
    part = target.with_suffix(".part")
    with (
        part.open("wb") as file,
        connection.cursor() as cursor,
        cursor.copy(_LINES, [message_ids]) as lines,
    ):
        file.writelines(lines)
    part.rename(target)


def _file_name(decided_on: date, message_ids: list[str]) -> str:
    content = hashlib.sha256("\n".join(message_ids).encode()).hexdigest()
    return f"instructions_{decided_on:%Y%m%d}_{content[:12]}.csv"
