"""What the catalogue describes is what a built warehouse holds, column by column."""

from collections import defaultdict

import pytest

from customs_risk import catalogue, steps
from customs_risk import warehouse as doors
from customs_risk.catalogue.tables import Manifest, tables
from customs_risk.settings import Settings

# a delivery's rows while they are judged
PASSING = "gate"
COLUMNS = """
select
    namespaces.nspname || '.' || relations.relname,
    columns.attname,
    format_type(columns.atttypid, columns.atttypmod)
from pg_attribute as columns
inner join pg_class as relations on relations.oid = columns.attrelid
inner join pg_namespace as namespaces on namespaces.oid = relations.relnamespace
where
    columns.attnum > 0 and not columns.attisdropped
    and relations.relkind in ('r', 'p', 'v', 'm')
    and namespaces.nspname <> 'information_schema' and namespaces.nspname !~ '^pg_'
    and namespaces.nspname not in (%s, 'public')
"""


@pytest.fixture(scope="module")
def built(standing_warehouse: Settings) -> dict[str, dict[str, str]]:
    """Build every model on an empty warehouse, and return each relation's columns and types."""
    steps.initialize()
    steps.prepare()
    steps.decide()
    steps.feed_back()
    relations: dict[str, dict[str, str]] = defaultdict(dict)
    with doors.connect() as connection:
        for relation, column, data_type in connection.execute(COLUMNS, [PASSING]):
            relations[relation][column] = data_type
    return relations


def test_every_relation_is_described_and_every_described_one_is_there(
    built: dict[str, dict[str, str]], manifest: Manifest
) -> None:
    described = {
        table.relation for table in tables(manifest).values() if table.materialized != "ephemeral"
    }
    assert built.keys() == described


def test_every_column_is_described_and_every_described_one_is_there(
    built: dict[str, dict[str, str]], manifest: Manifest
) -> None:
    unlike = {}
    for table in tables(manifest).values():
        there = set(built.get(table.relation, {}))
        told = {column.name for column in table.columns}
        if there and there != told:
            unlike[table.relation] = {"undescribed": there - told, "not there": told - there}
    assert not unlike


@pytest.mark.usefixtures("built")
def test_the_documentation_is_written_and_renewed(standing_warehouse: Settings) -> None:
    for _ in range(2):
        pages = catalogue.write()
        assert [page.name for page in pages] == ["dbt.html", "traceability.html"]
        for page in pages:
            text = page.read_text(encoding="utf-8")
            assert "stg_declarations" in text and "default-src 'none'" in text
            assert str(standing_warehouse.home) not in text
    assert {page.parent for page in pages} == {standing_warehouse.home / "docs"}
    assert len(list((standing_warehouse.home / "docs").iterdir())) == 2
