"""Every feed's declaration holds what it must, and its samples end where they should."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from customs_risk import collect, steps
from customs_risk import warehouse as doors
from customs_risk.collect import BatchOutcome, intake
from customs_risk.commands.feeds import markdown_lines
from customs_risk.settings import REPOSITORY, Settings
from expectations import sources
from expectations.contract import FEEDS, Contract, contracts, read_contract

SAMPLES = Path(__file__).with_name("samples")
SENT = "20260630T180000"
ALL = [pytest.param(contract, id=contract.feed) for contract in contracts()]


@pytest.fixture(scope="module")
def prepared(warehouse: Settings) -> Iterator[Settings]:
    steps.initialize()
    yield warehouse


@pytest.fixture
def tolerant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples hold bad rows only; no share of them refuses the batch."""
    known = {each.feed: each.model_copy(update={"max_failed_share": 1.0}) for each in contracts()}
    monkeypatch.setattr(intake, "contract_of", known.__getitem__)


def sample_of(contract: Contract, name: str) -> Path:
    """Return a feed's sample in its own format; an archive has the archive's ending."""
    folder = SAMPLES / contract.feed
    return folder / f"{name}.{'zip' if contract.packed else contract.format}"


def deliver(home: Settings, contract: Contract, sample: str, sent: str) -> BatchOutcome:
    source = sample_of(contract, sample)
    target = home.inbox / contract.feed / f"{contract.feed}_{sent}{source.suffix}"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    (outcome,) = collect.collect(contract.feed)
    return outcome


@pytest.mark.parametrize("contract", ALL)
def test_a_good_sample_is_loaded_whole(prepared: Settings, contract: Contract) -> None:
    outcome = deliver(prepared, contract, "good", SENT)
    assert (outcome.status, outcome.quarantined, outcome.duplicate) == ("loaded", 0, 0)
    assert outcome.received == outcome.loaded >= 2


@pytest.mark.usefixtures("tolerant")
@pytest.mark.parametrize("contract", ALL)
def test_each_bad_row_is_quarantined_with_exactly_its_rules(
    prepared: Settings, contract: Contract
) -> None:
    told = yaml.safe_load((SAMPLES / contract.feed / "bad.yml").read_text(encoding="utf-8"))
    outcome = deliver(prepared, contract, "bad", "20260630T190000")
    with doors.connect() as connection:
        kept = connection.execute(
            "select row_no, broken from ops.quarantine where batch_id = %s", [outcome.batch_id]
        ).fetchall()
    assert dict(kept) == told
    assert (outcome.loaded, outcome.quarantined) == (0, len(told))


@pytest.mark.parametrize("contract", ALL)
def test_a_declaration_says_everything_in_both_languages(contract: Contract) -> None:
    for words in (contract.title, *(column.meaning for column in contract.columns.values())):
        assert words.en
        assert re.search(r"[\u4e00-\u9fff]", words.zh), words
    assert contract.recipient and contract.owner


def test_a_column_means_one_thing_in_all_feeds() -> None:
    types: dict[str, set[str]] = {}
    for contract in contracts():
        for name, column in contract.columns.items():
            types.setdefault(name, set()).add(column.type)
    assert not {name: kinds for name, kinds in types.items() if len(kinds) > 1}


def test_every_declared_file_is_read() -> None:
    assert len(contracts()) == len(list(FEEDS.rglob("*.yml"))) > 0
    assert all(read_contract(FEEDS / c.folder / f"{c.feed}.yml") == c for c in contracts())


def test_dbt_sources_are_those_that_the_declarations_make() -> None:
    assert sources.PATH.read_text(encoding="utf-8") == sources.render(), "run `make sources`"


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_lists_every_feed_as_it_is_declared(readme: str) -> None:
    text = (REPOSITORY / readme).read_text(encoding="utf-8")
    shown = text.partition("<!-- feeds")[2].partition("<!-- end of feeds -->")[0]
    lines = [line for line in shown.splitlines() if line.startswith("|")]
    assert lines == markdown_lines(), "run `customs-risk feed list --markdown`"


def test_every_channel_of_article_6_has_a_feed() -> None:
    assert {contract.channel for contract in contracts()} == {None, *range(1, 8)}
