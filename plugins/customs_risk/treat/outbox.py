"""The one outbox: whatever leaves goes through it, once each, with a key that says so.

Order 271, Article 4: instructions are issued from one place (统一下达指令). Warnings to those who
answer for a feed, requests for information (Article 8), levels of risk that moved (Article 18), and
measures with what became of them (Articles 13 and 15) leave by the same door.
"""

import hashlib
from datetime import date
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from customs_risk import warehouse
from customs_risk.settings import settings

_INSTRUCTIONS = """
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
-- what was decided long before the last instruction has its own: business days do not tell, since a
-- delivery may be late
where decided_at >= coalesce(
    (select max(enqueued_at) - interval '7 days' from ops.outbox where kind = 'instruction'),
    '-infinity'
)
on conflict (message_id) do nothing
"""

_WARNINGS = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    'warning:' || alarm_id,
    'warning',
    subject,
    raised_at::date,
    jsonb_build_object(
        'addressee', recipient,
        'alarm', kind,
        'feed', feed,
        'subject', subject,
        'raised_at', raised_at,
        'message', message_zh || ' / ' || message_en
    )
from ops.alarms
where cleared_at is null
on conflict (message_id) do nothing
"""

_REQUESTS = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    'request:' || request_id,
    'request',
    party_id,
    asked_at::date,
    jsonb_build_object(
        'addressee', party_id,
        'request_id', request_id,
        'party_name', party_name,
        'what', what_zh || ' / ' || what_en,
        'legal_basis', legal_basis,
        'due_at', due_at
    )
from ops.information_requests
where closed_at is null
on conflict (message_id) do nothing
"""

_REASSESSMENTS = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    'reassessment:' || declaration_id || ':' || conclusion_no,
    'reassessment',
    declaration_id,
    looked_on,
    jsonb_build_object(
        'addressee', office_code,
        'declaration_id', declaration_id,
        'level_before', level_before,
        'level_after', level_after,
        'message', words_zh || ' / ' || words_en
    )
from assessment.reassessments
where
    is_told
    -- what was drawn long before the last one that left has left
    and reassessed_at >= coalesce(
        (select max(enqueued_at) - interval '7 days' from ops.outbox where kind = 'reassessment'),
        '-infinity'
    )
on conflict (message_id) do nothing
"""

# a party is told of its own measures; whatever concerns goods, countries or means is for those who
# apply it. Told is: that a measure will have effect, that it is lifted, what became of a rebuttal
_MEASURES = """
with

told as (
    select
        'measure:' || measure_id || ':begins' as message_id,
        measure_id,
        case when supersedes is null then 'begins' else 'adjusted' end as "event",
        effective_from as at,
        reason_zh || ' / ' || reason_en as message
    from ops.measure_states
    where effective_from is not null
    union all
    select 'measure:' || measure_id || ':lifted', measure_id, 'lifted', lifted_at, lift_reason
    from ops.measure_states
    where lifted_at > effective_from
),

of_measures as (
    select
        told.message_id,
        told.event,
        told.at,
        told.message,
        case when subject_kind = 'party' then subject_key else 'risk_divisions' end as addressee,
        states.*
    from told
    inner join ops.measure_states as states using (measure_id)
),

of_rebuttals as (
    select
        'measure:' || rebuttals.measure_id || ':rebuttal:' || rebuttals.rebuttal_id as message_id,
        'rebuttal_' || coalesce(rebuttals.outcome, 'refused') as "event",
        coalesce(rebuttals.reviewed_at, rebuttals.opened_at) as at,
        coalesce(rebuttals.review_zh || ' / ' || rebuttals.review_en, rebuttals.refusal) as message,
        rebuttals.party_id as addressee,
        states.*
    from ops.rebuttals as rebuttals
    left join ops.measure_states as states using (measure_id)
    where rebuttals.outcome is not null or rebuttals.refusal is not null
),

messages as (
    select * from of_measures
    union all
    select * from of_rebuttals
)

insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    message_id,
    'measure',
    coalesce(measure_id, message_id),
    at::date,
    jsonb_build_object(
        'addressee', addressee,
        'measure_id', measure_id,
        'event', "event",
        'at', at,
        'kind', kind,
        'action', action,
        'risk_domain', risk_domain,
        'subject', subject_kind || ' ' || subject_key,
        'value_after', value_after,
        'legal_basis', legal_basis,
        'starts_at', effective_from,
        'ends_at', ends_at,
        'message', message
    )
from messages
on conflict (message_id) do nothing
"""

_ENQUEUE: dict[str, LiteralString] = {
    "instruction": _INSTRUCTIONS,
    "warning": _WARNINGS,
    "request": _REQUESTS,
    "reassessment": _REASSESSMENTS,
    "measure": _MEASURES,
}

# what a line of each kind's file tells beside message_id, in this order
_TOLD = {
    "instruction": (
        "instruction_id", "declaration_id", "office_code", "decided_on", "selected_by",
        "what_to_examine", "reason",
    ),
    "warning": ("addressee", "alarm", "feed", "subject", "raised_at", "message"),
    "request": ("request_id", "addressee", "party_name", "what", "legal_basis", "due_at"),
    "reassessment": ("declaration_id", "addressee", "level_before", "level_after", "message"),
    "measure": (
        "measure_id", "event", "at", "addressee", "kind", "action", "risk_domain", "subject",
        "value_after", "legal_basis", "starts_at", "ends_at", "message",
    ),
}  # fmt: skip

# warnings may leave before anything was ever decided
_IS_DECIDED = """
select 1
where
    to_regclass('treatment.instructions') is not null
    and to_regclass('assessment.reassessments') is not null
"""

# one file per day and addressee: nobody reads what is for another
_WAITING = """
select kind, decided_on, array_agg(message_id order by message_id)
from ops.outbox
where dispatched_at is null and kind = any(%s)
group by kind, decided_on, payload ->> 'addressee'
order by kind, decided_on, payload ->> 'addressee'
"""

_LINES = sql.SQL("""
copy (
    select message_id, {told}
    from ops.outbox
    where message_id = any({message_ids})
    order by message_id
) to stdout with (format csv, header)
""")

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


def enqueue(connection: psycopg.Connection, kind: str) -> int:
    """Put what is new of a kind (see ``_ENQUEUE``) into the outbox; return how many.

    It is written in the caller's transaction: what causes a message and the message itself are
    there together or not at all.
    """
    return connection.execute(_ENQUEUE[kind]).rowcount


def dispatch() -> int:
    """Enqueue new instructions and drop whatever waits as files; return how many messages left.

    A dispatcher killed between the file and the commit writes the same file again, under the
    same name: a receiver that knows ``message_id`` sees each message once.
    """
    with warehouse.connect() as connection:
        if connection.execute(_IS_DECIDED).fetchone():
            for kind in ("instruction", "reassessment"):
                enqueue(connection, kind)
    sent = 0
    with warehouse.connect() as connection:
        # two dispatchers at once would write one message into two files: the second waits
        connection.execute("select pg_advisory_xact_lock(hashtext('outbox'))")
        waiting = connection.execute(_WAITING, [list(_TOLD)]).fetchall()
        for kind, decided_on, message_ids in waiting:
            _drop(connection, kind, decided_on, message_ids)
            sent += len(message_ids)
    return sent


def _drop(
    connection: psycopg.Connection, kind: str, decided_on: date, message_ids: list[str]
) -> None:
    target = _folder(kind) / _file_name(kind, decided_on, message_ids)
    target.parent.mkdir(parents=True, exist_ok=True)
    _write_lines(connection, kind, message_ids, target)
    connection.execute(_DISPATCHED, [target.name, message_ids])
    # a file drop's receipt is that the rename succeeded
    connection.execute(_RECEIPT, [message_ids, f"file:{target.name}"])


def _write_lines(
    connection: psycopg.Connection, kind: str, message_ids: list[str], target: Path
) -> None:
    told = sql.SQL(", ").join(map(_cell, _TOLD[kind]))
    lines = _LINES.format(told=told, message_ids=sql.Literal(message_ids))
    part = target.with_suffix(".part")
    with part.open("wb") as file, connection.cursor() as cursor, cursor.copy(lines) as copied:
        file.writelines(copied)
    part.rename(target)


def _cell(name: str) -> sql.Composable:
    if name == "decided_on":
        return sql.Identifier(name)
    return sql.SQL("payload ->> {} as {}").format(sql.Literal(name), sql.Identifier(name))


def _folder(kind: str) -> Path:
    """Inspectors find instructions in the outbox itself; other readers have a folder each."""
    return settings().outbox if kind == "instruction" else settings().outbox / f"{kind}s"


def _file_name(kind: str, decided_on: date, message_ids: list[str]) -> str:
    content = hashlib.sha256("\n".join(message_ids).encode()).hexdigest()
    return f"{kind}s_{decided_on:%Y%m%d}_{content[:12]}.csv"
