"""Declarations, results and assessors, for tests of expert assessments; and a clock to set."""

from dataclasses import replace
from datetime import date
from typing import Any

import psycopg

from customs_risk.experts import assessors
from customs_risk.experts.assessments import Statement, assess

BY = "li.na"
TODAY = date(2026, 7, 1)
SAID = Statement(
    assessor_id="good",
    subject_key="D1",
    risk_domain="tax",
    likelihood_low=0.4,
    likelihood_high=0.6,
    severity="serious",
    trend="rising",
    level="high",
    hazard_factors_en="the price is a third of the market's",
    hazard_factors_zh="价格仅为市场价的三分之一",
    causes_en="undervaluation through a related seller",
    causes_zh="通过关联卖方低报价格",
    evidence=("price list 2026-06", "invoice 4711"),
    method="comparison of prices",
)


def now_is(connection: psycopg.Connection, moment: str) -> None:
    """Let the sandbox's clock show a moment: the newest delivery was sent at it."""
    connection.execute(
        """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill, status)
        values (%s, 'declarations', %s, 'f', %s, false, 'landed')""",
        [moment, moment, moment],
    )


def conclude(connection: psycopg.Connection, declaration: str, likelihood: float) -> None:
    connection.execute("delete from ml.conclusions where declaration_id = %s", [declaration])
    connection.execute(
        """insert into ml.conclusions (importer_id, declaration_id, model_version, likelihood,
            "level", as_of)
        select importer_id, declaration_id, 'm', %s, 'medium', known_at
        from intermediate.int_declarations where declaration_id = %s""",
        [likelihood, declaration],
    )


def result(connection: psycopg.Connection, number: int, known_at: str, kind: str | None) -> None:
    """Store an inspection's result; kind '?' is a finding that nobody coded."""
    connection.execute(
        """insert into intermediate.int_inspection_versions (importer_id, declaration_id, result_id,
            version_no, has_finding, finding_type, is_backfill, known_at, known_on, recorded_at,
            is_latest, batch_id, row_no)
        values ('P' || %(n)s, 'D' || %(n)s, 'R' || %(n)s, 1, %(kind)s::text is not null,
            nullif(%(kind)s, '?'), false, %(at)s, (%(at)s::timestamptz)::date, now(), true,
            'r', %(n)s)""",
        {"n": number, "kind": kind, "at": known_at},
    )


def expert(
    name: str,
    *,
    undertaken: tuple[str, str] | None = ("2026-01-01", "2026-12-31"),
    qualified: tuple[str, str | None] | None = ("2020-01-01", None),
    domain: Any = "tax",
    post_until: date | None = None,
) -> dict[str, str]:
    """Register an internal assessor; return the numbers of what is noted."""
    noted = {}
    assessors.add(
        name, "internal", name="王 芳", organisation="Shanghai Customs", post="valuation",
        valid_from=date(2025, 1, 1), valid_to=post_until, by=BY,
    )  # fmt: skip
    if undertaken:
        noted["undertaking"] = assessors.undertake(
            name, covers="restricted", document_sha256="ab" * 32,
            signed_on=date.fromisoformat(undertaken[0]),
            valid_to=date.fromisoformat(undertaken[1]), by=BY,
        )  # fmt: skip
    if qualified:
        since, until = qualified
        noted["qualification"] = assessors.qualify(
            name, (domain,), title="valuer", issuer="GACC", issued_number="7",
            valid_from=date.fromisoformat(since),
            valid_to=date.fromisoformat(until) if until else None, by=BY,
        )  # fmt: skip
    return noted


def says(name: str, key: str = "D1", low: float = 0.4, high: float | None = None) -> str:
    """Hand in what an assessor says of a declaration."""
    said = {"likelihood_low": low, "likelihood_high": low if high is None else high}
    return assess(replace(SAID, assessor_id=name, subject_key=key, **said), recorded_by=BY)


def rows(connection: psycopg.Connection, query: str, *values: Any) -> list[Any]:
    return connection.execute(query, values or None).fetchall()
