"""From each article of Order 271 to its tables and tests, and what the pages say of them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from customs_risk.catalogue import dbt_docs, traceability
from customs_risk.catalogue.articles import Order, order
from customs_risk.catalogue.tables import Manifest, Table, tables, with_staging
from customs_risk.catalogue.traceability import Trace, trace
from customs_risk.settings import REPOSITORY

WATCH_LIST = "source.customs_risk.raw.watch_list"
ARTICLES = [
    pytest.param(article.number, id=f"article {article.number}") for article in order().articles
]
# where code names tables of the warehouse; the sandbox plays the world outside
READERS = [REPOSITORY / "ml", REPOSITORY / "plugins", REPOSITORY / "expectations"]
NO_READERS = [
    REPOSITORY / "plugins/customs_risk/sandbox",
    REPOSITORY / "plugins/customs_risk/catalogue",
]
FROM_OUTSIDE = re.compile(
    r"<(?:link|script|img|iframe)[^>]*(?:src|href)=|url\(\s*[\"']?(?:https?:)?//|@import"
)


@pytest.fixture(scope="module")
def known(manifest: Manifest) -> dict[str, Table]:
    return tables(manifest)


@pytest.fixture(scope="module")
def traces(known: dict[str, Table]) -> dict[int, Trace]:
    return {each.article.number: each for each in trace(order(), known.values())}


@pytest.mark.parametrize("number", ARTICLES)
def test_an_article_that_asks_for_data_has_a_table_and_a_test(
    traces: dict[int, Trace], number: int
) -> None:
    found = traces[number]
    if found.state in {"silent", "not_yet"}:
        assert not found.tables, f"{[each.name for each in found.tables]} serve it by now"
        return
    assert found.tables, "no model names it in meta.article"
    assert found.tests, "no test looks at its tables"
    # what only passes through is no answer to an analyst
    assert {table.layer for table in found.tables} & {"marts", "written", "reference"}


def test_the_tests_that_are_named_as_proofs_are_there() -> None:
    for article in order().articles:
        for proof in article.proofs:
            path, _, function = proof.partition("::")
            text = (REPOSITORY / path).read_text(encoding="utf-8")
            assert not function or f"def {function}(" in text, proof


def test_an_article_is_missing_until_it_has_a_table_and_a_test(known: dict[str, Table]) -> None:
    def state(*present: Table) -> str:
        return trace(order(), present)[7].state  # article 8

    assert state() == "missing"
    requests = known["model.customs_risk.information_requests"]
    assert state(requests) == "delivered"
    without = replace(requests, tests=(), constraints=())
    article = order().articles[7].model_copy(update={"proofs": ()})
    bare = order().model_copy(
        update={"articles": (*order().articles[:7], article, *order().articles[8:])}
    )
    assert trace(bare, [without])[7].state == "missing"


def test_an_article_without_data_cannot_still_be_to_come() -> None:
    told = order().model_dump()
    with pytest.raises(ValueError, match=r"\[20\] ask for no data"):
        Order.model_validate(told | {"not_yet": {20: {"en": "later", "zh": "以后"}}})


def test_no_article_may_be_left_out() -> None:
    told = order().model_dump()
    with pytest.raises(ValueError, match="once each and in order"):
        Order.model_validate(told | {"articles": told["articles"][1:]})


def test_the_page_tells_every_article_and_every_table_in_both_languages(
    known: dict[str, Table],
) -> None:
    page = traceability.page(order(), known.values())
    for article in order().articles:
        assert article.title.en in page and article.title.zh in page
    assert all(f'id="{table.relation}"' in page for table in known.values())
    for words in order().not_yet.values():
        assert words.en in page and words.zh in page


def test_the_page_loads_nothing_and_its_links_lead_somewhere(known: dict[str, Table]) -> None:
    page = traceability.page(order(), known.values())
    assert not FROM_OUTSIDE.search(page.replace('<a href="', "<a "))
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets and targets <= set(re.findall(r'id="([^"]+)"', page))


def test_staging_is_documented_with_what_its_feed_declares(manifest: Manifest) -> None:
    staged = with_staging(manifest)["nodes"]["model.customs_risk.stg_watch_list"]["columns"]
    assert staged["sanctions"] == manifest["sources"][WATCH_LIST]["columns"]["sanctions"]
    assert staged["known_on"]["description"].startswith("Business day")
    # what it renames and what it leaves behind is not there under the old name
    assert "entity_name" in staged and not {"name", "phones", "loaded_at"} & staged.keys()


def test_a_new_feed_is_described_before_anybody_describes_its_staging(manifest: Manifest) -> None:
    name = "model.customs_risk.stg_watch_list"
    node = manifest["nodes"][name]
    new = {**node, "description": "", "columns": {}, "config": {**node["config"], "meta": {}}}
    told = tables({**manifest, "nodes": {**manifest["nodes"], name: new}})[name]
    assert told.meaning.startswith("One row per version of one listed party. Watch list · ")
    assert (told.articles, told.meta["class"]) == ((6,), "personal")


def test_dbt_docs_hold_their_data_and_load_nothing() -> None:
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    template = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    ends_a_script = {"nodes": {"a": {"description": "</script><script>alert(1)</script>"}}}
    page = dbt_docs.page(template, ends_a_script, {"errors": None})
    assert "cloudfront" not in page and "sinter-collect" not in page
    assert "default-src 'none'" in page
    assert json.dumps("alert(1)<\\/script>")[1:-1].replace("\\\\", "\\") in page
    assert "</script><script>alert" not in page
    with pytest.raises(ValueError, match="no place for its manifest"):
        dbt_docs.page("<head></head>", {}, {})


def exposures(manifest: Manifest) -> Iterator[tuple[str, list[str], set[str]]]:
    for exposure in manifest["exposures"].values():
        models = {
            manifest["nodes"][each]["unique_id"]
            for each in exposure["depends_on"]["nodes"]
            if each in manifest["nodes"]
        }
        yield exposure["name"], exposure["config"]["meta"]["code"], models


def code_under(path: Path) -> list[Path]:
    return [path] if path.is_file() else [*path.rglob("*.py"), *path.rglob("*.sql")]


def tables_read_by(paths: list[Path], known: dict[str, Table]) -> set[str]:
    """Return the models that code reads, found by their names behind from and join."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    named = set(re.findall(r"\b(?:from|join)\s+([a-z_]+\.[a-z_0-9]+)", text))
    return {
        each
        for each, table in known.items()
        if table.relation in named and not each.startswith("source")
    }


def test_an_exposure_depends_on_what_its_code_reads(
    manifest: Manifest, known: dict[str, Table]
) -> None:
    for name, code, models in exposures(manifest):
        files = [file for path in code for file in code_under(REPOSITORY / path)]
        assert tables_read_by(files, known) == models, name


def test_all_code_that_reads_a_model_is_exposed(
    manifest: Manifest, known: dict[str, Table]
) -> None:
    told = {
        file
        for _, code, _ in exposures(manifest)
        for path in code
        for file in code_under(REPOSITORY / path)
    }
    silent = {
        str(file.relative_to(REPOSITORY))
        for root in READERS
        for file in code_under(root)
        if file not in told
        and not any(file.is_relative_to(folder) for folder in NO_READERS)
        and tables_read_by([file], known)
    }
    assert not silent, "tell who reads the warehouse in dbt_project/models/exposures.yml"


def test_an_exposure_has_an_owner_and_both_languages(manifest: Manifest) -> None:
    for exposure in manifest["exposures"].values():
        assert exposure["owner"]["name"]
        assert " · " in exposure["label"] and " · " in exposure["description"]
