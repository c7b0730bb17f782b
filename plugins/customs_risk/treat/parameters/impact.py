"""Impact analysis before activation: what a version would have done over past months.

All of it is one statement over what was decided: the hits, what inspections of them found, what
they would have cost. Findings among hits are no fair sample, since ranking chose most of them:
each inspection is weighed by the probability with which it was selected (see precision.py).
"""

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from customs_risk import clock, warehouse
from customs_risk.treat.parameters import store
from customs_risk.treat.parameters.language import compile_condition
from customs_risk.treat.parameters.precision import Group, expected_precision
from customs_risk.treat.parameters.store import Version

MONTHS = 6
# inspections of hits whose hours are told, from which on their own mean is believed
_ENOUGH_HOURS = 10
# these take an officer to the goods; documents are examined, and firms audited, beside it
_TAKES_A_PLACE = {"inspection", "examination", "quarantine"}


@dataclass(frozen=True)
class Impact:
    """What a version would have done, as it is stored in ops.parameter_impacts."""

    from_on: date
    to_on: date
    decided_days: int
    declarations: int
    hits: int
    inspected_hits: int
    findings: int
    certain_hits: int
    certain_completed: int
    certain_findings: int
    drawn_hits: int
    drawn_completed: int
    drawn_findings: int
    expected_precision: float | None
    precision_low: float
    precision_high: float
    base_rate: float | None
    officer_hours_per_inspection: float | None
    officer_hours_of: str
    hits_per_day: float
    officer_hours_per_day: float | None
    displaced_inspections: int
    hits_beyond_capacity: int
    sole_hits: int
    offices: list[dict[str, Any]]
    shared: list[dict[str, Any]]


def analyse(
    parameter_id: str, version: int | None = None, *, by: str, months: int = MONTHS
) -> Impact:
    """Analyse a version, by default the newest, over past months, and store the analysis.

    Raises:
        UnusableParameter: there is no such version, or no past to look at is asked for.
    """
    if months < 1:
        raise store.UnusableParameter(f"{months} months: look at one at least 至少回溯一个月")
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        to_on = clock.business_day(moment)
        asked = store.version_of(connection, parameter_id, version)
        impact = _analyse(connection, asked, to_on - timedelta(days=round(30.44 * months)), to_on)
        _write(connection, asked, impact, moment, by)
    return impact


def _analyse(connection: Connection, asked: Version, from_on: date, to_on: date) -> Impact:
    others = [
        each for each in store.in_force(connection) if each.parameter_id != asked.parameter_id
    ]
    told = {"from_on": from_on, "to_on": to_on, "jurisdiction": asked.jurisdiction}
    told |= {f"jurisdiction_{place}": each.jurisdiction for place, each in enumerate(others)}
    statement = _statement().format(
        condition=compile_condition(asked.condition).fragment, others=_judgements(others)
    )
    row = connection.execute(statement, told).fetchone()
    assert row is not None
    counted, groups, offices, shared_hits = row
    shared = [
        {
            "parameter_id": each.parameter_id,
            "version": each.version,
            "shared_hits": shared_hits.get(str(place), 0),
        }
        for place, each in enumerate(others, start=1)
    ]
    return _summary(asked, (from_on, to_on), counted, groups, offices, shared)


@cache
def _statement() -> sql.SQL:
    return sql.SQL(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def _judgements(others: list[Version]) -> sql.Composable:
    """Return an array of whether each of the other parameters hits."""
    reached = sql.SQL(
        "coalesce(ops.is_reached(declarations.office_code, {units}::text[],"
        " (select ops.reach({units}::text[], %(to_on)s::date))) and {condition}, false)"
    )
    judged = [
        reached.format(
            units=sql.Placeholder(f"jurisdiction_{place}"),
            condition=compile_condition(each.condition).fragment,
        )
        for place, each in enumerate(others)
    ]
    return sql.SQL("array[{}]::boolean[]").format(sql.SQL(", ").join(judged))


def _summary(
    asked: Version,
    period: tuple[date, date],
    counted: dict[str, Any],
    groups: list[dict[str, Any]],
    offices: list[dict[str, Any]],
    shared: list[dict[str, Any]],
) -> Impact:
    of_hits = [each for each in groups if each["is_hit"]]
    certain, drawn = _group(of_hits, is_certain=True), _group(of_hits, is_certain=False)
    precision = expected_precision(certain, drawn)
    base = expected_precision(_group(groups, is_certain=True), _group(groups, is_certain=False))
    hits_per_day = counted["hits"] / max(counted["decided_days"], 1)
    hours, hours_of = _officer_hours(counted)
    takes_a_place = asked.measure in _TAKES_A_PLACE
    return Impact(
        from_on=period[0],
        to_on=period[1],
        decided_days=counted["decided_days"],
        declarations=counted["declarations"],
        hits=counted["hits"],
        inspected_hits=counted["inspected_hits"],
        findings=counted["findings"],
        certain_hits=certain.hits,
        certain_completed=certain.completed,
        certain_findings=_findings(of_hits, is_certain=True),
        drawn_hits=drawn.hits,
        drawn_completed=drawn.completed,
        drawn_findings=_findings(of_hits, is_certain=False),
        expected_precision=precision.expected,
        precision_low=precision.low,
        precision_high=precision.high,
        base_rate=base.expected,
        officer_hours_per_inspection=hours,
        officer_hours_of=hours_of,
        hits_per_day=hits_per_day,
        officer_hours_per_day=None if hours is None else hours * hits_per_day,
        displaced_inspections=_total(offices, "displaced_inspections") if takes_a_place else 0,
        hits_beyond_capacity=_total(offices, "hits_beyond_capacity") if takes_a_place else 0,
        sole_hits=counted["sole_hits"],
        offices=offices,
        shared=shared,
    )


def _group(groups: list[dict[str, Any]], *, is_certain: bool) -> Group:
    """Return the sums of those that were, or were not, sure to be inspected."""
    of_kind = [each for each in groups if each["is_certain"] == is_certain]
    return Group(
        hits=_total(of_kind, "declarations"),
        completed=_total(of_kind, "completed"),
        **{
            name: float(_total(of_kind, name))
            for name in ("weight", "squares", "found", "found_squares")
        },
    )


def _findings(groups: list[dict[str, Any]], *, is_certain: bool) -> int:
    return _total([each for each in groups if each["is_certain"] == is_certain], "findings")


def _total(rows: list[dict[str, Any]], name: str) -> Any:
    return sum(row[name] for row in rows)


def _officer_hours(counted: dict[str, Any]) -> tuple[float | None, str]:
    """Return the mean hours of an inspection, and whose mean it is."""
    if counted["timed_hits"] >= _ENOUGH_HOURS:
        return counted["officer_hours_of_hits"], "hits"
    if counted["officer_hours_of_all"] is not None:
        return counted["officer_hours_of_all"], "all"
    return None, "none"


_COUNTED = [field.name for field in fields(Impact)]
_WRITE = f"""
    insert into ops.parameter_impacts (
        parameter_id, version, impact_no, analysed_at, analysed_by, {", ".join(_COUNTED)}
    )
    select
        %(parameter_id)s, %(version)s, 1 + coalesce(max(impact_no), 0), %(moment)s, %(by)s,
        {", ".join(f"%({name})s" for name in _COUNTED)}
    from ops.parameter_impacts
    where parameter_id = %(parameter_id)s and version = %(version)s
"""


def _write(
    connection: Connection, asked: Version, impact: Impact, moment: datetime, by: str
) -> None:
    told = asdict(impact)
    told |= {name: Jsonb(told[name]) for name in ("offices", "shared")}
    told |= {
        "parameter_id": asked.parameter_id,
        "version": asked.version,
        "moment": moment,
        "by": by,
    }
    connection.execute("select pg_advisory_xact_lock(hashtext('parameter impacts'))")
    connection.execute(_WRITE, told)
