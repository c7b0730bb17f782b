"""Bytes become rows of text: numbered by their lines, in pieces, with what is no row set apart."""

import json
from pathlib import Path

import pytest

from customs_risk.collect.formats import Unreadable, read
from customs_risk.collect.formats.values import at_path, text_of
from expectations.contract import contract_of
from expectations.layout import BrokenMapping, Layout, read_layout

DECLARATIONS = contract_of("declarations")
NOTICES = contract_of("enterprise_status")
HEADER = ",".join(DECLARATIONS.columns)


def row(number: object, goods_name: str = "轿车") -> str:
    texts = {"declaration_id": str(number), "goods_name": goods_name}
    return ",".join(f'"{texts[name]}"' if name in texts else "" for name in DECLARATIONS.columns)


def parse(
    tmp_path: Path, content: str | bytes, layout: Layout | None = None
) -> tuple[list[dict[str, str | None]], list[tuple[int, str]]]:
    path = tmp_path / "delivery"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    reading = read(path, DECLARATIONS, layout or DECLARATIONS.layout(), "csv")
    return reading.rows.read_all().to_pylist(), reading.rejected


def messages(
    tmp_path: Path, content: str | bytes
) -> tuple[list[dict[str, str | None]], list[tuple[int, str]]]:
    path = tmp_path / "delivery"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    reading = read(path, NOTICES, NOTICES.layout(), "ndjson")
    return reading.rows.read_all().to_pylist(), reading.rejected


def test_rows_are_text_and_empty_cells_are_null(tmp_path: Path) -> None:
    ((only,), rejected) = parse(tmp_path, f"{HEADER}\n{row('007')}\n")
    assert (only["row_no"], only["declaration_id"], only["hs6"]) == (2, "007", None)
    assert list(only) == ["row_no", *DECLARATIONS.columns]
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
    reading = read(path, DECLARATIONS, DECLARATIONS.layout(), "csv")
    sizes = [batch.num_rows for batch in reading.rows]
    assert sum(sizes) == 200_000
    assert max(sizes) < 100_000


def test_a_file_of_nothing_but_broken_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text("\n".join([HEADER, *(["too,short"] * 150_000)]))
    with pytest.raises(Unreadable) as caught:
        read(path, DECLARATIONS, DECLARATIONS.layout(), "csv").rows.read_all()
    assert caught.value.rule == "file.readable"


def test_a_stream_that_breaks_off_tells_why(tmp_path: Path) -> None:
    path = tmp_path / "delivery"
    path.write_text("\n".join([HEADER, *(row(n) for n in range(100_000)), *(["x,y"] * 150_000)]))
    reading = read(path, DECLARATIONS, DECLARATIONS.layout(), "csv")
    with pytest.raises(Unreadable) as caught:
        reading.rows.read_all()
    assert reading.unreadable is not None
    assert (caught.value.rule, reading.unreadable.rule) == ("file.readable", "file.readable")


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
        (f"{HEADER.replace('hs6', 'hs8')}\n{row(1)}\n", "file.columns", "unknown columns: hs8"),
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
    small = DECLARATIONS.model_copy(update={"max_bytes": 10})
    with pytest.raises(Unreadable) as caught:
        read(path, small, small.layout(), "csv")
    assert caught.value.rule == "file.size"


def test_messages_are_objects_numbered_by_their_lines(tmp_path: Path) -> None:
    lines = ['\ufeff{"message_id": "1", "agency": null}', "", "not json", '["no", "object"]',
             '{"message_id": "2", "payload": {"of": [1, 2.50]}, "unasked": 1}']  # fmt: skip
    rows, rejected = messages(tmp_path, "\n".join(lines))
    assert [(each["row_no"], each["message_id"]) for each in rows] == [(1, "1"), (5, "2")]
    assert json.loads(str(rows[1]["payload"])) == {"of": [1, 2.5]}
    assert list(rows[0]) == ["row_no", *NOTICES.columns]
    assert rejected == [(3, "not json"), (4, '["no", "object"]')]


@pytest.mark.parametrize(
    "hostile",
    [
        '{"message_id": "\\u0000"}',
        '{"message_id": "\\ud800"}',
        '{"message_id": NaN}',
        '{"message_id": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"message_id": ' + "9" * 5_000 + "}",
        '{"message_id": "' + "x" * (5 << 20) + '"}',
    ],
    ids=["nul", "half a character", "no number", "deep", "endless number", "long line"],
)
def test_a_hostile_message_costs_its_own_line_only(tmp_path: Path, hostile: str) -> None:
    content = f'{{"message_id": "1"}}\n{hostile}\n{{"message_id": "3"}}\n'
    rows, rejected = messages(tmp_path, content)
    assert [(each["row_no"], each["message_id"]) for each in rows] == [(1, "1"), (3, "3")]
    ((number, text),) = rejected
    assert number == 2 and len(text) < 20_000
    # what is told of it can be kept in a database
    assert "\0" not in text and json.dumps(text).encode()


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "text", None), ("a", "text", "a"), (True, "boolean", "true"),
        (10**20, "text", "1" + "0" * 20), (["a", 1, None, False], "text", "a;1;false"),
        ([], "text", ""), ([["a"]], "text", '[["a"]]'),
        (["a", 1], "jsonb", '["a", 1]'), ({"字": 1}, "text", '{"字": 1}'), (1.5, "numeric", "1.5"),
    ],
)  # fmt: skip
def test_json_values_become_texts(value: object, kind: str, text: str | None) -> None:
    assert text_of(value, kind) == text


def test_numbers_of_messages_keep_their_digits(tmp_path: Path) -> None:
    rows, _ = messages(tmp_path, '{"ref_no": 182000.10, "message_id": 1e3, "agency": 1e999999999}')
    assert (rows[0]["ref_no"], rows[0]["message_id"]) == ("182000.10", "1000")
    assert rows[0]["agency"] == "1E+999999999"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", 1), ("list.name", ["x", "y"]), ("list.1.name", "y"), ("list.7.name", None),
        ("@odata.context", "c"), ("a.b.c", None), ("nothing", None), ("text.more", None),
    ],
)  # fmt: skip
def test_paths_lead_through_objects_and_lists(path: str, found: object) -> None:
    record = {
        "a": {"b": 1},
        "list": [{"name": "x"}, {"name": "y"}, {}],
        "@odata.context": "c",
        "text": "t",
    }
    assert at_path(record, path) == found


def test_a_foreign_file_is_read_through_its_mapping(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(
        """
        nulls: ["-0-"]
        columns:
          declaration_id: Number
          declared_value_cny: {column: Price, scale: 0.0058}
          office_code: {constant: "2200"}
          hs6: {column: Code, first: 6}
          origin_country: {column: Origin, codes: country_alpha3}
          departure_country: {column: From, codes: {UK: GB}}
          trade_mode: {column: Code}
        """
    )
    layout = read_layout(path, set(DECLARATIONS.columns))
    content = (
        "Number,Price,Fraud,Code,Origin,From\n007,100,1,8703231900,DEU,UK\n008,,1,-0-,XYZ,-0-\n"
    )
    (first, second), _ = parse(tmp_path, content, layout)
    # scales need numbers, so they are left to the cast
    assert (first["declaration_id"], first["declared_value_cny"]) == ("007", "100")
    assert (first["hs6"], first["trade_mode"]) == ("870323", "8703231900")
    assert (first["office_code"], first["goods_name"]) == ("2200", None)
    assert (first["origin_country"], first["departure_country"]) == ("DE", "GB")
    # an unknown code stays, for the gate to judge
    assert (second["origin_country"], second["departure_country"]) == ("XYZ", None)
    assert (second["declared_value_cny"], second["hs6"]) == (None, None)
    with pytest.raises(Unreadable, match="missing columns: Price"):
        parse(tmp_path, "Number,Fraud,Code,Origin,From\n007,1,2,3,4\n", layout)


@pytest.mark.parametrize(
    ("dates", "written", "read_as"),
    [
        ("%d-%b-%y", "22-Dec-25", "2025-12-22"),
        ("%d-%b-%y", "5-MAR-24", "2024-03-05"),
        ("%d-%b-%y", "31-Feb-26", "31-Feb-26"),
        ("%d-%b-%y", "22-Dez-25", "22-Dez-25"),
        ("%d-%b-%y", "22-Dec-2025", "22-Dec-2025"),
        ("%d-%b-%y", "2025-12-22", "2025-12-22"),
        ("%d-%m-%Y %H:%M:%S", "24-06-2026 02:06:41", "2026-06-24 02:06:41"),
        ("%d-%m-%Y %H:%M:%S", "24-06-2026 24:06:41", "24-06-2026 24:06:41"),
        ("%d-%m-%Y %H:%M:%S", "24-06-2026", "24-06-2026"),
    ],
)
def test_a_foreign_way_of_writing_moments_is_read_and_nothing_else(
    tmp_path: Path, dates: str, written: str, read_as: str
) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(
        f"columns: {{declaration_id: Number, declared_at: {{column: When, dates: '{dates}'}}}}"
    )
    layout = read_layout(path, set(DECLARATIONS.columns))
    rows, _ = parse(tmp_path, f"Number,When\n1,{written}\n2,\n", layout)
    assert [each["declared_at"] for each in rows] == [read_as, None]


def test_an_older_sender_need_not_know_what_the_feed_gained(tmp_path: Path) -> None:
    required = [name for name, each in DECLARATIONS.columns.items() if not each.nullable]
    line = ",".join(f"{name} of 1" for name in required)
    rows, _ = parse(tmp_path, f"{','.join(required)}\n{line}\n")
    assert rows[0]["declaration_id"] == "declaration_id of 1"
    assert {name for name, cell in rows[0].items() if cell is None} == {
        name for name, each in DECLARATIONS.columns.items() if each.nullable
    }
    # a column that is called otherwise is not one that is missing
    with pytest.raises(Unreadable, match="unknown columns: goods_description"):
        parse(tmp_path, f"{','.join(required)},goods_description\n{line},a\n")


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("colour: Colour", "colour"),
        ("hs6: {scale: 2}", "hs6"),
        ("hs6: [HS, Code]", "hs6"),
        ("hs6: {column: HS, constant: a}", "hs6"),
    ],
)
def test_a_mapping_that_says_nonsense_is_refused(tmp_path: Path, column: str, told: str) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(f"columns: {{{column}}}")
    with pytest.raises(BrokenMapping, match=told):
        read_layout(path, set(DECLARATIONS.columns))
