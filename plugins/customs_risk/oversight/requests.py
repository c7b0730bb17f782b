"""Information requests: a party is asked for documents or answers, by a day (Order 271, Article 8).

Requests leave through the outbox, answers arrive as the feed ``information_answers``; what became
of each is in ``core.information_requests``.
"""

import hashlib
from datetime import datetime

from customs_risk import clock, warehouse
from customs_risk.treat import outbox

LEGAL_BASIS = "海关风险管理办法（海关总署令第271号）第八条"

_ASK = """
insert into ops.information_requests (
    request_id, party_id, party_name, what_en, what_zh, legal_basis, asked_at, due_at, asked_by
)
values (
    %(request_id)s, %(party_id)s, %(party_name)s, %(what_en)s, %(what_zh)s, %(legal_basis)s,
    %(asked_at)s, %(due_at)s, %(asked_by)s
)
on conflict (request_id) do nothing
"""

_CLOSE = """
update ops.information_requests
set closed_at = %(at)s, closed_by = %(closed_by)s, close_reason = %(reason)s
where request_id = %(request_id)s and closed_at is null
"""


class UnusableRequest(ValueError):  # noqa: N818 - reads as what is wrong
    """A request that nobody could answer; the message says why."""


def ask(
    party_id: str,
    *,
    what_en: str,
    what_zh: str,
    due_at: datetime,
    asked_by: str,
    party_name: str | None = None,
    legal_basis: str = LEGAL_BASIS,
) -> str:
    """Ask a party for information and return the number of the request.

    The number follows from the party, the question and the day on which it is due: asking the same
    again is the same request, and leaves once.

    Raises:
        UnusableRequest: it is due before it is asked, or asks nothing, or its time has no zone.
    """
    if due_at.tzinfo is None:
        raise UnusableRequest(f"due_at must tell its time zone: {due_at}")
    if not (party_id.strip() and what_en.strip() and what_zh.strip() and asked_by.strip()):
        raise UnusableRequest(
            "a request names a party, what is asked in both languages, and who asks"
        )
    request_id = _number(party_id, what_zh, due_at)
    with warehouse.connect() as connection:
        asked_at = clock.present(connection)
        if due_at <= asked_at:
            raise UnusableRequest(f"due_at {due_at} is not after the present moment {asked_at}")
        connection.execute(
            _ASK,
            {
                "request_id": request_id,
                "party_id": party_id,
                "party_name": party_name,
                "what_en": what_en,
                "what_zh": what_zh,
                "legal_basis": legal_basis,
                "asked_at": asked_at,
                "due_at": due_at,
                "asked_by": asked_by,
            },
        )
        outbox.enqueue(connection, "request")
    return request_id


def close(request_id: str, *, closed_by: str, reason: str) -> bool:
    """Close a request that needs no further answer; return whether it was open.

    Raises:
        UnusableRequest: no reason is given.
    """
    if not reason.strip():
        raise UnusableRequest(f"{request_id}: closing a request needs a reason")
    with warehouse.connect() as connection:
        told = {
            "request_id": request_id,
            "at": clock.present(connection),
            "closed_by": closed_by,
            "reason": reason,
        }
        return connection.execute(_CLOSE, told).rowcount == 1


def _number(party_id: str, what: str, due_at: datetime) -> str:
    content = hashlib.sha256(f"{party_id}|{what}|{due_at.isoformat()}".encode()).hexdigest()
    return f"IR-{due_at:%Y%m%d}-{content[:10]}"
