"""A report as PDF, its letters embedded: a machine without Chinese fonts prints it the same."""

import io
from collections.abc import Mapping
from typing import Any

from customs_risk.treat.reports.content import Report, Table
from customs_risk.words import Words

_FAMILY = "noto"
_GREY, _BLACK, _PALE = (82, 97, 115), (28, 36, 48), (242, 245, 248)
_MARGIN_MM, _LINE_MM = 14, 4.4
# what follows a heading: some rows, or a chart
_ROOM_MM, _CHART_MM = 40, 90


def printed(report: Report, charts: Mapping[str, str]) -> bytes:
    """Return the PDF's bytes: the same for the same report."""
    pdf = _paper(report)
    _heading(pdf, report.title, 15)
    _small(
        pdf,
        f"报告编号 Report {report.report_id} · 期间 period {report.period_from} – "
        f"{report.period_to} · 数据时点 as of {report.as_of.isoformat(timespec='minutes')}",
    )
    for section in report.sections:
        pdf.ln(3)
        _heading(pdf, section.title, 11, room_mm=_CHART_MM if section.key in charts else _ROOM_MM)
        for words in section.words:
            _small(pdf, str(words))
        if section.key in charts:
            pdf.image(io.BytesIO(charts[section.key].encode()), w=pdf.epw)
            pdf.ln(1)
        if section.table:
            _table(pdf, section.table)
    return bytes(pdf.output())


def _paper(report: Report) -> Any:
    from fpdf import FPDF
    from pylopdf_fonts_zh_cn import sans_path

    class Paper(FPDF):  # type: ignore[misc]
        def footer(self) -> None:
            self.set_y(-10)
            self.set_font(_FAMILY, size=7)
            self.set_text_color(*_GREY)
            self.cell(0, 5, f"{report.report_id}  {self.page_no()}", align="C")

    pdf = Paper(format="A4")
    pdf.set_margin(_MARGIN_MM)
    pdf.set_auto_page_break(True, margin=_MARGIN_MM)
    # the only moment in it is that of its data
    pdf.set_creation_date(report.as_of)
    pdf.set_title(str(report.title))
    pdf.set_lang("zh-CN")
    pdf.add_font(_FAMILY, fname=sans_path())
    pdf.add_page()
    return pdf


def _heading(pdf: Any, words: Words, size: int, *, room_mm: int = _ROOM_MM) -> None:
    # never alone at the foot of a page
    if pdf.will_page_break(room_mm):
        pdf.add_page()
    pdf.set_font(_FAMILY, size=size)
    pdf.set_text_color(*_BLACK)
    pdf.multi_cell(0, size * 0.5, words.zh, new_x="LMARGIN", new_y="NEXT")
    _small(pdf, words.en)


def _small(pdf: Any, text: str) -> None:
    pdf.set_font(_FAMILY, size=8)
    pdf.set_text_color(*_GREY)
    pdf.multi_cell(0, _LINE_MM, text, new_x="LMARGIN", new_y="NEXT")
    pdf.set_text_color(*_BLACK)


def _table(pdf: Any, table: Table) -> None:
    from fpdf import FontFace

    pdf.set_font(_FAMILY, size=7)
    others = len(table.columns) - 1
    with pdf.table(
        col_widths=(max(3, others), *(2,) * others),
        text_align=("LEFT", *("RIGHT",) * others),
        headings_style=FontFace(emphasis="", fill_color=_PALE),
        borders_layout="HORIZONTAL_LINES",
        line_height=_LINE_MM,
    ) as drawn:
        head = drawn.row()
        for column in table.columns:
            head.cell(f"{column.zh}\n{column.en}")
        for row in table.rows:
            cells = drawn.row()
            for cell in row:
                cells.cell(cell.text)
