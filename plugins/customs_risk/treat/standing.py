"""The standing rules: measures that follow, once a business day, from what has become known.

What the rules look for, what follows and when it ends is in ``rules/rules.yml``; each rule's query
stands beside it. The rules propose, and lift what nothing carries any more; what needs a person
waits for one.
"""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import psycopg
import yaml
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.treat import measures
from customs_risk.treat.measures import Proposal

_RULES = Path(__file__).with_name("rules")

# what the rules look at is built by the models: before the first build there is nothing to find
_IS_BUILT = """
    select 1
    where
        to_regclass('intermediate.int_inspections') is not null
        and to_regclass('intermediate.int_latest_signals') is not null
"""

# the gravest subjects first, as many as there is room for beside those that have a measure already
_CANDIDATES = """
    select candidates.*
    from ({query}) as candidates
    where
        not exists (
            select 1 from answered
            where
                answered.is_standing
                and answered.rule_code = %(rule)s
                and answered.subject_kind = candidates.subject_kind
                and answered.subject_key = candidates.subject_key
                and answered.risk_domain = candidates.risk_domain
        )
    order by candidates.weight desc, candidates.subject_key, candidates.risk_domain
    limit greatest(
        %(most)s - (
            select count(*) from answered
            where answered.is_standing and answered.rule_code = %(rule)s
        ),
        0
    )
"""


@cache
def rules() -> dict[str, Any]:
    """Return what rules.yml declares."""
    text = (_RULES / "rules.yml").read_text(encoding="utf-8")
    return cast("dict[str, Any]", yaml.safe_load(text))


def propose_measures() -> int:
    """Lift what nothing carries any more, propose what follows; return how many are new.

    Running it again on the same evidence adds nothing.
    """
    with warehouse.connect() as connection:
        if connection.execute(_IS_BUILT).fetchone() is None:
            return 0
        moment = clock.present(connection)
        told = {
            "moment": moment,
            "day": clock.business_day(moment),
            "days": max(rule["needs"]["days"] for rule in rules()["rules"].values()),
            "clean_inspections": rules()["clean_inspections"],
        }
        _keep(connection, "evidence", told)
        connection.execute("analyze evidence")
        lift_ceased(connection, told)
        _keep(connection, "answered", told)
        return sum(
            len(_follow(connection, code, rule, told)) for code, rule in rules()["rules"].items()
        )


def lift_ceased(connection: psycopg.Connection, told: dict[str, Any]) -> int:
    """Lift the measures whose evidence has ceased; return how many. It needs ``evidence``."""
    ceased = connection.execute(_query("ceased"), told).fetchall()
    for measure_id, reason in ceased:
        measures.end(connection, measure_id, by="rules", reason=reason)
    return len(ceased)


def _follow(
    connection: psycopg.Connection, code: str, rule: dict[str, Any], told: dict[str, Any]
) -> list[str]:
    query = _CANDIDATES.replace("{query}", _query(code))
    needs = {**told, **rule["needs"], "rule": code, "most": rule["most"]}
    subjects = connection.cursor(row_factory=dict_row).execute(query, needs).fetchall()
    proposals = [
        _proposal(code, subject, measure, told["moment"])
        for subject in subjects
        for measure in rule["measures"]
        if subject["risk_domain"] in measure.get("domains", [subject["risk_domain"]])
    ]
    return measures.propose_all(connection, proposals, by=f"rule:{code}")


def _proposal(
    code: str, subject: dict[str, Any], measure: dict[str, Any], moment: datetime
) -> Proposal:
    facts = subject["facts"]
    return Proposal(
        kind=measure["kind"],
        action=measure["action"],
        risk_domain=subject["risk_domain"],
        subject_kind=subject["subject_kind"],
        subject_key=subject["subject_key"],
        scope=subject["scope"],
        value_before=measure["before"],
        value_after=measure["after"],
        evidence={**subject["evidence"], **facts, "rules_version": rules()["version"]},
        reason_en=measure["reason_en"].format_map(facts),
        reason_zh=measure["reason_zh"].format_map(facts),
        ends_at=moment + timedelta(days=measure["lasts_days"]),
        rule_code=code,
    )


def _keep(connection: psycopg.Connection, name: str, told: dict[str, Any]) -> None:
    query = _query(name)
    connection.execute(f"create temporary table {name} on commit drop as {query}", told)


def _query(name: str) -> str:
    return (_RULES / f"{name}.sql").read_text(encoding="utf-8")
