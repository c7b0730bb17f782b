"""Warnings (Order 271, Article 14): what stands, who was told what and has it, what was lifted."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse
from psycopg import Connection
from psycopg.rows import dict_row

from customs_risk.codes import DOMAINS, LEVELS, RELEASE_CLASSES, Codes
from customs_risk.web.charts import Chart
from customs_risk.web.forms import Own, back, filled, telling
from customs_risk.web.page import Page, Section
from customs_risk.web.readers import Reader, Reading
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

STATES: Codes = {
    "drafted": Words("waits for approval", "待批准"),
    "approved": Words("approved", "已批准"),
    "issued": Words("issued", "已发布"),
    "held": Words("held for its words", "因内容暂缓"),
    "refused": Words("refused", "不予发布"),
    "lifted": Words("lifted", "已解除"),
    "superseded": Words("superseded", "已被新版取代"),
}
AUDIENCES: Codes = {
    "customs": Words("customs", "海关"),
    "party": Words("parties", "当事人"),
    "public": Words("the public", "社会公众"),
    "department": Words("departments", "政府部门"),
    "foreign_authority": Words("foreign authorities", "境外主管机关"),
    "international_organisation": Words("international organisations", "国际组织"),
}
# what a release is built from (treat/warnings/releases.yml)
FIELDS: Codes = {
    "warning_id": Words("Warning", "预警"),
    "version": Words("Version", "版本"),
    "risk_domain": Words("Risk domain", "风险领域"),
    "level": Words("Level", "等级"),
    "cause": Words("Cause", "成因"),
    "subject_kind": Words("Kind of subject", "对象类别"),
    "subject_key": Words("Subject", "对象"),
    "country": Words("Country", "国家"),
    "hs": Words("HS", "商品编码"),
    "title_en": Words("Title, English", "标题（英文）"),
    "title_zh": Words("Title, Chinese", "标题（中文）"),
    "advice_en": Words("Advice, English", "建议（英文）"),
    "advice_zh": Words("Advice, Chinese", "建议（中文）"),
    "words_en": Words("For customs, English", "内部说明（英文）"),
    "words_zh": Words("For customs, Chinese", "内部说明（中文）"),
    "evidence": Words("Evidence", "依据"),
    "evidence_rows": Words("Rows of evidence", "依据记录数"),
    "drafted_on": Words("Drafted", "起草日期"),
}

_TIMES = (
    Column("drafted_at", Words("Drafted", "起草"), "time"),
    Column("issued_at", Words("Issued", "发布"), "time"),
    Column("lifted_at", Words("Lifted", "解除"), "time"),
)

BY_WEEK = View(
    name="warnings-weekly",
    title=Words("Warnings by week and way out", "每周预警（按发布类别）"),
    reads="treatment",
    note=Words(
        "By the week in which they were drafted; each version once.",
        "按起草周统计，每个版本计一次。",
    ),
    query="""
        select
            date_trunc('week', drafted_on)::date as week_on,
            release_class,
            count(*) as drafted,
            count(issued_at) as issued,
            count(lifted_at) as lifted,
            count(*) filter (where state in ('drafted', 'held')) as waiting
        from treatment.warnings
        where drafted_on > (select max(newest.drafted_on) - 182 from treatment.warnings as newest)
        group by week_on, release_class
        order by week_on desc, release_class desc
        limit %(most)s
    """,
    columns=(
        Column("week_on", Words("Week from", "周起始日"), "date"),
        Column("release_class", Words("Way out", "发布类别"), codes=RELEASE_CLASSES),
        Column("drafted", Words("Drafted", "起草"), "count"),
        Column("issued", Words("Issued", "已发布"), "count"),
        Column("lifted", Words("Lifted", "已解除"), "count"),
        Column("waiting", Words("Waiting or held", "待批或暂缓"), "count"),
    ),
)

WARNINGS = View(
    name="warnings",
    title=Words("Warnings", "风险预警"),
    reads="treatment",
    note=Words(
        "The newest first; what a newer version has replaced is shown when asked for.",
        "按时间倒序；已被新版取代的版本须选择后显示。",
    ),
    query="""
        with

        -- recipients are counted of what is shown alone: a notice may have thousands
        shown as materialized (
            select
                warning_id, version, title_en, title_zh, risk_domain, "level", release_class, state,
                drafted_at, issued_at, lifted_at
            from treatment.warnings
            where
                case
                    when %(state)s::text is null then state <> 'superseded' else state = %(state)s
                end
                and (%(release_class)s::text is null or release_class = %(release_class)s)
                and (
                    %(audience)s::text is null
                    or (warning_id, version) in (
                        select told.warning_id, told.version
                        from treatment.warning_releases as told
                        where told.audience = %(audience)s
                    )
                )
                and (%(domain)s::text is null or risk_domain = %(domain)s)
                and (%(from_on)s::date is null or drafted_on >= %(from_on)s)
            order by drafted_at desc, warning_id asc, version desc
            limit %(most)s
        )

        select shown.*, told.audiences, told.recipients, told.receipts
        from shown
        cross join lateral (
            select
                coalesce(array_agg(distinct releases.audience), '{}') as audiences,
                count(*) as recipients,
                count(releases.received_at) as receipts
            from treatment.warning_releases as releases
            where
                releases.warning_id = shown.warning_id and releases.version = shown.version
        ) as told
        order by shown.drafted_at desc, shown.warning_id asc, shown.version desc
    """,
    filters=(
        Filter("state", Words("State", "状态"), choices=STATES),
        Filter("release_class", Words("Way out", "发布类别"), choices=RELEASE_CLASSES),
        Filter("audience", Words("Audience", "对象"), choices=AUDIENCES),
        Filter("domain", Words("Risk domain", "风险领域"), choices=DOMAINS),
        Filter("from_on", Words("Drafted from", "起草日起"), kind="date"),
    ),
    most=200,
    columns=(
        Column("title", Words("Warning", "预警"), link="warnings/{warning_id}", is_bilingual=True),
        Column("risk_domain", Words("Risk domain", "风险领域"), codes=DOMAINS),
        Column("level", Words("Level", "等级"), codes=LEVELS),
        Column("release_class", Words("Way out", "发布类别"), codes=RELEASE_CLASSES),
        Column("state", Words("State", "状态"), codes=STATES),
        Column("audiences", Words("Told to", "告知对象"), "list", codes=AUDIENCES),
        Column("recipients", Words("Recipients", "接收方"), "count"),
        Column("receipts", Words("Receipts", "回执"), "count"),
        *_TIMES,
        Column("warning_id", Words("Number", "编号"), link="warnings/{warning_id}"),
        Column("version", Words("Version", "版本"), "count"),
    ),
)

_ONE = Filter("warning_id", Words("Warning", "预警"))

VERSIONS = View(
    name="warning-versions",
    title=Words("Versions", "版本"),
    reads="treatment",
    query="""
        select
            version, state, "level", drafted_at, drafted_by, approved_at, approved_by, refused_at,
            held_because, issued_at, issued_by, lifted_at, lifted_by, lifted_because_en,
            lifted_because_zh
        from treatment.warnings
        where warning_id = %(warning_id)s
        order by version desc
        limit %(most)s
    """,
    filters=(_ONE,),
    columns=(
        Column("version", Words("Version", "版本"), "count"),
        Column("state", Words("State", "状态"), codes=STATES),
        Column("level", Words("Level", "等级"), codes=LEVELS),
        _TIMES[0],
        Column("drafted_by", Words("By", "起草人")),
        Column("approved_at", Words("Approved", "批准"), "time"),
        Column("approved_by", Words("By", "批准人")),
        Column("refused_at", Words("Refused", "不予批准"), "time"),
        Column("held_because", Words("Held because", "暂缓原因")),
        _TIMES[1],
        Column("issued_by", Words("By", "发布人")),
        _TIMES[2],
        Column("lifted_by", Words("By", "解除人")),
        Column("lifted_because", Words("Why lifted", "解除理由"), is_bilingual=True),
    ),
)

RELEASES = View(
    name="warning-releases",
    title=Words("Recipients and receipts", "接收方与回执"),
    reads="treatment",
    query="""
        select
            version, audience, recipient_id, name_en, name_zh, sharing_basis, told_at, received_at,
            lifting_received_at, release_sha256
        from treatment.warning_releases
        where warning_id = %(warning_id)s
        order by version desc, audience asc, recipient_id asc
        limit %(most)s
    """,
    filters=(_ONE,),
    columns=(
        Column("version", Words("Version", "版本"), "count"),
        Column("audience", Words("Audience", "对象"), codes=AUDIENCES),
        Column("name", Words("Recipient", "接收方"), is_bilingual=True),
        Column("recipient_id", Words("Code", "代码")),
        Column("sharing_basis", Words("Sharing basis", "共享依据")),
        Column("told_at", Words("Sent", "发出"), "time"),
        Column("received_at", Words("Received", "回执"), "time"),
        Column("lifting_received_at", Words("Lifting received", "解除回执"), "time"),
        Column("release_sha256", Words("SHA-256 of what was sent", "发送内容SHA-256")),
    ),
)

_NEWEST = """
    select * from treatment.warnings where warning_id = %s order by version desc limit 1
"""
# who shares audience, version and basis is told the same
_TOLD = """
    select
        version, audience, sharing_basis, release, count(*) as recipients,
        count(received_at) as receipts
    from treatment.warning_releases
    where warning_id = %s
    group by version, audience, sharing_basis, release
    order by version desc, audience asc, sharing_basis asc nulls first
"""


def _one(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a warning as it stands, and what each audience was told of it."""
    cursor = connection.cursor(row_factory=dict_row)
    warning = cursor.execute(_NEWEST, [given["warning_id"]]).fetchone()
    if warning is None:
        raise HTTPException(404, f"no warning {given['warning_id']} · 无此预警")
    stands = warning["state"] not in ("lifted", "superseded")
    return {
        "warning": warning,
        "told_to": cursor.execute(_TOLD, [given["warning_id"]]).fetchall(),
        "codes": {"state": STATES, "class": RELEASE_CLASSES, "audience": AUDIENCES,
                  "field": FIELDS, "domain": DOMAINS, "level": LEVELS},
        "may_lift": stands and reader.decides_for_all,
    }  # fmt: skip


router = APIRouter()


@router.post("/{warning_id}/lift")
def lift(
    warning_id: str,
    reader: Reading,
    _: Own,
    reason_en: Annotated[str, Form()] = "",
    reason_zh: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Lift a warning; whoever was told of it is told why, in these words."""
    from customs_risk.treat.warnings import issue
    from customs_risk.treat.warnings.giveaways import GivesAway

    if not reader.decides_for_all:
        raise HTTPException(
            403,
            "assessors and managers of all districts lift warnings · 须由全国评估或管理人员解除",
        )
    with telling(issue.UnknownWarning, GivesAway):
        issue.lift(
            warning_id,
            reason_en=filled("reason_en", reason_en),
            reason_zh=filled("reason_zh", reason_zh),
            by=reader.login,
        )
    return back(f"warnings/{warning_id}")


PAGE = Page(
    name="warnings",
    title=Words("Warnings", "风险预警"),
    about=Words(
        "What was warned of, who was told what of it, whether it has come, and what was lifted.",
        "预警事项、告知对象与内容、回执情况及解除情况。",
    ),
    reads="treatment",
    sections=(
        Section(WARNINGS),
        Section(
            BY_WEEK,
            charts=(
                Chart(
                    title=Words("Warnings drafted by week", "每周起草预警数"),
                    x="week_on",
                    y="drafted",
                    by="release_class",
                    x_title=Words("week from", "周起始日"),
                    y_title=Words("warnings", "预警数"),
                    form="bar",
                ),
            ),
        ),
    ),
    router=router,
    below=(
        Page(
            name="warnings/{warning_id}",
            title=Words("Warning", "风险预警"),
            about=Words("What each audience was told.", "各对象获知的内容。"),
            reads="treatment",
            sections=(Section(RELEASES), Section(VERSIONS)),
            template="warning.html",
            more=_one,
        ),
    ),
)
