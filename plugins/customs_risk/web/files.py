"""The same rows as files: CSV for programs, XLSX for people."""

import csv
import io
import json
from datetime import datetime
from typing import Any

from customs_risk.settings import settings
from customs_risk.web.views import Column, Row, View
from customs_risk.words import Language

# what a file holds at most: a download is no way to copy the warehouse
MOST = 50_000
_FORMATS = {
    "share": "0.00%", "count": "#,##0", "yuan": "¥#,##0", "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm", "number": "#,##0.000", "hours": "#,##0.0", "days": "#,##0.0",
}  # fmt: skip


def as_csv(view: View, rows: list[Row]) -> bytes:
    """Return the rows as CSV with the columns' names, in UTF-8 that Excel recognises."""
    text = io.StringIO()
    names = [name for column in view.columns for name in _names(column)]
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_harmless(row.get(name)) for name in names] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(view: View, rows: list[Row], language: Language) -> bytes:
    """Return the rows as a workbook with headings in one language."""
    import xlsxwriter

    content = io.BytesIO()
    # no text becomes a formula or a link, whatever a delivery wrote into it
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, {**options, "remove_timezone": True}) as book:
        sheet = book.add_worksheet(view.title.said(language)[:31].translate(_NO_SHEET_NAME))
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        place = 0
        for column in view.columns:
            form = book.add_format({"num_format": _FORMATS.get(column.kind, "General")})
            for name in _names(column):
                sheet.write_string(0, place, _heading(column, name, language), bold)
                for number, row in enumerate(rows, start=1):
                    sheet.write(number, place, _in_book(column, name, row, language), form)
                place += 1
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return content.getvalue()


_NO_SHEET_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def _names(column: Column) -> tuple[str, ...]:
    return (f"{column.name}_en", f"{column.name}_zh") if column.is_bilingual else (column.name,)


def _heading(column: Column, name: str, language: Language) -> str:
    heading = column.heading.said(language)
    return heading if name == column.name else f"{heading} ({name.rpartition('_')[2]})"


def _harmless(value: Any) -> Any:
    """Return a value that a spreadsheet does not run: text that begins like a formula is quoted."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and value[:1] in "=+-@\t\r" and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _in_book(column: Column, name: str, row: Row, language: Language) -> Any:
    value = column.told(row, language) if column.codes else row.get(name)
    if isinstance(value, datetime):
        return value.astimezone(settings().zone)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return ", ".join(map(str, value)) if isinstance(value, list) else value
