"""Who may assess: registration, undertaking of confidentiality, qualification, conflicts.

Everything has a first and a last day, and nothing is deleted: what no longer holds is revoked from
a day on, by somebody, for a reason.
"""

import hashlib
import json
from datetime import date
from typing import Any, get_args

from psycopg import sql

from customs_risk import clock, warehouse
from customs_risk.experts.vocabulary import AssessorKind, Covers, Domain

# each kind of credential: its table, and the column with its number
_UNDERTAKING = ("assessor_undertakings", "undertaking_id")
_QUALIFICATION = ("assessor_qualifications", "qualification_id")
_CONFLICT = ("assessor_conflicts", "conflict_id")
_REVOCABLE = (("assessors", "assessor_id"), _UNDERTAKING, _QUALIFICATION, _CONFLICT)

_REVOKE = sql.SQL("""
    update ops.{} set revoked_on = %s, revoked_by = %s, revoke_reason = %s
    where {} = %s and revoked_on is null
""")


class UnusableCredential(ValueError):  # noqa: N818 - reads as what is wrong
    """What is told of an assessor cannot be so; the message says why."""


def add(
    assessor_id: str,
    kind: AssessorKind,
    *,
    name: str,
    organisation: str,
    post: str | None,
    valid_from: date,
    valid_to: date | None,
    by: str,
) -> None:
    """Register an assessor, or, from another day on, an assessor's change of post.

    Raises:
        UnusableCredential: something is empty, an internal assessor has no post, the period ends
            before it begins, or the assessor is registered from that day already.
    """
    if kind == "internal" and not post:
        raise UnusableCredential(f"{assessor_id}: an internal assessor holds a post 须注明岗位")
    row = {
        "assessor_id": assessor_id,
        "kind": kind,
        "assessor_name": name,
        "organisation": organisation,
        "post": post,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    if not _enter("assessors", row, by):
        raise UnusableCredential(f"{assessor_id} is registered from {valid_from} 该日起已登记")


def undertake(
    assessor_id: str,
    *,
    covers: Covers,
    document_sha256: str,
    signed_on: date,
    valid_to: date,
    by: str,
) -> str:
    """Note a signed undertaking of confidentiality and return its number.

    Args:
        assessor_id: who signed it.
        covers: the highest class of data that it covers, and so that the assessor is shown.
        document_sha256: digest of the signed document.
        signed_on: first day of validity.
        valid_to: last day of validity.
        by: who answers for the note.

    Raises:
        UnusableCredential: there is no such assessor, or the period ends before it begins.
    """
    told = {"covers": covers, "document_sha256": document_sha256}
    return _note(_UNDERTAKING, "U", assessor_id, signed_on, valid_to, by, told)


def qualify(
    assessor_id: str,
    risk_domains: tuple[str, ...],
    *,
    title: str,
    issuer: str,
    issued_number: str,
    valid_from: date,
    valid_to: date | None,
    by: str,
) -> str:
    """Note a qualification in some risk domains and return its number.

    Raises:
        UnusableCredential: there is no such assessor, the period ends before it begins, or the
            title, the issuer, its number or the domains are not told, or not those of Article 2.
    """
    if unknown := set(risk_domains) - set(get_args(Domain)):
        raise UnusableCredential(f"no risk domain 无此风险领域: {', '.join(sorted(unknown))}")
    told = {
        "risk_domains": sorted(set(risk_domains)),
        "title": title,
        "issuer": issuer,
        "issued_number": issued_number,
    }
    return _note(_QUALIFICATION, "Q", assessor_id, valid_from, valid_to, by, told)


def declare_conflict(
    assessor_id: str,
    party_id: str,
    *,
    interest: str,
    valid_from: date,
    valid_to: date | None,
    by: str,
) -> str:
    """Note an interest of an assessor in a party and return the note's number.

    Raises:
        UnusableCredential: there is no such assessor, the period ends before it begins, or the
            party or the interest is not told.
    """
    told = {"party_id": party_id, "interest": interest}
    return _note(_CONFLICT, "C", assessor_id, valid_from, valid_to, by, told)


def revoke(number: str, *, on: date | None, by: str, reason: str) -> bool:
    """End an assessor's registration or one of the notes above; return whether it stood.

    Args:
        number: of the assessor, undertaking, qualification or conflict.
        on: first day on which it does not hold; by default today.
        by: who answers for it.
        reason: why.

    Raises:
        UnusableCredential: no reason is given.
    """
    if not reason.strip():
        raise UnusableCredential(f"{number}: a revocation needs a reason 须说明撤销理由")
    with warehouse.connect() as connection:
        day = on or clock.business_day(clock.present(connection))
        return any(
            connection.execute(
                _REVOKE.format(*map(sql.Identifier, kind)), [day, by, reason, number]
            ).rowcount
            for kind in _REVOCABLE
        )


def _note(
    kind: tuple[str, str],
    prefix: str,
    assessor_id: str,
    valid_from: date,
    valid_to: date | None,
    by: str,
    told: dict[str, Any],
) -> str:
    """Note something of a registered assessor; its number follows from what is noted.

    What was revoked does not come back by being noted again: it holds from a later day, or not.
    """
    table, key = kind
    row = {"assessor_id": assessor_id, "valid_from": valid_from, "valid_to": valid_to, **told}
    content = json.dumps(row, default=str, sort_keys=True, ensure_ascii=False)
    number = f"{prefix}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"
    with warehouse.connect() as connection:
        known = "select 1 from ops.assessors where assessor_id = %s"
        if not connection.execute(known, [assessor_id]).fetchone():
            raise UnusableCredential(f"there is no assessor {assessor_id!r} 无此专家")
        revoked = sql.SQL("select 1 from ops.{} where {} = %s and revoked_on is not null")
        if connection.execute(revoked.format(*map(sql.Identifier, kind)), [number]).fetchone():
            raise UnusableCredential(f"{number} was revoked 该编号已撤销")
    _enter(table, {key: number, **row}, by)
    return number


def _enter(table: str, row: dict[str, Any], by: str) -> bool:
    empty = [name for name, value in row.items() if value in ("", [])]
    if empty:
        raise UnusableCredential(f"{', '.join(empty)} must be told 不得为空")
    if row["valid_to"] and row["valid_to"] < row["valid_from"]:
        raise UnusableCredential(
            f"it would end on {row['valid_to']}, before it begins on {row['valid_from']}"
            " 失效日期早于生效日期"
        )
    entered = {**row, "recorded_by": by}
    statement = sql.SQL("insert into ops.{} ({}) values ({}) on conflict do nothing").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, entered)),
        sql.SQL(", ").join(map(sql.Placeholder, entered)),
    )
    with warehouse.connect() as connection:
        return connection.execute(statement, entered).rowcount == 1
