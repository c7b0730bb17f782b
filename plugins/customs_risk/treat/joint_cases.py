"""Joint cases: prevention and control together with other departments (Order 271, Article 19).

What an agency is told in a case is a list of columns that somebody allowed, each no more
confidential than the agency's agreement covers (access/classes.py); nothing else is ever read for
it. What was told and what came is kept with its digest.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from psycopg import Connection, sql
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.access.classes import columns_of_class
from customs_risk.experts.vocabulary import Domain
from customs_risk.treat.numbers import numbered
from expectations.contract import CLASSES

Role = Literal["lead", "member", "consulted"]
# the highest class that an agency is told: what is secret, none is
AgencyCovers = Literal["public", "internal", "restricted", "personal"]
Outcome = Literal["risk_removed", "risk_reduced", "no_risk", "transferred", "not_resolved"]

# what may be shared at all: marts of core with one or several rows of a declaration
SHAREABLE = ("declarations", "declaration_lines", "inspections", "findings")
LEGAL_BASIS = "海关风险管理办法（海关总署令第271号）第十九条"

_OPEN = """
insert into ops.joint_cases (
    case_id, title_en, title_zh, risk_domain, legal_basis, opened_at, opened_by, reason
)
values (
    %(case_id)s, %(title_en)s, %(title_zh)s, %(risk_domain)s, %(legal_basis)s, %(moment)s, %(by)s,
    %(reason)s
)
on conflict (case_id) do nothing
"""

_JOIN = """
insert into ops.joint_case_agencies (case_id, agency, role, covers, agreement, joined_at, joined_by)
select case_id, %(agency)s, %(role)s, %(covers)s, %(agreement)s, %(moment)s, %(by)s
from ops.joint_cases
where case_id = %(case_id)s and closed_at is null
"""

_LEAVE = """
update ops.joint_case_agencies
set left_at = %(moment)s, left_by = %(by)s, leave_reason = %(reason)s
where
    case_id = %(case_id)s
    and (agency = %(agency)s or %(agency)s::text is null)
    and left_at is null
"""

_COVERS = """
select agencies.covers
from ops.joint_case_agencies as agencies
inner join ops.joint_cases as cases using (case_id)
where
    agencies.case_id = %s and agencies.agency = %s and agencies.left_at is null
    and cases.closed_at is null
"""

_ALLOW = """
insert into ops.joint_case_fields (
    case_id, agency, mart, column_name, class, allowed_at, allowed_by, reason
)
values (
    %(case_id)s, %(agency)s, %(mart)s, %(column)s, %(class)s, %(moment)s, %(by)s, %(reason)s
)
on conflict (case_id, agency, mart, column_name) where ended_at is null do nothing
"""

_WITHDRAW = """
update ops.joint_case_fields
set ended_at = %(moment)s, ended_by = %(by)s, end_reason = %(reason)s
where
    case_id = %(case_id)s
    and (agency = %(agency)s or %(agency)s::text is null)
    and (mart = %(mart)s or %(mart)s::text is null)
    and (column_name = any(%(columns)s) or %(columns)s::text[] is null)
    and ended_at is null
"""

_ALLOWED = """
select column_name from ops.joint_case_fields
where case_id = %s and agency = %s and mart = %s and ended_at is null
order by column_name
"""

_EXCHANGE = """
insert into ops.joint_case_exchanges (
    exchange_id, case_id, agency, direction, exchanged_at, exchanged_by, what, columns, "rows",
    content_sha256
)
values (
    %(exchange_id)s, %(case_id)s, %(agency)s, %(direction)s, %(moment)s, %(by)s, %(what)s,
    %(columns)s, %(rows)s, %(content_sha256)s
)
on conflict (exchange_id) do nothing
"""

_LEAVES = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
values (
    'exchange:' || %(exchange_id)s, 'exchange', %(case_id)s, %(day)s,
    jsonb_build_object(
        'addressee', %(agency)s::text,
        'case_id', %(case_id)s::text,
        'exchange_id', %(exchange_id)s::text,
        'content_sha256', %(content_sha256)s::text,
        'content', %(content)s::text
    )
)
on conflict (message_id) do nothing
"""

_LOG = """
insert into access.log (login, reader, mart, class, query, application, backend, statement_at)
values (
    session_user, %s, %s, %s, %s, 'customs-risk case share', pg_backend_pid(), statement_timestamp()
)
"""

_CLOSE = """
update ops.joint_cases
set
    closed_at = %(moment)s, closed_by = %(by)s, outcome = %(outcome)s,
    outcome_en = %(outcome_en)s, outcome_zh = %(outcome_zh)s
where case_id = %(case_id)s and closed_at is null
"""


class UnusableCase(ValueError):  # noqa: N818 - reads as what is wrong
    """What is said of a joint case cannot be so; the message says why."""


class NotCovered(PermissionError):  # noqa: N818 - reads as what is so
    """An agency may not be told this; the message says what and why."""


def open_case(
    title_en: str,
    title_zh: str,
    *,
    domain: Domain,
    lead: str,
    agreement: str,
    by: str,
    reason: str,
    covers: AgencyCovers = "internal",
    legal_basis: str = LEGAL_BASIS,
) -> str:
    """Open a case under a lead agency and return its number; the same again is the same case.

    ``agreement`` names the memorandum or law under which the agency keeps what it learns secret,
    ``covers`` the highest class of confidentiality that it may be told.
    """
    if not all(word.strip() for word in (title_en, title_zh, lead, agreement, by, reason)):
        raise UnusableCase(
            "a case tells its title in both languages, its lead agency, under which agreement, and"
            " why 案件须写明中英文名称、牵头部门、协议与理由"
        )
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        number = numbered("JC", clock.business_day(moment), title_zh, lead)
        told = {"case_id": number, "title_en": title_en, "title_zh": title_zh, "moment": moment}
        told |= {"risk_domain": domain, "legal_basis": legal_basis, "by": by, "reason": reason}
        told |= {"agency": lead, "role": "lead", "covers": covers, "agreement": agreement}
        if connection.execute(_OPEN, told).rowcount:
            connection.execute(_JOIN, told)
    return number


def join(
    case_id: str,
    agency: str,
    *,
    role: Role,
    covers: AgencyCovers,
    agreement: str,
    by: str,
) -> None:
    """Let an agency take part in an open case.

    Raises:
        UnusableCase: there is no such open case, it has a lead already, or the agency takes part.
    """
    if covers not in get_args(AgencyCovers) or role not in get_args(Role):
        raise UnusableCase(f"no agency takes part as {role!r} and is told what is {covers!r}")
    with warehouse.connect() as connection:
        told = {"case_id": case_id, "agency": agency, "role": role, "covers": covers, "by": by}
        taking_part = connection.execute(
            """
            select agency from ops.joint_case_agencies
            where case_id = %s and left_at is null and (agency = %s or role = 'lead' and %s)
            """,
            [case_id, agency, role == "lead"],
        ).fetchone()
        if taking_part:
            raise UnusableCase(f"{case_id}: {taking_part[0]} takes part or leads already 已参与")
        told |= {"agreement": agreement, "moment": str(clock.present(connection))}
        if not connection.execute(_JOIN, told).rowcount:
            raise UnusableCase(f"{case_id}: no open case has that number 无此未结案件")


def leave(case_id: str, agency: str, *, by: str, reason: str) -> bool:
    """Note that an agency takes part no more; what it was allowed to be told ends with it."""
    told = {"case_id": case_id, "agency": agency, "mart": None, "columns": None}
    with warehouse.connect() as connection:
        told |= {"by": by, "reason": reason, "moment": str(clock.present(connection))}
        took_part = connection.execute(_LEAVE, told).rowcount == 1
        connection.execute(_WITHDRAW, told)
    return took_part


def allow(
    case_id: str, agency: str, mart: str, columns: Sequence[str], *, by: str, reason: str
) -> int:
    """Allow an agency to be told columns of a mart in a case; return how many are new.

    Raises:
        NotCovered: a column is more confidential than the agency's agreement covers; none is
            allowed then.
        UnusableCase: the mart is not shared, or has no such column, or no reason is told.
    """
    if mart not in SHAREABLE or not columns or not reason.strip():
        raise UnusableCase(
            f"columns of {', '.join(SHAREABLE)} are shared, for a reason: {mart!r} 该数据不可共享"
        )
    classes = columns_of_class(*CLASSES)[mart]
    unknown = [column for column in columns if column not in classes]
    if unknown:
        raise UnusableCase(f"core.{mart} has no column {', '.join(unknown)} 无此字段")
    with warehouse.connect() as connection:
        covered = _covered(connection, case_id, agency)
        beyond = [
            f"{column} ({classes[column]})" for column in columns if classes[column] not in covered
        ]
        if beyond:
            raise NotCovered(
                f"{case_id}: the agreement of {agency} covers up to {covered[-1]}, not"
                f" {', '.join(beyond)} of core.{mart} 协议未涵盖上述字段的密级"
            )
        moment = clock.present(connection)
        told = {"case_id": case_id, "agency": agency, "mart": mart, "by": by, "reason": reason}
        return sum(
            connection.execute(
                _ALLOW, {**told, "column": name, "class": classes[name], "moment": moment}
            ).rowcount
            for name in columns
        )


def withdraw(
    case_id: str, agency: str, mart: str, columns: Sequence[str], *, by: str, reason: str
) -> int:
    """Allow an agency columns of a mart no longer; return how many it was allowed."""
    told = {"case_id": case_id, "agency": agency, "mart": mart, "columns": list(columns)}
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        return connection.execute(
            _WITHDRAW, {**told, "by": by, "reason": reason, "moment": moment}
        ).rowcount


def share(case_id: str, agency: str, declarations: Sequence[str], *, what: str, by: str) -> str:
    """Tell an agency what it is allowed to know of declarations; return the exchange's number.

    It leaves through the outbox, as JSON, and is in the log of reading. A column whose class was
    raised since it was allowed is not told.

    Raises:
        NotCovered: nothing is allowed, or the agency does not take part.
        UnusableCase: none of the declarations is there, or it is not told what is shared.
    """
    if not what.strip():
        raise UnusableCase(f"{case_id}: say what is shared 须说明共享内容")
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        shown = _shown(connection, case_id, agency, declarations)
        rows = sum(map(len, shown.values()))
        if not rows:
            raise UnusableCase(f"{case_id}: none of these declarations is known 无此报关单")
        told = {"case_id": case_id, "agency": agency, "what": what, "as_of": str(moment)}
        content = json.dumps({**told, **shown}, default=str, ensure_ascii=False)
        digest = hashlib.sha256(content.encode()).hexdigest()
        columns = [
            f"core.{mart}.{name}" for mart, each in shown.items() if each for name in each[0]
        ]
        number = _note(
            connection, case_id, agency, "sent", what=what, by=by, digest=digest,
            columns=columns, rows=rows, content=content,
        )  # fmt: skip
        for mart in shown:
            query = f"exchange {number} of {case_id}, sha256 {digest}, shared by {by}"
            # the log names classes of marts that not everybody reads
            connection.execute(_LOG, [agency, f"core.{mart}", "restricted", query])
    return number


def receive(case_id: str, agency: str, file: Path, *, what: str, rows: int, by: str) -> str:
    """Note a file that came from an agency in a case; return the exchange's number.

    Its rows come in as a feed does, if there is one; here stands what came, when, and its digest.

    Raises:
        NotCovered: the agency does not take part.
    """
    with warehouse.connect() as connection:
        _covered(connection, case_id, agency)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return _note(
            connection, case_id, agency, "received", what=what, by=by, digest=digest, rows=rows
        )


def close(case_id: str, outcome: Outcome, outcome_en: str, outcome_zh: str, *, by: str) -> bool:
    """Close a case with its outcome; return whether it was open. All that was allowed ends."""
    if outcome not in get_args(Outcome) or not (outcome_en.strip() and outcome_zh.strip()):
        raise UnusableCase(f"{case_id}: an outcome is told, in both languages 须写明中英文结果")
    told = {"case_id": case_id, "outcome": outcome, "outcome_en": outcome_en, "by": by}
    ended = {"agency": None, "mart": None, "columns": None, "reason": f"case closed: {outcome}"}
    with warehouse.connect() as connection:
        told |= {"outcome_zh": outcome_zh, "moment": str(clock.present(connection))}
        was_open = connection.execute(_CLOSE, told).rowcount == 1
        if was_open:
            connection.execute(_WITHDRAW, {**told, **ended})
    return was_open


def _covered(connection: Connection, case_id: str, agency: str) -> tuple[str, ...]:
    """Return the classes that an agency's agreement covers, the most confidential last."""
    row = connection.execute(_COVERS, [case_id, agency]).fetchone()
    if row is None:
        raise NotCovered(f"{agency} does not take part in an open case {case_id} 该部门未参与此案")
    return CLASSES[: CLASSES.index(row[0]) + 1]


def _shown(
    connection: Connection, case_id: str, agency: str, declarations: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    open_ = columns_of_class(*_covered(connection, case_id, agency))
    shown = {}
    for mart in SHAREABLE:
        allowed = [name for (name,) in connection.execute(_ALLOWED, [case_id, agency, mart])]
        columns = [name for name in allowed if name in open_.get(mart, {})]
        if columns:
            query = sql.SQL("select {} from {} where declaration_id = any(%s) order by {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.Identifier("core", mart),
                sql.SQL("declaration_id"),
            )
            cursor = connection.cursor(row_factory=dict_row)
            shown[mart] = cursor.execute(query, [list(declarations)]).fetchall()
    if not shown:
        raise NotCovered(f"{case_id}: nothing is allowed to be told to {agency} 无可共享字段")
    return shown


def _note(
    connection: Connection,
    case_id: str,
    agency: str,
    direction: Literal["sent", "received"],
    *,
    what: str,
    by: str,
    digest: str,
    rows: int,
    columns: Sequence[str] = (),
    content: str | None = None,
) -> str:
    moment = clock.present(connection)
    day = clock.business_day(moment)
    number = numbered("JX", day, case_id, agency, direction, digest)
    told = {
        "exchange_id": number, "case_id": case_id, "agency": agency, "direction": direction,
        "moment": moment, "by": by, "what": what, "columns": list(columns), "rows": rows,
        "content_sha256": digest, "day": day, "content": content,
    }  # fmt: skip
    connection.execute(_EXCHANGE, told)
    if content is not None:
        connection.execute(_LEAVES, told)
    return number
