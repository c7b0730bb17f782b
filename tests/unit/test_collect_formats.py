"""Bytes become rows of text: numbered by their lines, in pieces, with what is no row set apart."""

from pathlib import Path

import pytest

from customs_risk.collect.formats import Unreadable, read
from customs_risk.collect.mapping import BrokenMapping, Mapping, read_mapping
from expectations.contract import contract_of

DECLARATIONS = contract_of("declarations")
NOTICES = contract_of("enterprise_status")
HEADER = ",".join(DECLARATIONS.columns)


def row(number: object, goods_name: str = "轿车") -> str:
    texts = {"declaration_id": str(number), "goods_name": goods_name}
    return ",".join(f'"{texts[name]}"' if name in texts else "" for name in DECLARATIONS.columns)


def parse(
    tmp_path: Path, content: str | bytes, mapping: Mapping | None = None
) -> tuple[list[dict[str, str | None]], list[tuple[int, str]]]:
    path = tmp_path / "delivery"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    reading = read(path, DECLARATIONS, mapping)
    return reading.rows.read_all().to_pylist(), reading.rejected


def test_rows_are_text_and_empty_cells_are_null(tmp_path: Path) -> None:
    ((only,), rejected) = parse(tmp_path, f"{HEADER}\n{row('007')}\n")
    assert (only["row_no"], only["declaration_id"], only["hs6"]) == (2, "007", None)
    assert rejected == []


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_is_no_row_is_set_apart_under_its_line(tmp_path: Path, ending: str) -> None:
    lines = [HEADER, row(1), "too,short", row(2), row(3) + ",too long", row(4), ""]
    rows, rejected = parse(tmp_path, ending.join(lines))
    assert [(each["row_no"], each["declaration_id"]) for each in rows] == [
        (2, "1"), (4, "2"), (6, "4"),
    ]  # fmt: skip
    assert rejected == [(3, "too,short"), (5, row(3) + ",too long")]


@pytest.mark.parametrize("count", [10, 120_000])
def test_an_open_quote_costs_one_row_and_its_neighbour_wherever_it_stands(
    tmp_path: Path, count: int
) -> None:
    before, after = ("\n".join(row(f"{side}{n}") for n in range(count)) for side in "ab")
    unclosed = row("open").replace('"轿车"', '"轿车')
    rows, rejected = parse(tmp_path, "\n".join([HEADER, before, unclosed, after, ""]))
    # the next quote closes the cell, one line further down; both lines are kept
    ((number, text),) = rejected
    assert number == count + 2
    assert '"open"' in text and '"b0"' in text
    assert len(rows) == 2 * count - 1
    assert rows[count]["declaration_id"] == "b1"


def test_a_large_file_comes_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_text("\n".join([HEADER, *(row(n, "x" * 40) for n in range(200_000))]))
    sizes = [batch.num_rows for batch in read(path, DECLARATIONS, None).rows]
    assert sum(sizes) == 200_000
    assert max(sizes) < 100_000


def test_quotes_commas_and_line_breaks_stay_in_their_cell(tmp_path: Path) -> None:
    spread = row(1, 'a ""b"", c\nd')
    rows, rejected = parse(tmp_path, f"{HEADER}\n{spread}\n{row(2)}\n")
    assert (rows[0]["goods_name"], len(rows), rejected) == ('a "b", c\nd', 2, [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_that_the_contract_names_are_read(tmp_path: Path, encoding: str) -> None:
    rows, _ = parse(tmp_path, f"{HEADER}\n{row(1)}\n".encode(encoding))
    assert (rows[0]["declaration_id"], rows[0]["goods_name"]) == ("1", "轿车")


@pytest.mark.parametrize(
    ("content", "rule", "told"),
    [
        (b"", "file.not_empty", "0 bytes"),
        (b"\n\n", "file.readable", "mpty"),
        (f"{HEADER}\n{row(1)}\n".encode("utf-16"), "file.encoding", "line 1"),
        (f"{HEADER}\n{row(1)}\n".encode() + b"\xff\n", "file.encoding", "line 3"),
        (f"{HEADER}\n{row(1)}\n\0".encode(), "file.encoding", "line 3"),
        (f"{HEADER.replace('hs6', 'hs8')}\n{row(1)}\n", "file.columns", "missing columns: hs6"),
        (f"{HEADER},hs6\n{row(1)},\n", "file.columns", "repeated columns: hs6"),
        (f"{HEADER.replace(',', ';')}\n", "file.columns", "missing columns: declaration_id"),
    ],
)
def test_what_cannot_be_read_is_refused_under_a_rule(
    tmp_path: Path, content: str | bytes, rule: str, told: str
) -> None:
    with pytest.raises(Unreadable, match=told) as caught:
        parse(tmp_path, content)
    assert caught.value.rule == rule


def test_a_file_beyond_the_contract_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "delivery"
    path.write_text(f"{HEADER}\n{row(1)}\n")
    with pytest.raises(Unreadable) as caught:
        read(path, DECLARATIONS.model_copy(update={"max_bytes": 10}), None)
    assert caught.value.rule == "file.size"


def test_messages_are_taken_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "delivery"
    path.write_text('{"a": "1, \\"2\\""}\nnot json\n', encoding="utf-8")
    reading = read(path, NOTICES, None)
    assert reading.rows.read_all().to_pylist() == [
        {"row_no": 1, "line": '{"a": "1, \\"2\\""}'},
        {"row_no": 2, "line": "not json"},
    ]


def test_a_foreign_file_is_read_through_its_mapping(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(
        """
        columns:
          declaration_id: Number
          declared_value_cny: {column: Price, scale: 0.0058}
          office_code: {constant: 2200}
        """
    )
    mapping = read_mapping(path, DECLARATIONS)
    (only,), _ = parse(tmp_path, "Number,Price,Fraud\n007,100,1\n", mapping)
    assert (only["declaration_id"], only["declared_value_cny"]) == ("007", "100")
    assert (only["office_code"], only["hs6"]) == ("2200", None)
    assert mapping.scales == {"declared_value_cny": 0.0058}
    with pytest.raises(Unreadable, match="missing columns: Price"):
        parse(tmp_path, "Number,Fraud\n007,1\n", mapping)


@pytest.mark.parametrize(
    ("column", "told"),
    [("colour: Colour", "colour"), ("hs6: {scale: 2}", "hs6"), ("hs6: [HS, Code]", "hs6")],
)
def test_a_mapping_that_says_nonsense_is_refused(tmp_path: Path, column: str, told: str) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(f"columns: {{{column}}}")
    with pytest.raises(BrokenMapping, match=told):
        read_mapping(path, DECLARATIONS)
