"""Reviews a month that is over, once, and asks for what the reviews recommend.

A month is reviewed when the results of its last days are back. What a review said stays; the next
month's says what came of it.
"""

import json
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection, sql

from customs_risk import clock, warehouse
from customs_risk.feedback.reviews.evidence import Subject, columns, gather, last_day
from customs_risk.feedback.reviews.verdict import Verdict, judge, rules
from customs_risk.treat import approvals
from customs_risk.treat.approvals import Question, due_in

# who asks: nobody answers what he asked for himself
ASKER = "rule:review"

_BUILT = """
    select 1
    where
        to_regclass('treatment.decisions') is not null
        and to_regclass('intermediate.int_inspections') is not null
"""
_DONE = "select 1 from ops.reviews where month_on = %s limit 1"
_WRITE = sql.SQL("""
    insert into ops.reviews ({columns})
    select {columns} from jsonb_populate_recordset(null::ops.reviews, %(reviews)s::jsonb)
""")
_ASKS = {"change": ("Change", "调整"), "drop": ("Drop", "停用")}
_SUBJECTS = {"measure": ("measure", "措施"), "parameter": ("parameter", "参数")}


class MonthNotOver(ValueError):  # noqa: N818 - reads as what is wrong
    """A month that cannot be reviewed yet; the message says from when it can."""


def review(month: date | None = None) -> int:
    """Review the month that a day lies in, and return how many subjects that was.

    Without a day it is the last month whose results are back, by the system's own clock. A month
    that was reviewed is not reviewed again.

    Raises:
        MonthNotOver: the results of its last days are not back yet.
    """
    with warehouse.connect() as connection:
        if connection.execute(_BUILT).fetchone() is None:
            return 0
        moment = clock.present(connection)
        month_on = _month(month, clock.business_day(moment))
        # two that review at once: the second finds it done
        connection.execute("select pg_advisory_xact_lock(hashtext('reviews'))")
        if connection.execute(_DONE, [month_on]).fetchone():
            return 0
        seen = gather(connection, month_on, moment, look_back_days=rules()["look_back_days"])
        judged = [(subject, judge(subject, figures)) for subject, figures in seen]
        rows = [
            _row(month_on, subject, verdict, moment) | columns(figures)
            for (subject, figures), (_, verdict) in zip(seen, judged, strict=True)
        ]
        if rows:
            names = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
            told = {"reviews": json.dumps(rows, default=str)}
            connection.execute(_WRITE.format(columns=names), told)
        _ask(connection, month_on, judged, moment)
        return len(rows)


def due_month() -> date:
    """Return the first day of the last month whose results are back."""
    with warehouse.connect() as connection:
        return _month(None, clock.business_day(clock.present(connection)))


def review_id(month_on: date, subject: Subject) -> str:
    """Return the number of a subject's review of a month."""
    from hashlib import sha256

    told = f"{subject.subject_kind}|{subject.name}"
    return f"RV-{month_on:%Y%m}-{sha256(told.encode()).hexdigest()[:10]}"


def _month(asked: date | None, today: date) -> date:
    results = timedelta(days=rules()["results_days"])
    newest = (today - results).replace(day=1) - timedelta(days=1)
    month_on = (asked or newest).replace(day=1)
    if month_on > newest:
        raise MonthNotOver(
            f"{month_on:%Y-%m}: it can be reviewed from {last_day(month_on) + results} on, when"
            " its results are back 该月结果尚未全部反馈"
        )
    return month_on


def _row(month_on: date, subject: Subject, verdict: Verdict, moment: datetime) -> dict[str, Any]:
    return {
        "review_id": review_id(month_on, subject),
        "month_on": month_on,
        "subject_kind": subject.subject_kind,
        "subject_id": subject.subject_id,
        "version": subject.version,
        "risk_domain": subject.risk_domain,
        "previous_review_id": subject.previous_review_id,
        "verdict": verdict.verdict,
        "rule_code": verdict.rule_code,
        "rules_version": rules()["version"],
        "reason_en": verdict.reason_en,
        "reason_zh": verdict.reason_zh,
        "change": verdict.change,
        "created_at": moment,
    }


def _ask(
    connection: Connection,
    month_on: date,
    judged: list[tuple[Subject, Verdict]],
    moment: datetime,
) -> None:
    due_at = due_in(moment, rules()["answer_days"])
    questions = [
        _question(month_on, subject, verdict, due_at)
        for subject, verdict in judged
        if verdict.verdict != "keep"
    ]
    approvals.ask(connection, questions)


def _question(month_on: date, subject: Subject, verdict: Verdict, due_at: datetime) -> Question:
    asks, of = _ASKS[verdict.verdict], _SUBJECTS[subject.subject_kind]
    return Question(
        matter="review",
        subject_id=review_id(month_on, subject),
        question_en=f"{asks[0]} {of[0]} {subject.name}: {verdict.reason_en}",
        question_zh=f"{asks[1]}{of[1]}{subject.name}：{verdict.reason_zh}",
        asked_by=ASKER,
        due_at=due_at,
        needed_posts=tuple(subject.needed_posts),
        escalates_to=subject.escalates_to,
        recommended="approve",
        recommendation=f"{month_on:%Y-%m}评价规则 rule of reviews: {verdict.rule_code}",
    )
