"""Declarations with features and results, as many as asked for, made inside PostgreSQL.

The tables are those that ml reads, with columns of the same names and types. Two features tell of
findings, the others tell nothing; one value in twenty is missing.
"""

from customs_risk.warehouse import connect
from ml.baselines import CATEGORIES, NUMBERS
from ml.features import NAMES

_TELLING = ("rate_importer", "rate_goods")


def make(rows: int, *, is_inspected: bool) -> None:
    """Make the tables anew: all of the past with a result each, or all new and waiting."""
    values = ", ".join(f"{_value(name)} as {name}" for name in (*NAMES, "rate_all"))
    texts = ", ".join(
        f"chr(97 + (n % 5)::int) as {name}" for name in CATEGORIES if name != "importer_id"
    )
    numbers = ", ".join(f"(1 + n % 900)::numeric as {name}" for name in NUMBERS)
    key = "lpad((n % 5000)::text, 18, '0') as importer_id, lpad(n::text, 18, '0') as declaration_id"
    with connect() as connection:
        connection.execute("set synchronous_commit = off")
        for schema in ("intermediate", "reference"):
            connection.execute(f"create schema if not exists {schema}")
        for table in (
            "intermediate.int_declaration_features", "intermediate.int_declarations",
            "intermediate.int_inspections", "reference.finding_types",
        ):  # fmt: skip
            connection.execute(f"drop table if exists {table}")
        connection.execute("select setseed(0.271)")
        connection.execute(
            f"""create table intermediate.int_declaration_features as
            select {key}, date '2025-01-01' + (n * 365 / {rows})::int as known_on,
                {is_inspected} as is_backfill, now() as recorded_at, {values}
            from generate_series(0, {rows} - 1::bigint) as n"""
        )
        connection.execute(
            f"""create table intermediate.int_declarations as
            select {key}, {texts}, {numbers}, timestamptz '2025-01-01' as known_at
            from generate_series(0, {rows} - 1::bigint) as n"""
        )
        connection.execute(
            f"""create table intermediate.int_inspections as
            select
                importer_id, declaration_id, known_on + 1 as known_on,
                random() < 1 / (
                    1 + exp(4 - 4 * coalesce(rate_importer, 0) - 4 * coalesce(rate_goods, 0))
                ) as has_finding,
                'undervaluation' as finding_type, (1000 * random())::numeric as additional_duty_cny,
                'random' as selected_by, null::text as instruction_id
            from intermediate.int_declaration_features where {is_inspected}"""
        )
        connection.execute(
            """create table reference.finding_types as
            select 'undervaluation' as finding_type, 'tax' as risk_domain"""
        )
        for table in ("int_declaration_features", "int_declarations"):
            connection.execute(
                f"alter table intermediate.{table} add primary key (importer_id, declaration_id)"
            )
    with connect(autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _value(name: str) -> str:
    known = "random()" if name in _TELLING else "random() * 4 - 2"
    return f"case when random() > 0.05 then {known} end"
