"""A feed's YAML is read strictly, and what is made from it follows it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations import codes
from expectations.contract import (
    FEEDS,
    BrokenContract,
    Contract,
    UnknownFeed,
    contract_of,
    contracts,
    read_contract,
)
from expectations.tables import METADATA, raw_table

DECLARED = yaml.safe_load((FEEDS / "supervision" / "declarations.yml").read_text(encoding="utf-8"))


ASKED = {"told": "a provider", "kind": "http", "connection": "somewhere"}


def read(tmp_path: Path, content: Any) -> Contract:
    path = tmp_path / "supervision" / "declarations.yml"
    path.parent.mkdir()
    text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    return read_contract(path)


def test_name_and_folder_come_from_where_the_file_lies(tmp_path: Path) -> None:
    contract = read(tmp_path, DECLARED)
    assert (contract.feed, contract.folder) == ("declarations", "supervision")
    assert contract == contract_of("declarations")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"channel": 8}, "channel"),
        ({"colour": "red"}, "colour"),
        ({"key": ["nobody"]}, "nobody"),
        ({"known_at": "hs6"}, "timestamptz"),
        ({"known_at": "seller_id"}, "nullable"),
        ({"format": "docx"}, "format"),
        ({"title": {"en": "only English"}}, "title.zh"),
        ({"owner": None}, "owner"),
        ({"source": ASKED | {"since": {"field": "changed"}}}, "only json"),
        ({"source": ASKED | {"paging": {"kind": "page"}}}, "only json"),
        ({"source": ASKED | {"params": {"month": "{month}"}}}, "only json"),
        ({"source": ASKED | {"files": ["a.csv", "b.csv"]}}, "packed"),
        (
            {
                "format": "json",
                "source": ASKED | {"since": {"field": "x", "dates": "%d.%m.%Y"}},
            },
            "does not match format",
        ),
    ],
)
def test_a_wrong_declaration_is_told_by_file_and_field(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(BrokenContract, match=r"supervision/declarations\.yml") as caught:
        read(tmp_path, DECLARED | change)
    assert told in str(caught.value)


@pytest.mark.parametrize("content", ["[1, 2", "- a list", "just words", ""])
def test_what_is_no_declaration_is_told_by_its_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(BrokenContract, match=r"supervision/declarations\.yml"):
        read(tmp_path, content)


def test_a_column_needs_a_class_and_a_known_type(tmp_path: Path) -> None:
    column = {"type": "money", "meaning": {"en": "x", "zh": "某"}}
    content = DECLARED | {"columns": DECLARED["columns"] | {"price": column}}
    with pytest.raises(BrokenContract) as caught:
        read(tmp_path, content)
    assert "columns.price.type" in str(caught.value)
    assert "columns.price.class" in str(caught.value)


def test_an_unknown_feed_is_told_with_those_that_are_known() -> None:
    with pytest.raises(UnknownFeed, match=r"declarations.*watch_list"):
        contract_of("rumours")


@pytest.mark.parametrize("contract", [pytest.param(each, id=each.feed) for each in contracts()])
def test_a_raw_table_has_every_column_the_metadata_and_the_key(contract: Contract) -> None:
    statement = raw_table(contract).as_string(None)
    for name, column in contract.columns.items():
        assert f'"{name}" {column.type}{"" if column.nullable else " not null"}' in statement
    assert all(f'"{name}"' in statement for name in METADATA)
    assert "primary key (" + ", ".join(f'"{name}"' for name in contract.key) in statement


def test_code_lists_hold_what_is_in_use_and_nothing_else() -> None:
    hs6 = set(codes.hs6_codes())
    assert {"870323", "220421", "020230"} <= hs6
    assert not {"980100", "000000", "TOTAL"} & hs6
    assert len(hs6) > 5000
    assert all(len(code) == 6 and code.isdigit() for code in hs6)
