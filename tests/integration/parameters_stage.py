"""Four weeks of decisions and results, and officers of the organisation, for risk parameters."""

from dataclasses import replace
from datetime import date
from typing import Any

import psycopg

from customs_risk.treat.parameters import store
from customs_risk.treat.parameters.store import Proposal

# each day of June's first twenty at office 2200: declaration 1 of ten is targeted, as is 10; 2 is
# drawn; 1 to 4 are wine. Every other targeted wine brings a finding, and every fourth drawn one
WINE = "hs6 like '2204%'"
ASKED = Proposal(
    parameter_id="WINE",
    condition=WINE,
    risk_domain="tax",
    what_to_examine_en="labels against the declared vintage",
    what_to_examine_zh="核对酒标与申报年份",
    measure="inspection",
    jurisdiction=("2200",),
    owner_unit="2200",
    legal_basis="Order 271, Article 13 (1)",
    starts_on=date(2026, 6, 1),
    expires_on=date(2026, 12, 31),
    review_on=date(2026, 9, 1),
    reason_en="vintages are understated",
    reason_zh="年份申报不实",
)
OFFICERS = {
    "wang": "gacc", "zhao": "gacc", "li": "subcentre_shanghai", "sun": "subcentre_shanghai",
    "chen": "subcentre_huangpu", "zhou": "2200", "wu": "2201", "zheng": "4300",
}  # fmt: skip

_DECLARED = """
    insert into intermediate.int_declarations (
        importer_id, declaration_id, office_code, hs6, declared_value_cny, net_mass_kg,
        licence_count, is_backfill, batch_id, row_no, known_at, known_on, recorded_at
    )
    select 'P' || {n}, {id}, {office}, {hs6}, 1000, 10, 1, {backfill}, 'b', {n}, {day}, {day}, now()
    from {rows};
    insert into intermediate.int_declaration_features (
        importer_id, declaration_id, known_on, is_backfill, recorded_at, price_z, is_by_air
    )
    select 'P' || {n}, {id}, {day}, {backfill}, now(), case when {n} = 1 then -2 end, 0
    from {rows};
"""


def past(connection: psycopg.Connection) -> None:
    """Store what was declared, decided and found on twenty days."""
    rows = "generate_series(1, 20) as days (d) cross join generate_series(1, 10) as each (n)"
    connection.execute(
        _DECLARED.format(
            n="n", id="'D' || d || '-' || n", office="'2200'", rows=rows, backfill="false",
            hs6="case when n <= 4 then '220421' else '640399' end", day="date '2026-05-31' + d",
        )
    )  # fmt: skip
    connection.execute(
        f"""insert into treatment.decisions (
            importer_id, declaration_id, office_code, decided_on, decision_round, stratum, lane,
            selected_by, reason_en, reason_zh, level, model_version, as_of, assessed_at,
            declarations_in_stratum, capacity, random_capacity, exploration_capacity, score_rank,
            random_draw, random_probability, selection_probability, decided_at)
        select 'P' || n, 'D' || d || '-' || n, '2200', date '2026-05-31' + d, 1, '2200/' || d,
            'low',
            case when n in (1, 10) then 'targeted' when n = 2 then 'random' else 'none' end,
            'r', 'r', 'low', 'm', now(), now(), 10, 3, 1, 0, n, 0.5, 0.1,
            case when n in (1, 10) then 1 else 0.1 end, now()
        from {rows}"""
    )
    connection.execute(
        f"""insert into intermediate.int_inspection_versions (
            importer_id, declaration_id, result_id, version_no, has_finding, officer_hours,
            is_backfill, known_at, known_on, recorded_at, is_latest, batch_id, row_no)
        select 'P' || n, 'D' || d || '-' || n, 'R' || d || '-' || n, 1,
            (n = 1 and d % 2 = 0) or (n = 2 and d % 4 = 0), case n when 1 then 2 else 4 end,
            false, date '2026-06-01' + d, date '2026-06-01' + d, now(), true, 'r', n
        from {rows} where n in (1, 2, 10)"""
    )


def waiting(connection: psycopg.Connection, name: str, office: str, hs6: str, **told: Any) -> None:
    """Store a declaration that was assessed, unless it is of the past, and not decided on."""
    is_past = told.get("backfill", "false")
    connection.execute(
        _DECLARED.format(
            n=told.get("n", 99), id=f"'{name}'", office=f"'{office}'", hs6=f"'{hs6}'",
            rows="(select 1) as one", backfill=is_past,
            day=f"date '{told.get('day', '2026-06-21')}'",
        )
    )  # fmt: skip
    connection.execute(
        f"""insert into ml.conclusions (
            importer_id, declaration_id, model_version, "level", as_of, assessed_at)
        select 'P{told.get("n", 99)}', '{name}', 'm', 'low', now(), now() where not {is_past}"""
    )


def proposed(by: str = "zhou", **changed: Any) -> tuple[str, int]:
    """Propose a version of a parameter; return its name and number."""
    asked = replace(ASKED, **changed)
    return asked.parameter_id, store.propose(asked, by=by)
