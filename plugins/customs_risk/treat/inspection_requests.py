"""Requests for inspections: an analyst asks that what meets a description be looked at.

One of the four ways of handling on the slides (set parameters; ask for an inspection; special
operations; policy recommendations). A request has an end, and claims no more declarations than it
says; ``treat.claims`` finds them.
"""

import hashlib
from datetime import date
from typing import Literal

from customs_risk import clock, warehouse
from customs_risk.experts.vocabulary import Domain

SubjectKind = Literal[
    "declaration", "importer", "seller", "declarant", "hs6", "hs6_origin", "origin"
]

LEGAL_BASIS = "海关风险管理办法（海关总署令第271号）第十三条第一项"

_ASK = """
insert into ops.inspection_requests (
    request_id, subject_kind, subject_key, office_code, risk_domain, words_en, words_zh,
    legal_basis, asked_at, asked_by, starts_on, ends_on, most
)
values (
    %(request_id)s, %(subject_kind)s, %(subject_key)s, %(office_code)s, %(risk_domain)s,
    %(words_en)s, %(words_zh)s, %(legal_basis)s, %(asked_at)s, %(asked_by)s, %(starts_on)s,
    %(ends_on)s, %(most)s
)
on conflict (request_id) do nothing
"""

_WITHDRAW = """
update ops.inspection_requests
set withdrawn_at = %(at)s, withdrawn_by = %(by)s, withdraw_reason = %(reason)s
where request_id = %(request_id)s and withdrawn_at is null
"""


class UnusableInspectionRequest(ValueError):  # noqa: N818 - reads as what is wrong
    """A request that nobody could meet; the message says why."""


def ask(
    subject_kind: SubjectKind,
    subject_key: str,
    *,
    domain: Domain,
    words_en: str,
    words_zh: str,
    ends_on: date,
    most: int,
    asked_by: str,
    starts_on: date | None = None,
    office_code: str | None = None,
    legal_basis: str = LEGAL_BASIS,
) -> str:
    """Ask for inspections of what is described, from today on unless told; return the number.

    The number follows from what is asked: asking the same again is the same request.

    Raises:
        UnusableInspectionRequest: it ends before it begins or lies in the past, asks for none, or
            names nothing or no reason.
    """
    if not (subject_key.strip() and words_en.strip() and words_zh.strip() and asked_by.strip()):
        raise UnusableInspectionRequest(
            "a request names what is to be inspected, why in both languages, and who asks"
            " 须写明对象、中英文理由与申请人"
        )
    if most < 1:
        raise UnusableInspectionRequest(f"it asks for {most} inspections 查验数须为正")
    with warehouse.connect() as connection:
        asked_at = clock.present(connection)
        today = clock.business_day(asked_at)
        first = starts_on or today
        if ends_on < max(first, today):
            raise UnusableInspectionRequest(
                f"it ends on {ends_on}, before it begins or today ({today}) 期限已过"
            )
        told = {
            "subject_kind": subject_kind,
            "subject_key": subject_key.strip(),
            "office_code": office_code,
            "risk_domain": domain,
            "words_en": words_en,
            "words_zh": words_zh,
            "legal_basis": legal_basis,
            "asked_at": asked_at,
            "asked_by": asked_by,
            "starts_on": first,
            "ends_on": ends_on,
            "most": most,
        }
        request_id = _number(subject_kind, subject_key.strip(), words_zh, first, ends_on)
        connection.execute(_ASK, told | {"request_id": request_id})
    return request_id


def withdraw(request_id: str, *, by: str, reason: str) -> bool:
    """Withdraw a request; return whether it stood.

    Raises:
        UnusableInspectionRequest: no reason is given.
    """
    if not reason.strip():
        raise UnusableInspectionRequest(f"{request_id}: withdrawing needs a reason 须说明理由")
    with warehouse.connect() as connection:
        told = {
            "request_id": request_id,
            "at": clock.present(connection),
            "by": by,
            "reason": reason,
        }
        return connection.execute(_WITHDRAW, told).rowcount == 1


def _number(kind: str, key: str, words: str, first: date, last: date) -> str:
    content = hashlib.sha256(f"{kind}|{key}|{words}|{first}|{last}".encode()).hexdigest()
    return f"XR-{first:%Y%m%d}-{content[:10]}"
