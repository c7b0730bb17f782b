"""What comes of reviews: what was approved is carried out, what was refused stays, with the reason.

Whoever approved answers for it: a measure is lifted or superseded, a version of a parameter
withdrawn or another one proposed, under the name of that person. What he may not do, or what no
longer can be done, is noted as that, and the next month's review says so.
"""

from datetime import timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.feedback.reviews.step import ASKER
from customs_risk.treat import approvals, measures
from customs_risk.treat.measures import UnusableMeasure
from customs_risk.treat.parameters import store
from customs_risk.treat.parameters.store import RefusedAct, UnusableParameter

# each recommendation without an outcome, its answer, how its subject stands, and whether a newer
# review speaks of the same
_OPEN = """
    select
        reviews.*,
        approvals.answer,
        approvals.answered_at,
        approvals.answered_by,
        approvals.reason as answer_reason,
        exists (
            select 1 from ops.reviews as later where later.previous_review_id = reviews.review_id
        ) as is_reviewed_again,
        case reviews.subject_kind
            when 'measure' then ops.measure_state(measures, %(moment)s) in ('planned', 'in_force')
            else coalesce(parameters."state" in ('activated', 'suspended'), false)
        end as is_standing
    from ops.reviews as reviews
    left join ops.approvals as approvals
        on approvals.matter = 'review'
        and reviews.review_id = approvals.subject_id
        and approvals.withdrawn_at is null
    left join ops.measure_states as measures
        on reviews.subject_kind = 'measure' and reviews.subject_id = measures.measure_id
    left join ops.parameter_states as parameters
        on reviews.subject_kind = 'parameter'
        and reviews.subject_id = parameters.parameter_id
        and reviews.version = parameters.version
    where reviews.verdict <> 'keep' and reviews.outcome is null
    order by reviews.review_id
    for update of reviews
"""

_NOTE = """
    update ops.reviews
    set
        outcome = %(outcome)s, outcome_at = %(moment)s, outcome_by = %(by)s,
        outcome_reason = %(reason)s, became = %(became)s
    where review_id = %(review_id)s
"""

_VERSION = """
    select
        parameter_id, "condition", risk_domain, what_to_examine_en, what_to_examine_zh, measure,
        jurisdiction, owner_unit, legal_basis, starts_on, expires_on, review_on
    from ops.parameter_versions
    where parameter_id = %s and version = %s
"""


def follow() -> int:
    """Carry out what was approved of reviews, note what was refused; return how many that was."""
    with warehouse.connect() as connection:
        return settle(connection)


def settle(connection: Connection) -> int:
    """Follow reviews in the caller's transaction; see ``follow``."""
    moment = clock.present(connection)
    rows = connection.cursor(row_factory=dict_row).execute(_OPEN, {"moment": moment}).fetchall()
    noted = 0
    for row in rows:
        came = _came_of(connection, row)
        if came is None:
            continue
        outcome, by, reason, became = came
        told = {"outcome": outcome, "by": by, "reason": reason, "became": became}
        connection.execute(_NOTE, {**told, "moment": moment, "review_id": row["review_id"]})
        noted += 1
    return noted


def _came_of(
    connection: Connection, row: dict[str, Any]
) -> tuple[str, str, str, str | None] | None:
    """Return outcome, who, why and what it became; None while nothing has come of it."""
    if row["answer"] == "refuse":
        return "refused", row["answered_by"], row["answer_reason"], None
    if not row["is_standing"]:
        return _lapse(connection, row, "it has ended meanwhile 对象已终止")
    if row["answer"] == "approve":
        return _carry_out(connection, row)
    if row["is_reviewed_again"]:
        return _lapse(connection, row, "nobody answered it before the next review 下次评价前未答复")
    return None


def _lapse(
    connection: Connection, row: dict[str, Any], why: str
) -> tuple[str, str, str, str | None]:
    approvals.withdraw(connection, "review", row["review_id"], by=ASKER, reason=why)
    return "lapsed", ASKER, why, None


def _carry_out(connection: Connection, row: dict[str, Any]) -> tuple[str, str, str, str | None]:
    by = row["answered_by"]
    acts = {
        ("measure", "drop"): _lift,
        ("measure", "change"): _replace,
        ("parameter", "drop"): _withdraw,
        ("parameter", "change"): _propose,
    }
    try:
        # what is refused half-way leaves nothing behind
        with connection.transaction():
            became = acts[row["subject_kind"], row["verdict"]](connection, row)
    except (RefusedAct, UnusableMeasure, UnusableParameter) as error:
        return "hindered", by, str(error), None
    return "carried_out", by, row["answer_reason"], became


def _lift(connection: Connection, row: dict[str, Any]) -> None:
    measures.end(connection, row["subject_id"], by=row["answered_by"], reason=_why(row))


def _replace(connection: Connection, row: dict[str, Any]) -> str:
    told = row["change"]
    before = told.get("before")
    return measures.supersede(
        connection,
        row["subject_id"],
        by=row["answered_by"],
        reason_en=row["reason_en"],
        reason_zh=row["reason_zh"],
        value_after=told["after"],
        ends_at=clock.present(connection) + timedelta(days=told["lasts_days"]),
        evidence={"review": row["review_id"]},
        becomes=measures.Other(told["kind"], told["action"], before) if before else None,
    )


def _withdraw(connection: Connection, row: dict[str, Any]) -> None:
    store.note(
        connection, "withdrawn", row["subject_id"], row["version"], by=row["answered_by"],
        reason=_why(row),
    )  # fmt: skip


def _propose(connection: Connection, row: dict[str, Any]) -> str:
    old = connection.cursor(row_factory=dict_row).execute(
        _VERSION, [row["subject_id"], row["version"]]
    )
    told = old.fetchone()
    assert told is not None
    today = clock.business_day(clock.present(connection))
    told |= {
        "jurisdiction": tuple(told["jurisdiction"]),
        "starts_on": max(today, told["starts_on"]),
        "review_on": max(today, told["review_on"]),
        "reason_en": f"{row['reason_en']} ({row['review_id']})",
        "reason_zh": f"{row['reason_zh']}（{row['review_id']}）",
    }
    proposal = store.Proposal(**{**told, **row["change"]})
    version = store.enter(connection, proposal, by=row["answered_by"])
    return f"{row['subject_id']} v{version}"


def _why(row: dict[str, Any]) -> str:
    return f"{row['review_id']}: {row['reason_en']} · {row['reason_zh']}"
