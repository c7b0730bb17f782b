"""Hints and what auditors made of them: a review is never changed, a later one takes its place."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from psycopg import Connection

from customs_risk import clock, warehouse

Verdict = Literal["confirmed", "explained", "dismissed"]
HintClass = Literal["revenue", "processing_trade", "customs_control", "law_enforcement"]

_COLUMNS = """
    hint_id, hint_class, rule_code, name_en, name_zh, subject_type, subject_key, office_code,
    words_en, words_zh, tail_probability, q_value, first_seen_on, verdict
"""
# the strongest first: what is least likely, and of single cases what is furthest off
_LISTED = f"""
    select {_COLUMNS}
    from supervision.hints
    where
        (%(hint_class)s::text is null or hint_class = %(hint_class)s)
        and (%(with_reviewed)s or verdict is null)
    order by first_seen_on desc, tail_probability asc nulls last, observed / expected desc, hint_id
    limit %(limit)s
"""
_FOUND = """
    select hint_id from supervision.hints
    where starts_with(hint_id, %s) order by hint_id limit 2
"""
_EVIDENCE = f"""
    select {_COLUMNS}, observed, expected, trials, tested, evidence
    from supervision.hints where hint_id = %s
"""
_REVIEWS = """
    select verdict, reason, reviewed_at, reviewed_by from ops.hint_reviews
    where hint_id = %s order by review_no
"""


class UnknownHint(LookupError):  # noqa: N818 - reads as what is wrong
    """No hint has this number, or several begin with it; the message says which."""


@dataclass(frozen=True)
class Hint:
    """One hint as auditors are shown it in a list; `verdict` is None while nobody reviewed it."""

    hint_id: str
    hint_class: HintClass
    rule_code: str
    name_en: str
    name_zh: str
    subject_type: str
    subject_key: str
    office_code: str
    words_en: str
    words_zh: str
    tail_probability: float | None
    q_value: float | None
    first_seen_on: date
    verdict: Verdict | None


@dataclass(frozen=True)
class Case:
    """One hint with its numbers, its source rows and every review of it, the oldest first."""

    hint: Hint
    observed: float
    expected: float | None
    trials: int | None
    tested: int | None
    evidence: dict[str, Any]
    reviews: list[tuple[Any, ...]]


def hints(
    hint_class: HintClass | None = None, *, with_reviewed: bool = False, limit: int = 50
) -> list[Hint]:
    """Return hints, the newest and strongest first; only those without a verdict, if not asked."""
    asked = {"hint_class": hint_class, "with_reviewed": with_reviewed, "limit": limit}
    with warehouse.connect() as connection:
        return [Hint(*row) for row in connection.execute(_LISTED, asked)]


def case(hint: str) -> Case:
    """Return one hint with all that is known of it.

    Raises:
        UnknownHint: there is no such hint, or several begin so.
    """
    with warehouse.connect() as connection:
        hint_id = _one(connection, hint)
        row = connection.execute(_EVIDENCE, [hint_id]).fetchone()
        assert row is not None
        reviews = connection.execute(_REVIEWS, [hint_id]).fetchall()
    *told, observed, expected, trials, tested, evidence = row
    return Case(Hint(*told), observed, expected, trials, tested, evidence, reviews)


def review(hint: str, verdict: Verdict, *, by: str, reason: str) -> str:
    """Note what an auditor made of a hint at the present moment; return the hint's whole number.

    Args:
        hint: its number, or enough of its beginning.
        verdict: confirmed (it is so), explained (it is so, and right), dismissed (it is not so).
        by: who says so.
        reason: why.

    Raises:
        UnknownHint: there is no such hint, or several begin so.
    """
    with warehouse.connect() as connection:
        hint_id = _one(connection, hint)
        connection.execute(
            """
            insert into ops.hint_reviews (hint_id, verdict, reason, reviewed_at, reviewed_by)
            values (%s, %s, %s, %s, %s)
            """,
            [hint_id, verdict, reason, clock.present(connection), by],
        )
    return hint_id


def _one(connection: Connection, hint: str) -> str:
    found = [hint_id for (hint_id,) in connection.execute(_FOUND, [hint])]
    if len(found) == 1 and hint:
        return str(found[0])
    raise UnknownHint(
        f"several hints begin with {hint!r} 编号不唯一"
        if found
        else f"there is no hint {hint!r} 无此提示"
    )
