"""Versions of risk parameters, what became of them, and who may do what to them.

The organisation has four levels: the department at GACC, three sub-centres for the districts on
their lists, a division of risk management in each district, and posts at its offices. Each level
proposes for its own place. The department and the sub-centres approve and activate, and nobody
approves what he proposed. The rule itself is the database's (ops.parameter_refusal).
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.treat.parameters.language import compile_condition

Event = Literal["approved", "refused", "activated", "suspended", "withdrawn"]
Measure = Literal[
    "document_review", "inspection", "examination", "quarantine", "audit", "verification"
]
Domain = Literal[
    "prohibited_restricted", "port_health", "biosecurity", "food_safety", "commodity_quality",
    "tax", "ipr", "other",
]  # fmt: skip

_WHY = {
    "unknown_version": ("there is no such parameter or version", "无此参数或版本"),
    "officer_without_unit": ("the officer acts for no unit today", "该人员当日无任职单位"),
    "unit_unknown": (
        "the officer's unit is not in the organisation",
        "该人员所属单位不在组织体系内",
    ),
    "outside_jurisdiction": (
        "the parameter reaches beyond what the officer's unit is in charge of",
        "参数适用范围超出该单位管辖",
    ),
    "level_too_low": ("that is for the sub-centre or the department", "须由分中心或总署部门办理"),
    "own_proposal": ("nobody decides on his own proposal", "不得审批本人提出的参数"),
    "over_its_time": ("its last day is over", "已过失效日期"),
    "not_expired": ("its last day is not over", "尚未失效"),
    "impact_missing": (
        "no impact analysis of this version: run it first",
        "该版本尚无影响分析，须先行分析",
    ),
}
_STATES_ZH = {
    "proposed": "待审批", "approved": "已批准", "refused": "已驳回", "activated": "已启用",
    "suspended": "已暂停", "expired": "已失效", "withdrawn": "已撤回", "none": "未提出",
}  # fmt: skip


class RefusedAct(PermissionError):  # noqa: N818 - reads as what happened
    """Somebody may not do this to a parameter; the message says why, ``code`` in a word."""

    def __init__(self, what: str, officer: str, code: str) -> None:
        """Say in both languages why it is refused."""
        state = code.removeprefix("state_")
        en, zh = _WHY.get(code, (f"it is {state} now", f"当前状态为{_STATES_ZH.get(state, state)}"))
        super().__init__(f"{what} by {officer}: refused 不予办理: {en} · {zh}")
        self.code = code


class UnusableParameter(ValueError):  # noqa: N818 - reads as what is wrong
    """What is told of a parameter or an officer cannot be so; the message says why."""


@dataclass(frozen=True)
class Proposal:
    """One version of a parameter as it is proposed.

    ``jurisdiction`` names units of the organisation: ``gacc`` for the whole country, sub-centres,
    districts, offices. ``owner_unit`` is the unit whose post answers for it.
    """

    parameter_id: str
    condition: str
    risk_domain: Domain
    what_to_examine_en: str
    what_to_examine_zh: str
    measure: Measure
    jurisdiction: tuple[str, ...]
    owner_unit: str
    legal_basis: str
    starts_on: date
    expires_on: date
    review_on: date
    reason_en: str
    reason_zh: str


@dataclass(frozen=True)
class Version:
    """A stored version, as far as it says what it hits."""

    parameter_id: str
    version: int
    condition: str
    jurisdiction: list[str]
    measure: Measure
    starts_on: date
    expires_on: date
    proposed_at: datetime

    @property
    def name(self) -> str:
        """The version as people call it."""
        return f"{self.parameter_id} version {self.version}"


_VERSION_COLUMNS = """
    versions.parameter_id, versions.version, versions."condition", versions.jurisdiction,
    versions.measure, versions.starts_on, versions.expires_on, versions.proposed_at
"""


def appoint(
    officer: str, unit_code: str, *, valid_from: date, valid_to: date | None, by: str
) -> None:
    """Note for which unit of the organisation an officer acts from a day on.

    Raises:
        UnusableParameter: there is no such unit, the period ends before it begins, or the officer
            has a unit from that day already.
    """
    if valid_to and valid_to < valid_from:
        raise UnusableParameter(f"{officer}: ends on {valid_to}, before it begins 失效早于生效")
    with warehouse.connect() as connection:
        _check_units(connection, [unit_code], valid_from)
        entered = connection.execute(
            """
            insert into ops.parameter_officers (
                officer, unit_code, valid_from, valid_to, recorded_by
            )
            values (%s, %s, %s, %s, %s)
            on conflict do nothing
            """,
            [officer, unit_code, valid_from, valid_to, by],
        ).rowcount
        if not entered:
            raise UnusableParameter(f"{officer} has a unit from {valid_from} already 该日起已任职")


def propose(proposal: Proposal, *, by: str) -> int:
    """Store a version of a parameter as proposed, and return its number.

    Raises:
        RefusedCondition: the language does not have the condition.
        UnusableParameter: something is not told, a unit is unknown, or it would last more than a
            year, end before it begins, or be reviewed at any other time.
        RefusedAct: the proposer's unit is not in charge of the place.
    """
    with warehouse.connect() as connection:
        return enter(connection, proposal, by=by)


def enter(connection: Connection, proposal: Proposal, *, by: str) -> int:
    """Propose a version in the caller's transaction; see ``propose``."""
    compile_condition(proposal.condition)
    _check(proposal)
    moment = clock.present(connection)
    today = clock.business_day(moment)
    if proposal.expires_on < today:
        raise UnusableParameter(f"it would have ended on {proposal.expires_on} 失效日期已过")
    _check_units(connection, [*proposal.jurisdiction, proposal.owner_unit], today)
    connection.execute("select pg_advisory_xact_lock(hashtext('parameters'))")
    told: dict[str, Any] = {
        **asdict(proposal),
        "jurisdiction": sorted(set(proposal.jurisdiction)),
        "moment": moment,
        "by": by,
    }
    (version,) = connection.execute(_PROPOSE, told).fetchone() or (0,)
    reason = f"{proposal.reason_en} · {proposal.reason_zh}"
    _note(connection, "proposed", proposal.parameter_id, version, by=by, reason=reason)
    return int(version)


_PROPOSE = """
    insert into ops.parameter_versions (
        parameter_id, version, "condition", risk_domain, what_to_examine_en, what_to_examine_zh,
        measure, jurisdiction, owner_unit, legal_basis, starts_on, expires_on, review_on, reason_en,
        reason_zh, proposed_at, proposed_by
    )
    select
        %(parameter_id)s,
        1 + coalesce(max(version), 0),
        %(condition)s, %(risk_domain)s, %(what_to_examine_en)s, %(what_to_examine_zh)s,
        %(measure)s, %(jurisdiction)s, %(owner_unit)s, %(legal_basis)s, %(starts_on)s,
        %(expires_on)s, %(review_on)s, %(reason_en)s, %(reason_zh)s, %(moment)s, %(by)s
    from ops.parameter_versions
    where parameter_id = %(parameter_id)s
    returning version
"""


def decide(event: Event, parameter_id: str, version: int | None, *, by: str, reason: str) -> int:
    """Note what became of a version, by default the newest, and return its number.

    Whatever version of the same parameter is in force ends when another is activated.

    Raises:
        RefusedAct: the officer may not do this, or the version's state does not allow it.
        UnusableParameter: no reason is given.
    """
    with warehouse.connect() as connection:
        of_version = version or _newest(connection, parameter_id)
        note(connection, event, parameter_id, of_version, by=by, reason=reason)
    return of_version


def note(
    connection: Connection, event: Event, parameter_id: str, version: int, *, by: str, reason: str
) -> None:
    """Note what became of a version in the caller's transaction; see ``decide``."""
    if not reason.strip():
        raise UnusableParameter(f"{parameter_id}: say why 须说明理由")
    _note(connection, event, parameter_id, version, by=by, reason=reason)
    if event == "activated":
        for (other,) in connection.execute(_IN_FORCE_BESIDE, [parameter_id, version]):
            replaced = f"replaced by version {version} · 由第{version}版取代"
            _note(connection, "withdrawn", parameter_id, other, by=by, reason=replaced)


_IN_FORCE_BESIDE = """
    select version from ops.parameter_states
    where parameter_id = %s and version <> %s and "state" in ('activated', 'suspended')
"""


def expire_due() -> int:
    """End every version whose last day is over; return how many. A job of each day."""
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        return connection.execute(
            _EXPIRE, {"moment": moment, "today": clock.business_day(moment)}
        ).rowcount


_EXPIRE = """
    insert into ops.parameter_events (
        parameter_id, version, "event", happened_at, officer, unit_code, reason
    )
    select
        versions.parameter_id, versions.version, 'expired', %(moment)s, 'system', 'system',
        'its last day was ' || versions.expires_on || ' · 失效日期' || versions.expires_on
    from ops.parameter_versions as versions
    inner join ops.parameter_states as states using (parameter_id, version)
    where
        versions.expires_on < %(today)s
        and states."state" in ('proposed', 'approved', 'activated', 'suspended')
"""


def in_force(connection: Connection) -> list[Version]:
    """Return the versions that are active, in the order of their names."""
    rows = connection.execute(
        f"""
        select {_VERSION_COLUMNS}
        from ops.parameter_versions as versions
        inner join ops.parameter_states as states using (parameter_id, version)
        where states."state" = 'activated'
        order by versions.parameter_id
        """
    )
    return [Version(*row) for row in rows]


def version_of(connection: Connection, parameter_id: str, version: int | None) -> Version:
    """Return a version, by default the newest. Raises UnusableParameter if there is none."""
    row = connection.execute(
        f"""
        select {_VERSION_COLUMNS}
        from ops.parameter_versions as versions
        where parameter_id = %(id)s and version = coalesce(%(version)s::int, (
            select max(version) from ops.parameter_versions where parameter_id = %(id)s
        ))
        """,
        {"id": parameter_id, "version": version},
    ).fetchone()
    if row is None:
        raise UnusableParameter(f"there is no parameter {parameter_id} of that version 无此参数")
    return Version(*row)


def _newest(connection: Connection, parameter_id: str) -> int:
    return version_of(connection, parameter_id, None).version


def _note(
    connection: Connection, event: str, parameter_id: str, version: int, *, by: str, reason: str
) -> None:
    """Note an event as of the present; the database asks its rule again when it is written."""
    told = {
        "event": event,
        "by": by,
        "id": parameter_id,
        "version": version,
        "moment": clock.present(connection),
        "reason": reason,
    }
    (code,) = connection.execute(
        "select ops.parameter_refusal(%(event)s, %(by)s, %(id)s, %(version)s, %(moment)s)", told
    ).fetchone() or (None,)
    if code is not None:
        raise RefusedAct(f"{parameter_id} version {version}: {event}", by, code)
    connection.execute(
        """
        insert into ops.parameter_events (
            parameter_id, version, "event", happened_at, officer, unit_code, reason
        )
        -- the database itself puts in the unit that the officer acts for
        values (%(id)s, %(version)s, %(event)s, %(moment)s, %(by)s, '', %(reason)s)
        """,
        told,
    )


def _check(proposal: Proposal) -> None:
    empty = [name for name, value in asdict(proposal).items() if value in ("", ())]
    if empty:
        raise UnusableParameter(f"{', '.join(empty)} must be told 不得为空")
    start, end = proposal.starts_on, proposal.expires_on
    if not start < end <= _a_year_after(start):
        raise UnusableParameter(
            f"from {start} to {end}: a parameter lasts at least a day and at most a year"
            " 有效期须在一年以内"
        )
    if not start <= proposal.review_on <= end:
        raise UnusableParameter(
            f"{proposal.review_on}: it is reviewed while it lasts 复核日期须在有效期内"
        )


def _a_year_after(day: date) -> date:
    # the 29th of February has no other day to be than the 28th, as in the database
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year + 1, day=last)


def _check_units(connection: Connection, units: list[str], day: date) -> None:
    known = {
        code
        for (code,) in connection.execute(
            """
            select unit_code from reference.customs_units
            where valid_from <= %(day)s and coalesce(valid_to >= %(day)s, true)
            """,
            {"day": day},
        )
    }
    if unknown := sorted(set(units) - known):
        raise UnusableParameter(f"no such unit 无此单位: {', '.join(unknown)}")
