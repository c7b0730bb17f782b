"""Who may not assess a case, and the note of it: nobody is refused without a trace."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import Connection

from customs_risk import clock
from customs_risk.experts.vocabulary import Domain, why_refused

_REFUSAL = """
    select ops.assessor_refusal(
        %(assessor_id)s, %(risk_domain)s, %(subject_kind)s, %(subject_key)s, %(day)s
    )
"""
_NOTE = """
    insert into ops.expert_refusals (
        refused_at, act, assessor_id, subject_kind, subject_key, risk_domain, reason, asked_by
    )
    values (
        %(moment)s, %(act)s, %(assessor_id)s, %(subject_kind)s, %(subject_key)s, %(risk_domain)s,
        %(reason)s, %(asked_by)s
    )
"""


class UnknownDeclaration(LookupError):  # noqa: N818 - reads as what is wrong
    """A question names a declaration that is not there."""


class Refused(PermissionError):  # noqa: N818 - reads as what happened
    """The assessor may not assess this case; the message says why, ``code`` in a word."""

    def __init__(self, assessor_id: str, code: str) -> None:
        """Say in both languages why an assessor is refused."""
        super().__init__(f"{assessor_id} is refused 不予受理: {why_refused(code)}")
        self.code = code


@dataclass(frozen=True)
class Question:
    """Who is asked about what: an assessor, a subject of Article 2, a risk domain."""

    assessor_id: str
    subject_key: str
    risk_domain: Domain
    subject_kind: str = "declaration"


def refusal(
    connection: Connection,
    question: Question,
    act: Literal["case", "assessment"],
    *,
    moment: datetime,
    asked_by: str,
) -> Refused | None:
    """Return why the assessor may not do this at a moment, and note it; else None.

    It is returned rather than raised, so that the caller's transaction keeps the note.
    """
    told = {
        **vars(question),
        "act": act,
        "moment": moment,
        "day": clock.business_day(moment),
        "asked_by": asked_by,
    }
    (code,) = connection.execute(_REFUSAL, told).fetchone() or (None,)
    if code is None:
        return None
    connection.execute(_NOTE, {**told, "reason": code})
    return Refused(question.assessor_id, code)


def importer_of(connection: Connection, question: Question) -> str | None:
    """Return the importer of the declaration that is asked about; None for any other subject.

    Raises:
        UnknownDeclaration: there is no such declaration.
    """
    if question.subject_kind != "declaration":
        return None
    row = connection.execute(
        "select importer_id from core.declarations where declaration_id = %s",
        [question.subject_key],
    ).fetchone()
    if row is None:
        raise UnknownDeclaration(f"there is no declaration {question.subject_key!r} 无此报关单")
    return str(row[0])
