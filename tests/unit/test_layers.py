"""The warehouse's layers: who may read whom, and what each model and column must say of itself."""

import re
from collections import Counter

import pytest

from customs_risk.catalogue.tables import BETWEEN_LANGUAGES, Manifest, Table, tables
from expectations.contract import CLASSES

# each layer and the layers that it may read: one step up, never past it
MAY_READ = {
    "reference": set(),
    "staging": {"raw"},
    "history": {"reference", "intermediate"},
    # what the code writes (ledger, conclusions, requests) is no delivery: it has no staging
    "intermediate": {"staging", "intermediate", "reference", "history", "written"},
    "marts": {"intermediate", "marts", "reference", "history", "written"},
}
SHARED_OUT_BY = {"importer_id", "reference", "none"}
CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture(scope="module")
def known(manifest: Manifest) -> dict[str, Table]:
    return tables(manifest)


@pytest.fixture(scope="module")
def built(known: dict[str, Table]) -> list[Table]:
    """Return what dbt builds: models, seeds and snapshots."""
    return [table for table in known.values() if table.layer in MAY_READ]


@pytest.fixture(scope="module")
def marts(built: list[Table]) -> list[Table]:
    """Return what readers may rely on; the helpers of marts are not for them."""
    return [table for table in built if table.layer == "marts" and not table.is_helper]


def test_a_layer_reads_only_what_it_may(known: dict[str, Table], built: list[Table]) -> None:
    strangers = {
        f"{table.name} ({table.layer}) reads {known[each].relation} ({known[each].layer})"
        for table in built
        for each in table.reads
        if known[each].layer not in MAY_READ[table.layer]
    }
    assert not strangers


def test_a_helper_of_marts_is_read_by_marts_alone(
    known: dict[str, Table], built: list[Table]
) -> None:
    helpers = {
        unique_id
        for unique_id, table in known.items()
        if table.layer == "marts" and table.is_helper
    }
    readers = {table.layer for table in built if helpers & set(table.reads)}
    assert readers <= {"marts"}


def test_nothing_stored_is_made_of_what_asks_for_its_readers_rights(
    known: dict[str, Table], built: list[Table]
) -> None:
    # a view for readers logs who read it, so the database reads it whole: each day all its history
    readers_views = {
        unique_id
        for unique_id, table in known.items()
        if table.layer == "marts"
        and not table.is_helper
        and table.materialized == "view"
        and table.meta.get("class") not in {"public", "internal"}
    }
    made_of = {
        table.relation: sorted(known[each].name for each in readers_views & set(table.reads))
        for table in built
        if table.materialized in {"table", "incremental"} or table.is_helper
    }
    assert not {relation: views for relation, views in made_of.items() if views}


def test_staging_is_one_to_one_with_deliveries(known: dict[str, Table], built: list[Table]) -> None:
    staged = {table.name: table.reads for table in built if table.layer == "staging"}
    raw = {table.name: each for each, table in known.items() if table.layer == "raw"}
    assert staged == {f"stg_{name}": (each,) for name, each in raw.items()}


def test_every_description_begins_with_the_grain(known: dict[str, Table]) -> None:
    vague = [table.name for table in known.values() if not table.meaning.startswith("One row per ")]
    assert not vague


def test_every_description_is_in_both_languages(known: dict[str, Table]) -> None:
    assert not [table.name for table in known.values() if not _is_bilingual(table.meaning)]


def test_every_table_names_its_articles_and_its_class(known: dict[str, Table]) -> None:
    # the class of a delivery is that of its columns
    lacking = {
        table.relation: dict(table.meta)
        for table in known.values()
        if not table.articles
        or not set(table.articles) <= set(range(1, 22))
        or (table.layer != "raw" and table.meta.get("class") not in CLASSES)
    }
    assert not lacking


def test_every_table_that_is_built_says_how_it_would_be_shared_out(built: list[Table]) -> None:
    told = {table.name: table.meta.get("distribution") for table in built}
    assert not {name: word for name, word in told.items() if word not in SHARED_OUT_BY}


def test_every_column_has_a_class_and_both_languages(known: dict[str, Table]) -> None:
    lacking = {
        f"{table.relation}.{column.name}: {column.confidentiality}, {column.meaning!r}"
        for table in known.values()
        for column in table.columns
        if column.confidentiality not in CLASSES or not _is_bilingual(column.meaning)
    }
    assert not lacking


def test_every_table_describes_its_columns(known: dict[str, Table]) -> None:
    # an ephemeral model is a part of a query, and nobody can read it
    bare = [
        table.relation
        for table in known.values()
        if not table.columns and table.materialized != "ephemeral"
    ]
    assert not bare


def test_no_column_is_described_twice(known: dict[str, Table]) -> None:
    counts = {
        table.relation: Counter(column.name for column in table.columns) for table in known.values()
    }
    assert not {name: count for name, count in counts.items() if max(count.values(), default=1) > 1}


def test_every_mart_has_an_enforced_contract(marts: list[Table]) -> None:
    assert not [table.relation for table in marts if not table.has_contract]
    untyped = [
        f"{table.relation}.{column.name}"
        for table in marts
        for column in table.columns
        if not column.data_type
    ]
    assert not untyped


def test_every_mart_and_reference_table_has_a_tested_key(
    marts: list[Table], built: list[Table]
) -> None:
    reference = [table for table in built if table.layer == "reference"]
    assert not [table.relation for table in (*marts, *reference) if not table.keys]


def _is_bilingual(text: str) -> bool:
    english, between, chinese = text.partition(BETWEEN_LANGUAGES)
    return bool(english and between and CHINESE.search(chinese))
