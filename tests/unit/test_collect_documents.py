"""Documents, workbooks, Parquet, archives: what they say is read, and nothing of theirs harms."""

import datetime as dt
import io
import json
import resource
import struct
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from customs_risk.collect.formats import Unreadable, read
from customs_risk.collect.formats.reading import Reading
from expectations.contract import contract_of
from expectations.layout import BrokenMapping, Layout, Origin

DECLARATIONS = contract_of("declarations")
XML = Layout(
    name="test",
    format="xml",
    records="d:Message",
    namespaces={"d": "urn:d"},
    columns={
        "declaration_id": "d:Id",
        "declared_at": "moment(d:At)",
        "hs6": {"column": "greatest(d:Line/d:Total)/../d:Code", "first": 6},
        "declared_value": "sum(d:Line/d:Total)",
        "trade_currency": "common(d:Line/d:Total/@currency)",
        "container_numbers": "join(d:Box)",
        "lines": "json(d:Line)",
        "office_code": {"constant": "2200"},
    },
)
JSON = Layout(
    name="test",
    format="json",
    records="value.item",
    columns={"declaration_id": "id", "goods_name": "goods.name", "lines": "lines"},
)
TABLE = Layout(
    name="test",
    format="csv",
    columns={"declaration_id": "编号", "declared_value": "价", "declared_at": "日期"},
)
MESSAGE = (
    "<Message><Id>{}</Id><At>20260629091500</At><Box>B1</Box><Box>B2</Box>"
    "<Line><Code>4011100000</Code><Total currency='EUR'>10.1</Total></Line>"
    "<Line><Code>8703231900</Code><Total currency='EUR'>20.2</Total></Line></Message>"
)


def opened(tmp_path: Path, content: bytes | str, layout: Layout, ending: str = "x") -> Reading:
    path = tmp_path / "delivery"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, DECLARATIONS, layout, ending)


def rows_of(tmp_path: Path, content: bytes | str, layout: Layout, ending: str = "x") -> list[dict]:
    return opened(tmp_path, content, layout, ending).rows.read_all().to_pylist()


def refusal(tmp_path: Path, content: bytes | str, layout: Layout, ending: str = "x") -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        opened(tmp_path, content, layout, ending).rows.read_all()
    return caught.value


def xml(*messages: str, before: str = "") -> str:
    return f"{before}<Batch xmlns='urn:d'>{''.join(messages)}</Batch>"


def test_elements_become_rows_by_their_paths(tmp_path: Path) -> None:
    first, second = rows_of(tmp_path, xml(MESSAGE.format(1), "<Message><Id/></Message>"), XML)
    assert (first["row_no"], first["declaration_id"], first["office_code"]) == (1, "1", "2200")
    assert first["declared_at"] == "2026-06-29T09:15:00"
    # the greatest line tells what cannot be summed, wherever it stands
    assert (first["hs6"], first["declared_value"]) == ("870323", "30.3")
    assert (first["trade_currency"], first["container_numbers"]) == ("EUR", "B1;B2")
    assert json.loads(first["lines"])[1] == {
        "Code": "8703231900", "Total": "20.2", "Total@currency": "EUR",
    }  # fmt: skip
    assert (second["row_no"], second["declaration_id"], second["lines"]) == (2, None, None)


def test_totals_in_several_currencies_have_none_in_common(tmp_path: Path) -> None:
    mixed = MESSAGE.format(1).replace("'EUR'>20", "'USD'>20")
    (only,) = rows_of(tmp_path, xml(mixed), XML)
    assert only["trade_currency"] is None


def test_a_total_that_is_no_number_is_no_zero(tmp_path: Path) -> None:
    (only,) = rows_of(tmp_path, xml(MESSAGE.format(1).replace("20.2", "much")), XML)
    assert only["declared_value"] == "nan"
    assert only["hs6"] == "401110"


def test_a_record_within_a_record_is_part_of_it(tmp_path: Path) -> None:
    nested = MESSAGE.format(1).replace("</Message>", f"{MESSAGE.format(2)}</Message>")
    assert [each["declaration_id"] for each in rows_of(tmp_path, xml(nested), XML)] == ["1"]


_LAUGHS = "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(12))


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (xml(MESSAGE.format(1), before="<!DOCTYPE Batch>"), {"file.no_doctype"}),
        (xml(before="<!DOCTYPE Batch>"), {"file.no_doctype"}),
        (
            xml("<Message><Id>&x;</Id></Message>",
                before="<!DOCTYPE B [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"),
            {"file.no_doctype"},
        ),
        (
            xml(f"<Message><Id a='&l12;'>{'&l12;' * 9}</Id></Message>",
                before=f"<!DOCTYPE B [<!ENTITY l0 'ha'>{_LAUGHS}]>"),
            {"file.no_doctype", "file.readable"},
        ),
        (
            xml(before="<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE B>").encode("utf-16"),
            {"file.no_doctype"},
        ),
        (xml(MESSAGE.format(1))[:-20], {"file.readable"}),
        ("no xml at all", {"file.readable"}),
        (xml("<Message>" + "<a>b</a>" * 2_500_000 + "</Message>"), {"file.readable"}),
        (xml("<filler>x</filler>" * 1_500_000), {"file.readable"}),
        (xml("<Message>" + "<a>" * 5_000 + "</a>" * 5_000 + "</Message>"), {"file.readable"}),
    ],
    ids=["doctype", "doctype and no record", "external entity", "laughs", "utf-16", "cut off",
         "text", "giant record", "endless prelude", "depth"],
)  # fmt: skip
def test_a_hostile_document_is_refused(
    tmp_path: Path, content: bytes | str, rules: set[str]
) -> None:
    assert refusal(tmp_path, content, XML).rule in rules


def test_many_records_need_no_more_memory_than_few(tmp_path: Path) -> None:
    path = tmp_path / "delivery"
    with path.open("w") as file:
        file.write("<Batch xmlns='urn:d'>")
        for number in range(60_000):
            file.write(MESSAGE.format(number))
        file.write("</Batch>")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reading = read(path, DECLARATIONS, XML, "xml")
    assert sum(batch.num_rows for batch in reading.rows) == 60_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB


@pytest.mark.parametrize("path", ["d:Id[", "unknown:Id", "shout(d:Id)"])
def test_a_path_that_means_nothing_is_a_broken_mapping(tmp_path: Path, path: str) -> None:
    columns = {"hs6": Origin(column=path)}
    layout = XML.model_copy(update={"columns": columns})
    with pytest.raises(BrokenMapping, match="hs6"):
        opened(tmp_path, xml(MESSAGE.format(1)), layout)


def test_pages_of_records_are_read_one_after_the_other(tmp_path: Path) -> None:
    pages = [
        {"next": "x", "value": [{"id": 1, "goods": {"name": ["a", "b"]}}, "no object"]},
        {"value": [{"id": 2.50, "lines": [{"n": 1.5}]}, {"id": "\0"}]},
    ]
    reading = opened(tmp_path, "\ufeff" + "\n".join(map(json.dumps, pages)), JSON)
    first, second = reading.rows.read_all().to_pylist()
    assert (first["row_no"], first["declaration_id"], first["goods_name"]) == (1, "1", "a;b")
    assert (second["row_no"], second["declaration_id"]) == (3, "2.5")
    assert json.loads(second["lines"]) == [{"n": 1.5}]
    assert [number for number, _ in reading.rejected] == [2, 4]


@pytest.mark.parametrize(
    "content",
    ['{"value": [{"id": 1}', "<html>", '{"value": [{"id": NaN}]}',
     '{"value": [{"id": "' + "x" * (17 << 20) + '"}]}', '{"filler": "' + "x" * (17 << 20) + '"}'],
    ids=["cut off", "html", "nan", "giant record", "endless prelude"],
)  # fmt: skip
def test_what_is_no_list_of_records_is_refused(tmp_path: Path, content: str) -> None:
    assert refusal(tmp_path, content, JSON).rule == "file.readable"


def archive(members: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def packed(layout: Layout, members: str = "*") -> Layout:
    return layout.model_copy(update={"packed": True, "members": members})


def test_members_are_read_in_order_of_name_and_numbers_run_on(tmp_path: Path) -> None:
    content = archive({
        "b.xml": xml(MESSAGE.format(3)), "a/1.xml": xml(MESSAGE.format(1), MESSAGE.format(2)),
        "readme.txt": "not asked for", "a/": "",
    })  # fmt: skip
    rows = rows_of(tmp_path, content, packed(XML, "*.xml"))
    assert [(each["row_no"], each["declaration_id"]) for each in rows] == [
        (1, "1"), (2, "2"), (3, "3"),
    ]  # fmt: skip


def test_lines_of_tables_run_on_from_member_to_member(tmp_path: Path) -> None:
    table = "编号,价,日期\n{}1,1,x\nshort\n{}2,2,x\n"
    content = archive({"a.csv": table.format("a", "a"), "b.csv": table.format("b", "b")})
    reading = opened(tmp_path, content, packed(TABLE))
    rows = reading.rows.read_all().to_pylist()
    assert [(each["row_no"], each["declaration_id"]) for each in rows] == [
        (2, "a1"), (4, "a2"), (6, "b1"), (8, "b2"),
    ]  # fmt: skip
    assert reading.rejected == [(3, "short"), (7, "short")]


def test_a_broken_document_among_many_costs_one_row(tmp_path: Path) -> None:
    content = archive({"a.xml": "<Batch", "b.xml": xml(MESSAGE.format(2)), "c.xml": ""})
    reading = opened(tmp_path, content, packed(XML))
    (only,) = reading.rows.read_all().to_pylist()
    assert (only["row_no"], only["declaration_id"]) == (2, "2")
    assert [(number, text[:5]) for number, text in reading.rejected] == [(1, "a.xml"), (3, "c.xml")]
    # alone, or dangerous, it is refused
    assert refusal(tmp_path, archive({"a.xml": "<Batch"}), packed(XML)).rule == "file.readable"
    evil = archive({"a.xml": xml(before="<!DOCTYPE B>"), "b.xml": xml(MESSAGE.format(2))})
    assert refusal(tmp_path, evil, packed(XML)).rule == "file.no_doctype"


def encrypted() -> bytes:
    content = bytearray(archive({"secret.xml": xml(MESSAGE.format(1))}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


def understated() -> bytes:
    """An archive that says that its member is smaller than it is."""
    content = bytearray(archive({"liar.xml": xml(*[MESSAGE.format(n) for n in range(99)])}))
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + 24, 100)
    return bytes(content)


def damaged() -> bytes:
    content = bytearray(archive({"damaged.xml": xml(*[MESSAGE.format(n) for n in range(99)])}))
    content[len(content) // 2] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no archive", "no zip archive"),
        (archive({"readme.txt": "x"}), "no member matches"),
        (archive({"/etc/a.xml": "x"}), "/etc/a.xml: its name is absolute"),
        (archive({"C:\\a.xml": "x"}), "its name is absolute"),
        (archive({"a/../../b.xml": "x"}), "leads out"),
        (archive({"a\\..\\b.xml": "x"}), "leads out"),
        (archive({"inner.zip": archive({"a.xml": "x"})}), "inner.zip: it is an archive itself"),
        (archive({"inner.xml": archive({"a.xml": "x"})}), "inner.xml: it is an archive itself"),
        (archive({"bomb.xml": b" " * (50 << 20)}), "bomb.xml: it is compressed"),
        (archive({f"{n}.xml": "x" for n in range(10_001)}), "more than 10,000 members"),
        (encrypted(), "secret.xml: it is encrypted"),
        (understated(), "liar.xml: it is damaged"),
        (damaged(), "damaged.xml: it is damaged"),
    ],
    ids=["text", "no match", "absolute", "drive", "parent", "parent backwards", "nested",
         "nested in disguise", "bomb", "many", "encrypted", "understated", "damaged"],
)  # fmt: skip
def test_a_dangerous_archive_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    caught = refusal(tmp_path, content, packed(XML, "*.xml"))
    assert caught.rule == "file.archive"
    assert told in str(caught)


def test_an_archive_may_not_hold_more_than_the_contract_allows(tmp_path: Path) -> None:
    path = tmp_path / "delivery"
    path.write_bytes(archive({"a.xml": xml(*[MESSAGE.format(n) for n in range(999)])}))
    small = DECLARATIONS.model_copy(update={"max_bytes": path.stat().st_size + 10})
    with pytest.raises(Unreadable, match=r"a\.xml: with it") as caught:
        read(path, small, packed(XML), "zip")
    assert caught.value.rule == "file.archive"


def workbook(*rows: str, sheet: str = "名单", **more: bytes | str) -> bytes:
    """A workbook of one sheet; style 1 is a date."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return archive({
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kinds}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(rows)}'
        "</sheetData></worksheet>",
        **more,
    })  # fmt: skip


def line(number: int, **cells: str) -> str:
    return f'<row r="{number}">{"".join(cells.values())}</row>'


def text(at: str, value: str) -> str:
    return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'


def number(at: str, value: object, style: int = 0) -> str:
    return f'<c r="{at}" s="{style}"><v>{value}</v></c>'


HEADING = line(2, a=text("A2", "编号"), b=text("B2", "价"), c=text("C2", "日期"))


def test_a_sheet_is_read_as_a_person_would_read_it(tmp_path: Path) -> None:
    content = workbook(
        HEADING,
        line(3, a=number("A3", 222120261000000), b=number("B3", 12.5), c=number("C3", 46202, 1)),
        line(5, a=text("A5", " 007 "), b=number("B5", "1.0"), c=text("C5", "")),
        line(6, a=text("A6", "8"), d=text("D6", "beside the table")),
    )
    reading = opened(tmp_path, content, TABLE, ".XLSX")
    first, second = reading.rows.read_all().to_pylist()
    assert (first["row_no"], first["declaration_id"]) == (1, "222120261000000")
    assert (first["declared_value"], first["declared_at"]) == ("12.5", "2026-06-29")
    assert (second["row_no"], second["declaration_id"]) == (2, "007")
    assert (second["declared_value"], second["declared_at"]) == ("1", None)
    assert reading.rejected == [(3, "8;;;beside the table")]


def test_a_workbook_that_harms_or_lacks_is_refused(tmp_path: Path) -> None:
    far = workbook(HEADING, line(1_048_576, a=text("XFD1048576", "x")))
    assert refusal(tmp_path, far, TABLE, "xlsx").rule == "file.size"
    bomb = workbook(HEADING, **{"xl/media.bin": b"\0" * (50 << 20)})
    assert refusal(tmp_path, bomb, TABLE, "xlsx").rule == "file.archive"
    assert refusal(tmp_path, archive({"a": "b"}), TABLE, "xlsx").rule == "file.readable"
    other = workbook(line(1, a=text("A1", "编号")))
    assert refusal(tmp_path, other, TABLE, "xlsx").rule == "file.columns"
    named = TABLE.model_copy(update={"records": "另一张"})
    assert "名单" in str(refusal(tmp_path, workbook(HEADING), named, "xlsx"))


def test_parquet_is_read_as_text(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 6, 29, 9, 15, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    table = pa.table({
        "编号": pa.array(["1", None, "a\0b"]).dictionary_encode(),
        "价": pa.array([[1, 2], None, []]),
        "日期": pa.array([moment, None, moment], pa.timestamp("ns", "Asia/Shanghai")),
        "unasked": [1, 2, 3],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "delivery", row_group_size=2)
    reading = read(tmp_path / "delivery", DECLARATIONS, TABLE, "parquet")
    first, second = reading.rows.read_all().to_pylist()
    assert (first["declaration_id"], first["declared_value"]) == ("1", "[1, 2]")
    assert dt.datetime.fromisoformat(first["declared_at"]) == moment
    assert (second["row_no"], second["declaration_id"], second["declared_at"]) == (2, None, None)
    # no text of a database holds a NUL
    ((number, told),) = reading.rejected
    assert number == 3 and "\0" not in told


def test_parquet_that_is_none_or_unfolds_too_far_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"PAR1 and nothing", TABLE, "parquet").rule == "file.readable"
    buffer = io.BytesIO()
    giant = pa.array(["x"] * 1_000_000).dictionary_encode()
    pq.write_table(pa.table({"编号": giant, "价": giant, "日期": giant}), buffer)
    path = tmp_path / "delivery"
    path.write_bytes(buffer.getvalue())
    small = DECLARATIONS.model_copy(update={"max_bytes": 1_000_000})
    with pytest.raises(Unreadable, match="unfolds") as caught:
        read(path, small, TABLE, "parquet")
    assert caught.value.rule == "file.size"
