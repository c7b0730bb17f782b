"""What waits for a person (Order 271: people decide what people must), whatever it is about.

Measures that suspend, prohibit, cancel or publish, and whatever else is asked for here, have no
effect before the answer. A question is answered once, by somebody else than who asked, from a
post that may; when nobody answers in time it goes up, and stays an alarm until somebody does.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.settings import settings
from customs_risk.treat import outbox

Matter = Literal[
    "measure",
    "parameter_activation",
    "emergency_activation",
    "publication",
    "model_promotion",
    "override",
    "review",
    "allocation",
]
Answer = Literal["approve", "refuse"]
AnsweredAs = Literal["person", "policy"]

# what people choose from in Airflow (dags/approvals.py); anything else is no answer
CHOICES: dict[str, Answer] = {"Approve 批准": "approve", "Refuse 不批准": "refuse"}

_ASK = """
    insert into ops.approvals (
        approval_id, matter, subject_id, question_en, question_zh, recommended, recommendation,
        asked_at, asked_by, needed_posts, escalates_to, due_at
    )
    select
        'AP-' || to_char(%(moment)s::timestamptz, 'YYYYMMDD') || '-'
        || substr(md5(concat_ws('|', matter, subject_id, %(moment)s::timestamptz)), 1, 10),
        matter, subject_id, question_en, question_zh, recommended, recommendation,
        %(moment)s, asked_by, needed_posts, escalates_to, due_at
    from jsonb_populate_recordset(null::ops.approvals, %(questions)s::jsonb)
    on conflict do nothing
    returning approval_id
"""

_ANSWER = """
    update ops.approvals
    set
        answered_at = %(moment)s,
        answer = %(answer)s,
        answered_by = %(by)s,
        answered_post = %(post)s,
        answered_as = %(answered_as)s,
        reason = %(reason)s
    where approval_id = %(approval_id)s and answered_at is null and withdrawn_at is null
"""

_WITHDRAW = """
    update ops.approvals
    set withdrawn_at = %(moment)s, withdrawn_by = %(by)s, withdrawal_reason = %(reason)s
    where
        matter = %(matter)s and subject_id = %(subject_id)s
        and answered_at is null and withdrawn_at is null
"""

_ESCALATE = """
    update ops.approvals
    set escalated_at = %(moment)s
    where
        answered_at is null and withdrawn_at is null and escalated_at is null
        and due_at < %(moment)s
"""

_OPEN = """
    select
        approval_id, matter, subject_id, question_en, question_zh, recommended, recommendation,
        asked_at, asked_by, needed_posts, escalates_to, due_at, escalated_at
    from ops.approvals
    where answered_at is null and withdrawn_at is null
    order by due_at, approval_id
"""


# the post of a unit of the organisation, by its level: the department, and districts' divisions.
# Sub-centres keep parameters and have no post here
_POSTS_OF = """
    select case units.level_no when 1 then 'gacc_department' else 'regional_risk_division' end
    from reference.customs_units as units
    where
        units.unit_code = ops.parameter_unit(%(who)s, %(today)s)
        and units.level_no in (1, 3)
        and units.valid_from <= %(today)s
        and coalesce(units.valid_to >= %(today)s, true)
"""


class Unanswerable(ValueError):  # noqa: N818 - reads as what is wrong
    """An answer that cannot be taken; the message says why."""


@dataclass(frozen=True)
class Question:
    """What somebody is asked to approve; ``subject_id`` is the number of what has no effect yet.

    ``recommended`` is what the asker's own rule would answer, and ``recommendation`` why, in both
    languages: the embedded policy follows it.
    """

    matter: Matter
    subject_id: str
    question_en: str
    question_zh: str
    asked_by: str
    due_at: datetime
    needed_posts: tuple[str, ...] = ("regional_risk_division",)
    escalates_to: str = "gacc_department"
    recommended: Answer | None = None
    recommendation: str | None = None


def due_in(moment: datetime, days: int) -> datetime:
    """Return when a question asked at a moment is due: days later, weekends not counted."""
    due = moment
    while days:
        due += timedelta(days=1)
        days -= due.astimezone(settings().zone).weekday() < 5
    return due


def ask(connection: psycopg.Connection, questions: Sequence[Question]) -> list[str]:
    """Put questions to whoever may answer, in the caller's transaction; return their numbers.

    What is open already is not asked again.
    """
    if not questions:
        return []
    document = json.dumps([asdict(each) for each in questions], default=str)
    told = {"questions": document, "moment": clock.present(connection)}
    return [number for (number,) in connection.execute(_ASK, told)]


def waiting() -> list[dict[str, Any]]:
    """Return the open questions, the most urgent first, with all that ops.approvals tells."""
    with warehouse.connect() as connection:
        return connection.cursor(row_factory=dict_row).execute(_OPEN).fetchall()


def posts_of(login: str) -> tuple[str, ...]:
    """Return the posts from which somebody answers: that of the unit he acts for today.

    The register of officers says which (``customs-risk parameters appoint``).
    """
    with warehouse.connect() as connection:
        told = {"who": login, "today": clock.business_day(clock.present(connection))}
        return tuple(post for (post,) in connection.execute(_POSTS_OF, told))


def answer(
    approval_id: str,
    answer: Answer,
    *,
    by: str,
    reason: str,
    post: str | None = None,
    answered_as: AnsweredAs = "person",
) -> None:
    """Answer a question; what was asked for has effect from now on, or never will.

    A person answers from a post that the question names, or from the one above.

    Raises:
        Unanswerable: there is no such open question, it was asked by the same person, the post may
            not answer it, or no reason is given.
    """
    with warehouse.connect() as connection:
        take(
            connection, approval_id, answer, by=by, reason=reason, post=post,
            answered_as=answered_as,
        )  # fmt: skip


def take(
    connection: psycopg.Connection,
    approval_id: str,
    answer: Answer,
    *,
    by: str,
    reason: str,
    post: str | None = None,
    answered_as: AnsweredAs = "person",
) -> None:
    """Take an answer in the caller's transaction; see ``answer``."""
    if not by.strip() or not reason.strip():
        raise Unanswerable(
            f"{approval_id}: an answer has somebody who gives it, and a reason 须注明"
        )
    told = {
        "approval_id": approval_id,
        "answer": answer,
        "by": by,
        "post": post,
        "answered_as": answered_as,
        "reason": reason,
        "moment": clock.present(connection),
    }
    try:
        taken = connection.execute(_ANSWER, told).rowcount
    except psycopg.errors.CheckViolation as error:
        raise Unanswerable(_why(approval_id, by, post, error)) from None
    if not taken:
        raise Unanswerable(f"{approval_id}: no open question has that number 无此待批事项")
    # whom it concerns is told
    for kind in ("measure", "override"):
        outbox.enqueue(connection, kind)


def withdraw(
    connection: psycopg.Connection, matter: Matter, subject_id: str, *, by: str, reason: str
) -> bool:
    """Take back what nobody has answered yet; return whether a question was open."""
    told = {
        "matter": matter,
        "subject_id": subject_id,
        "by": by,
        "reason": reason,
        "moment": clock.present(connection),
    }
    return connection.execute(_WITHDRAW, told).rowcount > 0


def escalate_due() -> int:
    """Take what nobody answered in time one post up, once each; return how many.

    The alarm of each (``overdue_approval``) goes to that post, and lasts until the answer.
    """
    with warehouse.connect() as connection:
        return connection.execute(_ESCALATE, {"moment": clock.present(connection)}).rowcount


def asked_in_words() -> list[dict[str, str]]:
    """Return what is open as Airflow shows it: its number, a headline and what one must know."""
    return [
        {
            "approval_id": each["approval_id"],
            "subject": f"{each['question_zh']} / {each['question_en']}",
            "body": _body(each),
        }
        for each in waiting()
    ]


def take_form(approval_id: str, answered: dict[str, Any]) -> str:
    """Take what a person answered on Airflow's page; return in words what became of it.

    Forms accept anything, and the command line may have answered meanwhile: what cannot be taken is
    told, changes nothing, and is asked again. ``answered`` is what Airflow's human-in-the-loop
    operator returns: chosen_options, params_input and responded_by_user.
    """
    (choice,) = answered["chosen_options"]
    if choice not in CHOICES:
        return f"{approval_id}: asked again later 稍后再问"
    form = answered.get("params_input") or {}
    user = answered.get("responded_by_user") or {}
    try:
        answer(
            approval_id,
            CHOICES[choice],
            by=str(user.get("name") or user.get("id") or ""),
            reason=(form.get("reason") or "").strip(),
            post=(form.get("post") or "").strip() or _only_post(approval_id),
        )
    except Unanswerable as refused:
        return str(refused)
    return f"{approval_id}: {choice}"


def _only_post(approval_id: str) -> str | None:
    """Return the post that may answer, where there is no choice; who may not is not in the page."""
    posts = [each["needed_posts"] for each in waiting() if each["approval_id"] == approval_id]
    return posts[0][0] if posts and len(posts[0]) == 1 else None


def _body(asked: dict[str, Any]) -> str:
    posts = ", ".join(dict.fromkeys((*asked["needed_posts"], asked["escalates_to"])))
    lines = [
        f"{asked['question_zh']}",
        f"{asked['question_en']}",
        f"- matter 事项: {asked['matter']} {asked['subject_id']}",
        f"- asked by 提出: {asked['asked_by']}, {asked['asked_at']:%Y-%m-%d %H:%M}",
        f"- due 期限: {asked['due_at']:%Y-%m-%d %H:%M}",
        f"- posts that may answer 可批岗位: {posts}",
    ]
    if asked["recommended"]:
        lines.append(f"- recommended 建议: {asked['recommended']}: {asked['recommendation']}")
    return "\n\n".join(lines)


def _why(approval_id: str, by: str, post: str | None, error: psycopg.errors.CheckViolation) -> str:
    if error.diag.constraint_name == "approved_by_another":
        return f"{approval_id}: {by} asked for it and cannot answer it 提出人不得自批"
    if error.diag.constraint_name == "answered_from_a_needed_post":
        return f"{approval_id}: the post {post!r} may not answer it 该岗位无权批复"
    return f"{approval_id}: {error.diag.message_primary}"
