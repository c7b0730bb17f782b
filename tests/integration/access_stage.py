"""A small warehouse of two districts, with logins of every role and jurisdiction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.access import members
from customs_risk.transform import dbt

_HERE = Path(__file__).parent
ROLES = (
    "collector",
    "transformer",
    "assessor",
    "analyst",
    "manager",
    "auditor",
    "parameter_officer",
)
# logins are named by role and place: what they are granted beside the role
PLACES: dict[str, dict[str, Any]] = {
    "here": {"districts": ("2200",)},
    "subcentre": {"subcentres": ("shanghai",)},
    "elsewhere": {"districts": ("5300",)},
    "everywhere": {"all_districts": True},
    "nowhere": {},
}


@contextmanager
def two_districts() -> Iterator[psycopg.Connection]:
    """Fill an empty warehouse and yield the pipeline's connection to it."""
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute((_HERE / "rows_with_gaps.sql").read_text())
        opened.execute((_HERE / "test_access_world.sql").read_text())
        build("subcentre_jurisdictions", "customs_units", "code_lists", "+declarations")
        build("+inspections", "+risk_signals", "+int_mentions", "+conclusions")
        opened.execute(
            """insert into ml.conclusions (
                importer_id, declaration_id, model_version, likelihood, expected_revenue_cny,
                ranking_score, level, as_of)
            select importer_id, declaration_id, 'm', 0.5, declared_value_cny, 0.5, 'high',
                '2026-01-10 12:00+08'
            from intermediate.int_declarations"""
        )
        opened.execute(
            """insert into ml.explanations (importer_id, declaration_id, hazard_factors)
            select importer_id, declaration_id, jsonb_build_array(jsonb_build_object(
                'feature', 'price_z', 'en', importer_id, 'zh', importer_id))
            from intermediate.int_declarations"""
        )
        build("decisions", "instructions", "declaration_trail")
        for role in ROLES:
            for place, granted in PLACES.items():
                members.grant(f"{role}_{place}", role, by="test", **granted)
        yield opened


def build(*models: str, full_refresh: bool = False) -> None:
    flags = ["--full-refresh"] if full_refresh else []
    kinds = ["--exclude", "resource_type:test", "resource_type:unit_test"]
    dbt("build", "--select", *models, *kinds, *flags)


@contextmanager
def reading_as(login: str) -> Iterator[psycopg.Connection]:
    """Log in as somebody."""
    url = psycopg.conninfo.make_conninfo(doors.url(), user=login)
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


def values(connection: psycopg.Connection, query: str, *given: Any) -> list[Any]:
    return [value for (value,) in connection.execute(query, given or None)]
