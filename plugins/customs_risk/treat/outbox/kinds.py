"""What may leave: each kind of message, where its messages come from, and what a line of it tells.

A further way of treating adds one entry here, ``register(Kind(...))``; its statement may stand in
the module that knows of it. The words that ``ops.outbox.kind`` allows are in ``92_outbox.sql``.
"""

from dataclasses import dataclass, field
from typing import LiteralString

from customs_risk.treat import measure_messages, messages, publications

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


@dataclass(frozen=True)
class Kind:
    """One kind of message.

    ``enqueue`` inserts what is new of it into ``ops.outbox`` (message_id, kind, subject_id,
    decided_on, payload), as often as it is run. ``told`` are the columns that leave beside
    ``message_id``, in this order; all but ``decided_on`` are keys of the payload, and nothing else
    of the payload leaves. A payload's ``addressee`` says for whom it is.
    """

    name: str
    enqueue: LiteralString
    told: tuple[str, ...]
    # found at each dispatch, when these relations are there; else whoever causes it enqueues it
    swept_from: tuple[str, ...] = field(default=())

    @property
    def files(self) -> str:
        """The name of its files and of its folder."""
        return f"{self.name[:-1]}ies" if self.name.endswith("y") else f"{self.name}s"


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Let a kind of message leave.

    Raises:
        ValueError: another kind has that name.
    """
    if KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"two kinds of message are called {kind.name!r}")
    return kind


register(
    Kind(
        "instruction",
        _INSTRUCTIONS,
        (
            "instruction_id", "declaration_id", "office_code", "decided_on", "selected_by",
            "what_to_examine", "reason",
        ),
        swept_from=("treatment.instructions",),
    )
)  # fmt: skip
register(
    Kind("warning", _WARNINGS, ("addressee", "alarm", "feed", "subject", "raised_at", "message"))
)
register(
    Kind(
        "request",
        _REQUESTS,
        ("request_id", "addressee", "party_name", "what", "legal_basis", "due_at"),
    )
)
register(
    Kind(
        "reassessment",
        _REASSESSMENTS,
        ("declaration_id", "addressee", "level_before", "level_after", "message"),
        swept_from=("assessment.reassessments",),
    )
)

# what other ways of treating let leave; what has content of its own is enqueued where it is made
for _module in (measure_messages, messages, publications):
    for _name, _told in _module.TOLD.items():
        register(Kind(_name, _module.ENQUEUE.get(_name, "select where false"), _told))
