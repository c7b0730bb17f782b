"""Analysis reports: by period and risk domain, as pages and as prints, just as they were sent."""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Response
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege, UndefinedTable
from psycopg.rows import dict_row

from customs_risk.codes import DOMAINS, Codes
from customs_risk.settings import settings
from customs_risk.web.page import Page, Section
from customs_risk.web.readers import Reader, Reading
from customs_risk.web.rendering import DOCUMENT_POLICY
from customs_risk.web.views import Column, Filter, Row, View
from customs_risk.words import Words

KINDS: Codes = {
    "weekly": Words("weekly", "周报"),
    "monthly": Words("monthly", "月报"),
}
OF: Codes = {"all": Words("All risks", "总体"), **DOMAINS}

_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}

_COLUMNS = (
    Column("period_from", Words("From", "起"), "date", link="reports/{report_id}"),
    Column("period_to", Words("To", "止"), "date"),
    Column("kind", Words("Kind", "类别"), codes=KINDS),
    Column("risk_domain", Words("Of", "领域"), codes=OF, link="reports/{report_id}"),
    Column("report_id", Words("Number", "编号")),
    Column("version", Words("Version", "版本"), "count"),
    Column("as_of", Words("Data as of", "数据时点"), "time"),
    Column("received_at", Words("Received", "回执"), "time"),
    Column("html", Words("Page", "网页"), link="reports/{report_id}/{version}.html"),
    Column("pdf", Words("Print", "打印版"), link="reports/{report_id}/{version}.pdf"),
)

REPORTS = View(
    name="reports",
    title=Words("Analysis reports", "风险分析报告"),
    reads="feedback",
    note=Words(
        "The newest version of each; one of all risks and one per risk domain.",
        "各报告的最新版本；总报告一份，各风险领域各一份。",
    ),
    query="""
        select
            period_from, period_to, kind, risk_domain, report_id, version, as_of, received_at,
            'HTML' as html, 'PDF' as pdf
        from feedback.analysis_reports
        where
            is_latest
            and (%(of)s::text is null or risk_domain = %(of)s)
            and (%(kind)s::text is null or kind = %(kind)s)
            and (%(day)s::date is null or %(day)s::date between period_from and period_to)
        order by period_from desc, kind asc, risk_domain <> 'all' asc, risk_domain asc
        limit %(most)s
    """,
    filters=(
        Filter("of", Words("Of", "领域"), choices=OF),
        Filter("kind", Words("Kind", "类别"), choices=KINDS),
        Filter("day", Words("On a day in", "包含日期"), kind="date"),
    ),
    most=100,
    columns=_COLUMNS,
)

VERSIONS = View(
    name="report-versions",
    title=Words("Versions", "版本"),
    reads="feedback",
    note=Words(
        "A report whose figures have changed has a new version; what was told before stays.",
        "数字变化后生成新版本，原版本保留。",
    ),
    query="""
        select
            period_from, period_to, kind, risk_domain, report_id, version, as_of, received_at,
            'HTML' as html, 'PDF' as pdf
        from feedback.analysis_reports
        where report_id = %(report_id)s
        order by version desc
        limit %(most)s
    """,
    filters=(Filter("report_id", Words("Report", "报告")),),
    columns=_COLUMNS,
)

_FILE = """
    select html_file, html_sha256, pdf_file, pdf_sha256
    from feedback.analysis_reports
    where report_id = %s and version = %s
"""
_NEWEST = """
    select report_id, version, kind, risk_domain, period_from, period_to
    from feedback.analysis_reports
    where report_id = %s and is_latest
"""


def _one(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    cursor = connection.cursor(row_factory=dict_row)
    report = cursor.execute(_NEWEST, [given["report_id"]]).fetchone()
    if report is None:
        raise HTTPException(404, f"no report {given['report_id']} · 无此报告")
    return {"report": report, "of": OF, "kinds": KINDS}


router = APIRouter()


@router.get("/{report_id}/{version}.{kind}")
def file(report_id: str, version: int, kind: Literal["html", "pdf"], reader: Reading) -> Response:
    """Return a report as it was made: unless its bytes are those, it is not shown.

    Raises:
        HTTPException: 403, the reader may not read reports; 404, there is no such report, or its
            file is gone; 409, the file is not the one that was registered.
    """
    row = _registered(reader, report_id, version)
    name = f"{report_id}.v{version}.{kind}"
    try:
        content = (settings().home / row[f"{kind}_file"]).read_bytes()
    except FileNotFoundError:
        raise HTTPException(404, f"{name}: the file is gone · 文件已不存在") from None
    if hashlib.sha256(content).hexdigest() != row[f"{kind}_sha256"]:
        raise HTTPException(409, f"{name}: the file was changed · 文件与登记内容不符")
    headers = {"content-disposition": f'inline; filename="{name}"'}
    if kind == "html":
        headers["content-security-policy"] = DOCUMENT_POLICY
    return Response(content, media_type=_TYPES[kind], headers=headers)


def _registered(reader: Reader, report_id: str, version: int) -> Row:
    try:
        with reader.connect() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            row = cursor.execute(_FILE, [report_id, version]).fetchone()
    except (InsufficientPrivilege, UndefinedTable):
        raise HTTPException(403, "your roles read no reports · 您的角色无权查看报告") from None
    if row is None:
        raise HTTPException(404, f"no report {report_id} version {version} · 无此报告")
    return row


PAGE = Page(
    name="reports",
    title=Words("Reports", "分析报告"),
    about=Words(
        "Analysis reports as they were made and sent: for reading here, and for print.",
        "按原样保存并发出的分析报告，可在线阅读或打印。",
    ),
    reads="feedback",
    sections=(Section(REPORTS),),
    router=router,
    below=(
        Page(
            name="reports/{report_id}",
            title=Words("Report", "分析报告"),
            about=Words("A report as it was made.", "报告原件。"),
            reads="feedback",
            sections=(Section(VERSIONS),),
            template="report.html",
            more=_one,
        ),
    ),
)
