"""Overrides: a person treats a declaration otherwise than the matrix says (Order 271, Article 12).

It counts when somebody else has approved it, and its office is told. Nothing but this lets a
declaration of the medium lane be examined physically.
"""

from typing import Literal

from customs_risk import clock, warehouse
from customs_risk.treat import approvals
from customs_risk.treat.approvals import Question, due_in

Handling = Literal["release", "document_review", "inspection"]

_NOTE = """
    insert into ops.treatment_overrides (
        override_id, importer_id, declaration_id, office_code, handling, reason_en, reason_zh,
        asked_at, asked_by
    )
    select
        'OV-' || to_char(%(moment)s::timestamptz, 'YYYYMMDD') || '-'
        || substr(md5(concat_ws('|', declaration_id, %(handling)s::text, %(by)s::text)), 1, 10),
        importer_id, declaration_id, office_code, %(handling)s, %(reason_en)s, %(reason_zh)s,
        %(moment)s, %(by)s
    from treatment.decisions
    where declaration_id = %(declaration_id)s
    on conflict (override_id) do nothing
    returning override_id
"""


class UnusableOverride(ValueError):  # noqa: N818 - reads as what is wrong
    """An override that cannot be asked for; the message says why."""


def ask(declaration_id: str, handling: Handling, *, by: str, reason_en: str, reason_zh: str) -> str:
    """Ask for a declaration to be treated otherwise; return the override's number.

    Raises:
        UnusableOverride: the declaration has no decision, no reason is given, or the same was asked
            for today.
    """
    if not (by.strip() and reason_en.strip() and reason_zh.strip()):
        raise UnusableOverride(f"{declaration_id}: who, and why in both languages 须双语说明理由")
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        told = {
            "declaration_id": declaration_id,
            "handling": handling,
            "by": by,
            "reason_en": reason_en,
            "reason_zh": reason_zh,
            "moment": moment,
        }
        row = connection.execute(_NOTE, told).fetchone()
        if row is None:
            raise UnusableOverride(
                f"{declaration_id}: it has no decision, or the same was asked for today"
                " 无处置决定，或当日已申请"
            )
        question = Question(
            matter="override",
            subject_id=row[0],
            question_en=f"{declaration_id}: {handling} instead of the matrix's; {reason_en}",
            question_zh=f"{declaration_id}：改为{handling}；{reason_zh}",
            asked_by=by,
            due_at=due_in(moment, 1),
        )
        approvals.ask(connection, [question])
    return str(row[0])
