"""Measures of treatment (Order 271, Article 13): of seven kinds, with before and after.

A measure is never changed: it is lifted, or another one supersedes it, and each says who, when and
why. Whatever suspends, restricts, prohibits, cancels or publishes waits for an approval; until
then, what was there before holds. ``ops.measure_states`` says from when to when each has effect.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.treat import approvals, outbox
from customs_risk.treat.approvals import Question, due_in

Kind = Literal[
    "control", "conformity", "qualification", "entry_exit", "formalities", "warning", "other"
]
Domain = Literal[
    "prohibited_restricted",
    "port_health",
    "biosecurity",
    "food_safety",
    "commodity_quality",
    "tax",
    "ipr",
    "other",
]
SubjectKind = Literal[
    "party", "commodity", "commodity_origin", "country", "office", "vessel", "container",
    "flight", "person", "declaration",
]  # fmt: skip

# Article 13 lists the seven kinds in this order
_LISTED = ("一", "二", "三", "四", "五", "六", "七")
# of Article 2: what a subject's consignments are, unless it is no consignment
_SUBJECT_TYPES = {
    "vessel": "transport_means",
    "flight": "transport_means",
    "container": "transport_equipment",
    "person": "persons",
}

_ACTIONS = "select * from ops.measure_actions"

_WRITE = """
    insert into ops.measures (
        measure_id, kind, action, risk_domain, subject_type, subject_kind, subject_key, scope,
        value_before, value_after, legal_basis, starts_at, ends_at, evidence, reason_en, reason_zh,
        proposed_at, proposed_by, rule_code, supersedes
    )
    select
        'M-' || to_char(%(moment)s::timestamptz, 'YYYYMMDD') || '-' || substr(md5(concat_ws(
            '|', kind, action, risk_domain, subject_kind, subject_key, scope, value_after, ends_at,
            proposed_by, supersedes
        )), 1, 10),
        kind, action, risk_domain, subject_type, subject_kind, subject_key, scope,
        value_before, value_after, legal_basis, coalesce(starts_at, %(moment)s), ends_at, evidence,
        reason_en, reason_zh, %(moment)s, proposed_by, rule_code, supersedes
    from jsonb_populate_recordset(null::ops.measures, %(proposals)s::jsonb)
    on conflict (measure_id) do nothing
    returning measure_id, kind, action, subject_kind, subject_key, reason_en, reason_zh
"""

_LIFT = """
    update ops.measures
    set lifted_at = %(moment)s, lifted_by = %(by)s, lift_reason = %(reason)s
    where measure_id = %(measure_id)s and lifted_at is null
"""

# until one of these is refused or has ended, there is no second one
_SUCCESSOR = """
    select states.measure_id
    from ops.measure_states as states
    where
        states.supersedes = %(measure_id)s
        and ops.measure_state(states, %(moment)s) in ('waiting', 'planned', 'in_force')
"""

_STATE = """
    select states.*, ops.measure_state(states, %(moment)s) as state
    from ops.measure_states as states
    where measure_id = %(measure_id)s
"""


# what the database refuses, in words
_BROKEN = {
    "measure_ends_after_it_starts": "a measure ends after it starts 终止时间须晚于起始时间",
    "measure_changes_something": "a measure changes something: before and after differ 须有变化",
    "measures_risk_domain_check": "risk_domain is one of the eight of Article 2 风险领域有误",
    "measures_subject_kind_check": "subject_kind says what the key names 对象种类有误",
    "measures_subject_key_check": "a measure has a subject 须注明对象",
}


class UnusableMeasure(ValueError):  # noqa: N818 - reads as what is wrong
    """A measure that cannot be so; the message says which and why."""


@dataclass(frozen=True)
class Proposal:
    """A measure that somebody proposes.

    ``value_before`` and ``value_after`` say in the same keys what it changes, units in their names:
    ``{"inspection_probability": 1}``, ``{"guarantee_pct_of_duty": 100}``. ``evidence`` names the
    conclusions, findings, signals or documents that it rests on. Without a start it starts now;
    without a legal basis it is that of its kind in Article 13.
    """

    kind: Kind
    action: str
    risk_domain: Domain
    subject_kind: SubjectKind
    subject_key: str
    value_before: dict[str, Any]
    value_after: dict[str, Any]
    evidence: dict[str, Any]
    reason_en: str
    reason_zh: str
    ends_at: datetime | None = None
    starts_at: datetime | None = None
    scope: dict[str, Any] = field(default_factory=dict)
    legal_basis: str | None = None
    rule_code: str | None = None
    supersedes: str | None = None


@dataclass(frozen=True)
class Other:
    """Another kind and action that a measure becomes, and what was there before it."""

    kind: Kind
    action: str
    value_before: dict[str, Any]


def propose(proposal: Proposal, *, by: str) -> str:
    """Propose a measure as of the present moment and return its number.

    It has effect from its start, or waits for an approval if its action needs one. Proposing the
    same again on the same day adds nothing.

    Raises:
        UnusableMeasure: Article 13 knows no such action, something is empty, the measure changes
            nothing, or it ends before it starts.
    """
    with warehouse.connect() as connection:
        numbers = propose_all(connection, [proposal], by=by)
    if not numbers:
        raise UnusableMeasure(f"{proposal.subject_key}: the same was proposed today 当日已提出")
    return numbers[0]


def propose_all(
    connection: psycopg.Connection, proposals: Sequence[Proposal], *, by: str
) -> list[str]:
    """Propose measures in the caller's transaction; return the numbers of those that are new."""
    if not proposals:
        return []
    actions = _actions(connection)
    moment = clock.present(connection)
    rows = [_row(each, actions, moment, by) for each in proposals]
    told = {"proposals": json.dumps(rows, default=str), "moment": moment}
    try:
        written = connection.cursor(row_factory=dict_row).execute(_WRITE, told).fetchall()
    except psycopg.errors.CheckViolation as error:
        broken = str(error.diag.constraint_name)
        raise UnusableMeasure(_BROKEN.get(broken, f"what it says cannot be so: {broken}")) from None
    approvals.ask(connection, _questions(written, actions, moment, by))
    outbox.enqueue(connection, "measure")
    return [row["measure_id"] for row in written]


def lift(measure_id: str, *, by: str, reason: str) -> None:
    """End a measure from now on; one that still waits for its approval is withdrawn.

    Raises:
        UnusableMeasure: no such measure stands, or no reason is given.
    """
    with warehouse.connect() as connection:
        end(connection, measure_id, by=by, reason=reason)


def end(connection: psycopg.Connection, measure_id: str, *, by: str, reason: str) -> None:
    """Lift a measure in the caller's transaction; see ``lift``."""
    if not reason.strip() or not by.strip():
        raise UnusableMeasure(f"{measure_id}: lifting a measure needs a reason 须说明理由")
    standing(connection, measure_id)
    told = {
        "measure_id": measure_id,
        "by": by,
        "reason": reason,
        "moment": clock.present(connection),
    }
    connection.execute(_LIFT, told)
    approvals.withdraw(connection, "measure", measure_id, by=by, reason=reason)
    outbox.enqueue(connection, "measure")


def adjust(
    measure_id: str,
    *,
    by: str,
    reason_en: str,
    reason_zh: str,
    value_after: dict[str, Any] | None = None,
    ends_at: datetime | None = None,
) -> str:
    """Supersede a measure by one with another value or end; return the new one's number.

    The old one holds until the new one has effect: where the action needs an approval, until then.

    Raises:
        UnusableMeasure: no such measure stands, or nothing would change.
    """
    with warehouse.connect() as connection:
        return supersede(
            connection, measure_id, by=by, reason_en=reason_en, reason_zh=reason_zh,
            value_after=value_after, ends_at=ends_at,
        )  # fmt: skip


def supersede(
    connection: psycopg.Connection,
    measure_id: str,
    *,
    by: str,
    reason_en: str,
    reason_zh: str,
    value_after: dict[str, Any] | None = None,
    ends_at: datetime | None = None,
    evidence: dict[str, Any] | None = None,
    becomes: Other | None = None,
) -> str:
    """Adjust a measure in the caller's transaction; see ``adjust``.

    What is to be of another kind or action says what it ``becomes``.
    """
    # two that adjust the same at once would both take its place: the second waits, and is refused
    connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [measure_id])
    old = standing(connection, measure_id)
    told = {"measure_id": measure_id, "moment": clock.present(connection)}
    if waits := connection.execute(_SUCCESSOR, told).fetchone():
        raise UnusableMeasure(f"{measure_id}: {waits[0]} is to take its place 已有调整待生效")
    after, until = value_after or old["value_after"], ends_at or old["ends_at"]
    if (after, until, becomes) == (old["value_after"], old["ends_at"], None):
        raise UnusableMeasure(f"{measure_id}: nothing would change 无变化")
    # a value that returns to what was before the measure is told against the measure's own
    before = old["value_after"] if after != old["value_after"] else old["value_before"]
    if becomes:
        old |= {"kind": becomes.kind, "action": becomes.action, "legal_basis": None}
        before = becomes.value_before
    names = Proposal.__dataclass_fields__.keys() & old.keys()
    proposal = replace(
        Proposal(**{name: old[name] for name in names}),
        value_before=before,
        value_after=after,
        ends_at=until,
        starts_at=None,
        reason_en=reason_en,
        reason_zh=reason_zh,
        evidence={**old["evidence"], **(evidence or {}), "adjusts": measure_id},
        supersedes=measure_id,
    )
    numbers = propose_all(connection, [proposal], by=by)
    if not numbers:
        raise UnusableMeasure(f"{measure_id}: the same was proposed today 当日已提出")
    return numbers[0]


def standing(connection: psycopg.Connection, measure_id: str) -> dict[str, Any]:
    """Return a measure that waits, is planned or is in force, with all of ops.measure_states.

    Raises:
        UnusableMeasure: there is none of that number.
    """
    told = {"measure_id": measure_id, "moment": clock.present(connection)}
    row = connection.cursor(row_factory=dict_row).execute(_STATE, told).fetchone()
    if row is None:
        raise UnusableMeasure(f"there is no measure {measure_id!r} 无此措施")
    if row["state"] not in {"waiting", "planned", "in_force"}:
        raise UnusableMeasure(f"{measure_id} is {row['state']} already 该措施已终止")
    return row


def _actions(connection: psycopg.Connection) -> dict[tuple[str, str], dict[str, Any]]:
    rows = connection.cursor(row_factory=dict_row).execute(_ACTIONS)
    return {(row["kind"], row["action"]): row for row in rows}


def _row(
    proposal: Proposal,
    actions: dict[tuple[str, str], dict[str, Any]],
    moment: datetime,
    by: str,
) -> dict[str, Any]:
    action = actions.get((proposal.kind, proposal.action))
    if action is None:
        known = ", ".join(name for kind, name in actions if kind == proposal.kind)
        raise UnusableMeasure(
            f"{proposal.kind} {proposal.action}: Article 13 knows no such measure; of this kind: "
            f"{known or 'none'} 第十三条无此措施"
        )
    if not proposal.evidence:
        raise UnusableMeasure(f"{proposal.subject_key}: a measure rests on evidence 须有依据")
    if not (proposal.reason_en.strip() and proposal.reason_zh.strip() and by.strip()):
        raise UnusableMeasure(f"{proposal.subject_key}: who, and why in both languages 须双语说明")
    return {
        **asdict(proposal),
        "subject_type": _SUBJECT_TYPES.get(proposal.subject_kind, "goods"),
        "legal_basis": proposal.legal_basis or _legal_basis(action["kind_no"]),
        "starts_at": proposal.starts_at or moment,
        "proposed_by": by,
    }


def _legal_basis(kind_no: int) -> str:
    return f"海关风险管理办法（海关总署令第271号）第十三条第（{_LISTED[kind_no - 1]}）项"


def _questions(
    written: list[dict[str, Any]],
    actions: dict[tuple[str, str], dict[str, Any]],
    moment: datetime,
    by: str,
) -> list[Question]:
    asked = [(row, actions[row["kind"], row["action"]]) for row in written]
    return [
        Question(
            matter="measure",
            subject_id=row["measure_id"],
            question_en=f"{action['action_en']}: {row['subject_kind']} {row['subject_key']}; "
            f"{row['reason_en']}",
            question_zh=f"{action['action_zh']}：{row['subject_key']}；{row['reason_zh']}",
            asked_by=by,
            due_at=due_in(moment, action["answer_days"]),
            needed_posts=tuple(action["needed_posts"]),
            escalates_to=action["escalates_to"],
        )
        for row, action in asked
        if action["needs_approval"]
    ]
