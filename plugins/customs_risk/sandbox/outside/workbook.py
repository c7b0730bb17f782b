"""A table as an Excel workbook of one sheet: the few parts of Office Open XML that it takes."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def workbook(sheet: str, rows: Iterable[Sequence[str | None]]) -> bytes:
    """Return a workbook whose cells are texts, the first row its header; same rows, same bytes."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{_CONTENT}.worksheet+xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>'
        + "".join(_row(number, row) for number, row in enumerate(rows, start=1))
        + "</sheetData></worksheet>",
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in parts.items():
            # without a date of its own, a member is dated 1980
            archive.writestr(
                zipfile.ZipInfo(name), _DECLARATION + content, compress_type=zipfile.ZIP_DEFLATED
            )
    return whole.getvalue()


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def _row(number: int, texts: Sequence[str | None]) -> str:
    cells = (
        f'<c r="{_letters(column)}{number}" t="inlineStr">'
        f'<is><t xml:space="preserve">{escape(text)}</t></is></c>'
        for column, text in enumerate(texts)
        if text is not None
    )
    return f'<row r="{number}">{"".join(cells)}</row>'


def _letters(column: int) -> str:
    """Return a column's letters: 0 is A, 26 is AA."""
    before, last = divmod(column, 26)
    return (_letters(before - 1) if before else "") + chr(65 + last)
