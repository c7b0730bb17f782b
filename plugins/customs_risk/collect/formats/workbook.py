"""Tables as Excel workbooks: one sheet, its first filled row the header."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from customs_risk.collect.formats.archive import opened, write_out
from customs_risk.collect.formats.reading import (
    Batches,
    Record,
    Rejected,
    Unreadable,
    in_batches,
)
from customs_risk.collect.formats.table import check_columns, sources
from expectations.contract import Contract
from expectations.layout import Layout

_LARGEST = 256 << 20  # bytes unpacked: a workbook is read whole
_MOST_CELLS = 20_000_000  # of the rectangle that a sheet spans
_CELL = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')

Cell = str | int | float | bool | date | datetime | time | timedelta | None


def batches(path: Path, contract: Contract, layout: Layout, rejected: Rejected) -> Batches:
    """Yield a sheet's rows under the layout's columns, numbered from 1; empty rows are no rows.

    Cells are written as a person would: dates in ISO 8601, whole numbers without a decimal point.
    A row with something beyond the header's columns is rejected.

    Raises:
        Unreadable: it is no workbook, has not the sheet or its columns, or is dangerously large.
    """
    sheet = _sheet(path, min(contract.max_bytes, _LARGEST), layout.records)
    return in_batches(_records(sheet, contract, layout), list(sources(layout)), rejected)


def _records(sheet: CalamineSheet, contract: Contract, layout: Layout) -> Iterator[Record]:
    rows = ([_text(cell) for cell in row] for row in sheet.iter_rows())
    filled = (row for row in rows if any(row))
    header = next(filled, [])
    check_columns([name for name in header if name], contract, layout)
    wanted = sources(layout)
    for number, row in enumerate(filled, start=1):
        if any(cell for name, cell in zip(header, row, strict=False) if not name):
            yield Record(number, rejected=";".join(cell or "" for cell in row))
            continue
        delivered = dict(zip(header, row, strict=False))
        yield Record(number, {name: delivered.get(source) for name, source in wanted.items()})


def _sheet(path: Path, most_bytes: int, name: str | None) -> CalamineSheet:
    copy = _sound_copy(path, most_bytes)
    try:
        workbook = CalamineWorkbook.from_filelike(copy)
        if name and name not in workbook.sheet_names:
            raise Unreadable(
                "file.readable", f"no sheet {name!r}: {', '.join(workbook.sheet_names)}"
            )
        return workbook.get_sheet_by_name(name or workbook.sheet_names[0])
    except (CalamineError, OSError, IndexError) as error:
        raise Unreadable("file.readable", f"it is no workbook: {error}") from error


def _sound_copy(path: Path, most_bytes: int) -> io.BytesIO:
    """Pack the workbook anew, so that its reader unpacks only what was measured here."""
    copy = io.BytesIO()
    with opened(path, most_bytes) as archive, zipfile.ZipFile(copy, "w") as sound:
        for member in archive.infolist():
            content = io.BytesIO()
            write_out(archive, member, content, refuse_archives=False)
            if member.filename.startswith("xl/worksheets/"):
                _check_extent(member.filename, content.getvalue())
            sound.writestr(member.filename, content.getvalue())
    copy.seek(0)
    return copy


def _check_extent(name: str, sheet: bytes) -> None:
    """Refuse a sheet with a lone cell far out: the reader holds the whole rectangle."""
    widest = deepest = 0
    for letters, number in _CELL.findall(sheet):
        widest = max(widest, _column_number(letters))
        deepest = max(deepest, int(number))
    if widest * deepest > _MOST_CELLS:
        raise Unreadable("file.size", f"{name} spans {deepest:,} rows of {widest:,} columns")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _text(cell: Cell) -> str | None:
    match cell:
        case None:
            return None
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() | date() | time():
            return cell.isoformat()
    return str(cell).strip() or None
