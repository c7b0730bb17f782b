"""Tables as Excel workbooks: one sheet, its first filled row the header."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from customs_risk.collect.formats.reading import (
    Batches,
    Record,
    Rejected,
    Unreadable,
    in_batches,
)
from customs_risk.collect.formats.table import check_columns, sources
from customs_risk.collect.formats.workbook_parts import sound_copy
from expectations.contract import Contract
from expectations.layout import Layout

_LARGEST = 96 << 20  # bytes unpacked: a workbook is read whole

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
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "workbook.xlsx"
        sound_copy(path, most_bytes, copy)
        try:
            workbook = CalamineWorkbook.from_path(copy)
            names = workbook.sheet_names
            if not names or (name and name not in names):
                raise Unreadable("file.readable", f"no sheet {name or ''}: {', '.join(names)}")
            return workbook.get_sheet_by_name(name or names[0])
        except (CalamineError, OSError) as error:
            raise Unreadable("file.readable", f"it is no sound workbook: {error}") from error


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
