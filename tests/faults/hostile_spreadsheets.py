"""Hostile workbooks, as lists of refused entries."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from customs_risk.sandbox.outside.workbook import workbook
from tests.faults.hostile import CONTROLS, FORMULAS, SQL, UNICODE, Case, Refused, Taken
from tests.faults.hostile_canary import FILE_URL, HTTP_URL

_HEADER = (
    "HS编码", "报检单号", "产品名称", "产地", "生产企业信息", "进口商信息",
    "进口商备案号", "重量", "未准入境的事实", "进境口岸", "公布日期",
)  # fmt: skip
_SHEET = "xl/worksheets/sheet1.xml"
_LETTERS = "ABCDEFGHIJK"


def cases() -> Iterator[Case]:
    """Yield them."""
    yield from _damaged()
    yield from _cells()
    yield from _parts()
    yield from _bombs()


def _row(key: str, number: int, goods: str = "冻虾", **changes: str) -> list[str]:
    cells = dict(zip(_HEADER, _GOOD, strict=True)) | {"产品名称": goods} | changes
    return list((cells | {"报检单号": f"{key}-{number}"}).values())


_GOOD = (
    "0306179000", "", "", "厄瓜多尔", "EXAMPLE S.A.", "上海示例", "2200123456", "25千克",
    "检出兽药残留", "上海", "2026-06-20",
)  # fmt: skip


def _rows(name: str, goods: Sequence[str] = ("冻虾",) * 5) -> list[list[str]]:
    key = f"{zlib.crc32(name.encode()):08x}"
    return [list(_HEADER), *(_row(key, number, each) for number, each in enumerate(goods))]


def _book(name: str, goods: Sequence[str] = ("冻虾",) * 5) -> bytes:
    return workbook("Sheet1", _rows(name, goods))


def _case(name: str, content: bytes, expected: Refused | Taken) -> Case:
    return Case(f"xlsx: {name}", "xlsx", content, expected)


def repacked(content: bytes, parts: dict[str, bytes | None], more: Sequence[str] = ()) -> bytes:
    """Return a workbook with some parts replaced, left out (None) or added."""
    copy = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        kept = {member.filename: before.read(member) for member in before.infolist()}
        for member, written in {**kept, **parts}.items():
            if written is not None:
                after.writestr(member, written)
        for member in more:
            after.writestr(zipfile.ZipInfo(member), b"x")
    return copy.getvalue()


def _sheet_of(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(_SHEET).decode()


def _with_sheet(content: bytes, old: str, new: str) -> bytes:
    sheet = _sheet_of(content)
    assert old in sheet
    return repacked(content, {_SHEET: sheet.replace(old, new, 1).encode()})


def _damaged() -> Iterator[Case]:
    whole = _book("damaged")
    yield _case("nothing", b"", Refused("file.not_empty"))
    yield _case("half", whole[: len(whole) // 2], _ARCHIVE)
    yield _case("no directory", whole[:-22], _ARCHIVE)
    yield _case("an empty archive", b"PK\x05\x06" + bytes(18), Refused("file.readable"))
    yield _case("CSV inside", b"a,b\n1,2\n", _ARCHIVE)
    yield _case("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), _ARCHIVE)
    damaged = bytearray(whole)
    begin = whole.index(_SHEET.encode()) + 60
    damaged[begin : begin + 20] = b"\xaa" * 20
    yield _case("a damaged part", bytes(damaged), _ARCHIVE)
    for part in ("xl/workbook.xml", _SHEET, "xl/_rels/workbook.xml.rels"):
        yield _case(f"without {part}", repacked(whole, {part: None}), _UNREADABLE)
    cut = _sheet_of(whole)[:-300].encode()
    yield _case("a sheet that is cut", repacked(whole, {_SHEET: cut}), _UNREADABLE)
    yield _case("a sheet that is no XML", repacked(whole, {_SHEET: b"\x89PNG"}), _UNREADABLE)
    yield _case("an empty sheet", workbook("S", []), Refused("file.columns"))
    yield _case("a header only", workbook("S", [list(_HEADER)]), Refused("file.not_empty"))
    table = _rows("columns")
    missing = [row[:-1] for row in table]
    yield _case("a column missing", workbook("S", missing), Refused("file.columns", "missing"))
    twice = [[*row, row[0]] for row in table]
    yield _case("a column twice", workbook("S", twice), Refused("file.columns", "repeated"))
    beyond = [*table, [*_row("beyond", 99), "more"]]
    taken = Taken(5, {6: ["row.complete"]})
    yield _case("a cell beyond the header", workbook("S", beyond), taken)


def _cells() -> Iterator[Case]:
    for name, texts in (("SQL", SQL), ("formulas as texts", FORMULAS), ("unicode", UNICODE[:-2])):
        yield _case(name, _book(name, texts), Taken(len(texts), kept=texts))
    yield _case("control characters", _book("c", CONTROLS[:2]), _UNREADABLE)
    name = "formulas"
    told = _with_sheet(
        _book(name), '<is><t xml:space="preserve">冻虾</t></is></c>',
        "<f>WEBSERVICE(\"" + HTTP_URL + "\")</f><v>cached</v></c>",
    )  # fmt: skip
    formula = _with_sheet(told, 'r="C2" t="inlineStr"', 'r="C2" t="str"')
    yield _case(name, formula, Taken(5, kept=("cached",)))
    name = "an error as value"
    error = _with_sheet(_book(name), _text_cell("C", 2, "冻虾"), '<c r="C2" t="e"><v>#REF!</v></c>')
    yield _case(name, error, Taken(4, {1: ["goods_name.present"]}))
    numbers = {
        "1e400": "published_at.type",
        "NaN": "published_at.type",
        "-1": "published_at.type",
        "1e308": "published_at.type",
    }
    for number, rule in numbers.items():
        name = f"the number {number}"
        cell = f'<c r="K2"><v>{number}</v></c>'
        content = _with_sheet(_book(name), _text_cell("K", 2, "2026-06-20"), cell)
        yield _case(name, content, Taken(4, {1: [rule]}))
    name = "a moment to come"
    later = [*_rows(name), _row("later", 99, 公布日期="2027-01-01")]
    taken = Taken(5, {6: ["published_at.not_future"]})
    yield _case(name, workbook("S", later), taken)
    for index in ("999999", "-1", "x", "1e9"):
        name = f"the shared text {index}"
        cell = f'<c r="C2" t="s"><v>{index}</v></c>'
        content = _with_sheet(_book(name), _text_cell("C", 2, "冻虾"), cell)
        yield _case(name, content, _UNREADABLE)
    name = "a row twice"
    table = _rows(name)
    yield _case(name, workbook("S", [*table, table[1]]), Taken(5, duplicate=1))
    name = "a text of 1 MB"
    long = _book(name, ["x" * 1_000_000, *["冻虾"] * 5])
    yield _case(name, long, Taken(5, {1: ["goods_name.length"]}))


def _text_cell(column: str, row: int, text: str) -> str:
    return f'<c r="{column}{row}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _parts() -> Iterator[Case]:
    doctypes = {
        "an entity bomb": '<!DOCTYPE x [<!ENTITY e "ha"><!ENTITY f "'
        + "&e;" * 1000
        + '"><!ENTITY g "'
        + "&f;" * 1000
        + '">]>',
        "an entity from a file": f'<!DOCTYPE x [<!ENTITY g SYSTEM "{FILE_URL}">]>',
        "an entity from the net": f'<!DOCTYPE x [<!ENTITY g SYSTEM "{HTTP_URL}">]>',
        "a DTD from the net": f'<!DOCTYPE x SYSTEM "{HTTP_URL}">',
    }
    for what, doctype in doctypes.items():
        for part in (_SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
            name = f"{what} in {part.rpartition('/')[2]}"
            whole = _book(name)
            with zipfile.ZipFile(io.BytesIO(whole)) as archive:
                text = archive.read(part).decode()
            declared = text.replace("?>\n", f"?>\n{doctype}", 1).replace("冻虾", "&g;", 1)
            yield _case(name, repacked(whole, {part: declared.encode()}), _NO_DOCTYPE)
    name = "a sheet outside"
    inside = _rels()["xl/_rels/workbook.xml.rels"].decode()
    rels = inside.replace(
        'Target="worksheets/sheet1.xml"', f'TargetMode="External" Target="{HTTP_URL}"'
    )
    outside = repacked(_book(name), {"xl/_rels/workbook.xml.rels": rels.encode()})
    yield _case(name, outside, _UNREADABLE)
    for what, path in (
        ("leads out", "../../../../tmp/customs-risk-escape"),
        ("is absolute", "/tmp/customs-risk-escape"),
        ("leads out backwards", "xl\\..\\..\\escape"),
        ("has a drive", "C:\\escape"),
    ):
        name = f"a part whose name {what}"
        yield _case(name, repacked(_book(name), {}, [path]), _ARCHIVE)
    name = "macros"
    yield _case(name, repacked(_book(name), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}), Taken(5))


def _bombs() -> Iterator[Case]:
    whole = _book("bombs")

    def zeros() -> bytes:
        return repacked(whole, {"xl/media/image.png": bytes(60_000_000)})

    yield Case("xlsx: a part of zeros", "xlsx", zeros, _ARCHIVE)

    def spaces() -> bytes:
        return _with_sheet(whole, "<sheetData>", " " * 40_000_000 + "<sheetData>")

    yield Case("xlsx: a sheet of spaces", "xlsx", spaces, _ARCHIVE)
    far = _with_sheet(
        whole, "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    yield _case("a lone cell far out", far, Refused("file.size"))
    wide = _with_sheet(whole, "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    yield _case("a dimension that lies", wide, Taken(5))

    def shared_texts() -> bytes:
        name = "shared texts"
        cells = "".join(
            f'<row r="{row}">'
            + "".join(f'<c r="{letter}{row}" t="s"><v>0</v></c>' for letter in _LETTERS)
            + "</row>"
            for row in range(2, 2000)
        )
        sheet = _sheet_of(workbook("Sheet1", [list(_HEADER)]))
        texts = f'<sst xmlns="{_MAIN}"><si><t>{"".join(map(str, range(60_000)))}</t></si></sst>'
        rels = _rels()
        filled = sheet.replace("</sheetData>", f"{cells}</sheetData>").encode()
        parts = {_SHEET: filled, "xl/sharedStrings.xml": texts.encode(), **rels}
        return repacked(_book(name), parts)

    yield Case("xlsx: one shared text in many cells", "xlsx", shared_texts, Refused("file.size"))

    def many_cells() -> bytes:
        row = "".join(f'<c r="{letter}{{0}}"><v>{{0}}</v></c>' for letter in _LETTERS)
        rows = "".join(f'<row r="{n}">{row.format(n)}</row>' for n in range(2, 60_000))
        sheet = _sheet_of(workbook("Sheet1", [list(_HEADER)]))
        filled = sheet.replace("</sheetData>", f"{rows}</sheetData>")
        return repacked(_book("many cells"), {_SHEET: filled.encode()})

    yield Case("xlsx: 660,000 cells", "xlsx", many_cells, Refused("batch.max_failed_share"))


def _rels() -> dict[str, bytes]:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    rels = (
        f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>"
    )
    return {"xl/_rels/workbook.xml.rels": rels.encode()}


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_UNREADABLE = Refused("file.readable")
_ARCHIVE = Refused("file.archive")
_NO_DOCTYPE = Refused("file.no_doctype")
