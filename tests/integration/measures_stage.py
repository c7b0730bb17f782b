"""Declarations, inspections and measures, for tests of treatment."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from customs_risk.treat.measures import Proposal, propose

BY, OTHER = "li.na", "wang.fang"
POST = "regional_risk_division"
ZONE = ZoneInfo("Asia/Shanghai")
TODAY = datetime(2026, 7, 1, 9, tzinfo=ZONE)
GUARANTEE = Proposal(
    kind="conformity",
    action="require_guarantee",
    risk_domain="tax",
    subject_kind="party",
    subject_key="P1",
    value_before={"guarantee_pct_of_duty": 0},
    value_after={"guarantee_pct_of_duty": 100},
    evidence={"references": ["R1"]},
    reason_en="four findings in a month",
    reason_zh="一个月内查获四次",
    ends_at=TODAY + timedelta(days=60),
)
SUSPENSION = replace(
    GUARANTEE,
    kind="qualification",
    action="suspend",
    value_before={"qualification": "valid"},
    value_after={"qualification": "suspended"},
)


def now_is(connection: psycopg.Connection, moment: datetime) -> None:
    """Let the sandbox's clock show a moment: the newest delivery was sent at it."""
    connection.execute(
        """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill, status)
        values (%(name)s, 'declarations', %(name)s, 'f', %(at)s, false, 'landed')
        on conflict do nothing""",
        {"name": moment.isoformat(), "at": moment},
    )


def propose_on(subject: str, of: Proposal = GUARANTEE, *, by: str = BY, **told: Any) -> str:
    return propose(replace(of, subject_key=subject, **told), by=by)


def state(connection: psycopg.Connection, measure: str) -> str:
    """Return how a measure stands at the present moment, as the mart tells it."""
    ((told,),) = rows(
        connection, "select state from treatment.measures where measure_id = %s", measure
    )
    return told


def declare(
    connection: psycopg.Connection,
    number: int,
    importer: str,
    *,
    hs6: str = "220421",
    origin: str = "FR",
    tier: str = "regular",
) -> None:
    connection.execute(
        """insert into intermediate.int_declarations (importer_id, declaration_id, office_code,
            importer_credit_tier, declarant_id, seller_id, hs6, origin_country, goods_name,
            declared_value_cny, is_backfill, batch_id, row_no, known_at, known_on, recorded_at)
        values (%s, %s, '2201', %s, 'B1', 'S1', %s, %s, 'goods', 1000, false, 'b', %s,
            '2026-06-01 12:00+08', '2026-06-01', now())""",
        [importer, f"D{number}", tier, hs6, origin, number],
    )


def inspect(
    connection: psycopg.Connection,
    number: int,
    importer: str,
    on: date,
    finding: str | None = None,
    **goods: str,
) -> None:
    """Let a declaration be made and inspected, and its result be known at noon of a day."""
    declare(connection, number, importer, **goods)
    at = datetime(on.year, on.month, on.day, 12, tzinfo=ZONE)
    connection.execute(
        """insert into intermediate.int_inspection_versions (importer_id, declaration_id, result_id,
            version_no, has_finding, finding_type, additional_duty_cny, inspected_at, is_backfill,
            known_at, known_on, recorded_at, is_latest, batch_id, row_no)
        values (%(importer)s, 'D' || %(n)s, 'R' || %(n)s, 1, %(kind)s::text is not null, %(kind)s,
            case when %(kind)s::text is null then 0 else 100 end, %(at)s, false, %(at)s, %(on)s,
            now(), true, 'r', %(n)s)""",
        {"importer": importer, "n": number, "kind": finding, "at": at, "on": on},
    )


def rows(connection: psycopg.Connection, query: str, *values: Any) -> list[Any]:
    return connection.execute(query, values or None).fetchall()
