"""Screening queue: what waits for an office's answer, and each instruction's card."""

from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException
from psycopg import Connection

from customs_risk.codes import (
    CARD_STATES,
    DECLINED,
    DOMAINS,
    FINDINGS,
    LANES,
    LEVELS,
    METHODS,
    OFFICES,
)
from customs_risk.web.page import Page, Section
from customs_risk.web.readers import Reader
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

# the waiting ones: what an office has neither answered nor declined
_WAITING = {
    "waiting": Words("waiting for an answer", "待答复"),
    "any": Words("all", "全部"),
    **CARD_STATES,
}

QUEUE = View(
    name="queue",
    title=Words("Instructions", "布控指令"),
    reads="treatment",
    note=Words(
        "Those that wait come first, the longest overdue before the others. Without a first day, "
        "the last thirty days are shown; what waits longer is a hint of the supervision page.",
        "待答复的在前，逾期最久的居首。未选起始日时显示最近三十天；更久未答复的见监督提示。",
    ),
    query="""
        with
        -- only a bare value reaches the index below a guarded view
        period as materialized (
            select coalesce(
                %(from_on)s::date,
                (select max(newest.decided_on) - 29 from treatment.instructions as newest)
            ) as from_on
        ),
        cards as materialized (
            select *
            from treatment.hit_cards
            where
                decided_on >= (select period.from_on from period)
                and (%(to_on)s::date is null or decided_on <= %(to_on)s)
                and (%(office_code)s::text is null or office_code = %(office_code)s)
                and (%(method)s::text is null or selected_by = %(method)s)
                and case %(status)s
                    when 'any' then true
                    when 'waiting' then status not in ('answered', 'declined')
                    else status = %(status)s
                end
        ),
        -- how it is handled is looked up for what is shown, unless it decides what is shown
        listed as materialized (
            select *
            from cards
            order by
                status in ('answered', 'declined'), result_due_at nulls last, decided_on,
                instruction_id
            limit case
                when coalesce(%(lane)s::text, %(domain)s::text) is null then %(most)s::bigint
            end
        )
        select
            listed.instruction_id, listed.headline_en, listed.headline_zh, listed.status,
            listed.office_code, listed.decided_on, listed.declaration_id, listed.goods_name,
            listed.selected_by, listed.level, handled.lane, handled.risk_domain,
            listed.what_to_examine_en, listed.what_to_examine_zh, listed.acknowledgement_due_at,
            listed.result_due_at,
            case
                when listed.acknowledged_at is null then listed.is_acknowledgement_overdue
                else listed.is_result_overdue
            end as is_overdue,
            listed.has_finding
        from listed
        left join lateral (
            select treatments.lane, treatments.risk_domain
            from treatment.treatments
            where
                treatments.importer_id = listed.importer_id
                and treatments.declaration_id = listed.declaration_id
            limit 1
        ) as handled on true
        where
            (%(lane)s::text is null or handled.lane = %(lane)s)
            and (%(domain)s::text is null or handled.risk_domain = %(domain)s)
        order by
            listed.status in ('answered', 'declined'), listed.result_due_at nulls last,
            listed.decided_on, listed.instruction_id
        limit %(most)s
    """,
    filters=(
        Filter("status", Words("State", "状态"), default="waiting", choices=_WAITING),
        Filter("office_code", Words("Office", "关区"), choices=OFFICES),
        Filter("from_on", Words("Decided from", "决定起始日"), kind="date"),
        Filter("to_on", Words("to", "截止日"), kind="date"),
        Filter("lane", Words("Lane", "通道"), choices=LANES),
        Filter("method", Words("Selected by", "选查方式"), choices=METHODS),
        Filter("domain", Words("Domain", "风险领域"), choices=DOMAINS),
    ),
    most=200,
    columns=(
        Column("instruction_id", Words("Instruction", "指令"), link="queue/{instruction_id}"),
        Column("headline", Words("Card", "命中卡片"), is_bilingual=True),
        Column("status", Words("State", "状态"), codes=CARD_STATES),
        Column("is_overdue", Words("Overdue", "逾期"), "flag"),
        Column("office_code", Words("Office", "关区"), codes=OFFICES),
        Column("decided_on", Words("Decided", "决定日"), "date"),
        Column(
            "declaration_id", Words("Declaration", "报关单"), link="declarations/{declaration_id}"
        ),
        Column("goods_name", Words("Goods", "品名")),
        Column("what_to_examine", Words("What to examine", "查验要点"), is_bilingual=True),
        Column("level", Words("Level", "风险等级"), codes=LEVELS),
        Column("lane", Words("Lane", "通道"), codes=LANES),
        Column("risk_domain", Words("Domain", "风险领域"), codes=DOMAINS),
        Column("acknowledgement_due_at", Words("Acknowledge by", "签收期限"), "time"),
        Column("result_due_at", Words("Result by", "反馈期限"), "time"),
        Column("selected_by", Words("Selected by", "选查方式"), codes=METHODS),
        Column("has_finding", Words("Finding", "查获"), "flag"),
    ),
)

CARD = View(
    name="hit-card",
    title=Words("Hit card", "命中卡片"),
    reads="treatment",
    query="""
        select
            instruction_id, headline_en, headline_zh, status, office_code, decided_on,
            declaration_id, importer_id, hs6, goods_name, selected_by, level, reason_en, reason_zh,
            what_to_examine_en, what_to_examine_zh, dispatched_at, receiver, receipt_id,
            received_at, dead_reason, acknowledgement_due_at, acknowledged_at, acknowledged_by,
            declined_because, remark, result_due_at, inspected_at, reported_at, result_id,
            has_finding, finding_type, is_acknowledgement_overdue, is_result_overdue,
            is_inspected_unacknowledged
        from treatment.hit_cards
        where instruction_id = %(instruction_id)s
        limit %(most)s
    """,
    filters=(Filter("instruction_id", Words("Instruction", "指令")),),
    most=1,
    columns=(
        Column("instruction_id", Words("Instruction", "指令"), link="queue/{instruction_id}"),
        Column("headline", Words("Card", "命中卡片"), is_bilingual=True),
        Column("status", Words("State", "状态"), codes=CARD_STATES),
        Column("office_code", Words("Office", "关区"), codes=OFFICES),
        Column("decided_on", Words("Decided", "决定日"), "date"),
        Column(
            "declaration_id", Words("Declaration", "报关单"), link="declarations/{declaration_id}"
        ),
        Column("importer_id", Words("Importer", "进口人")),
        Column("hs6", Words("Commodity", "商品编码")),
        Column("goods_name", Words("Goods", "品名")),
        Column("selected_by", Words("Selected by", "选查方式"), codes=METHODS),
        Column("level", Words("Level of risk", "风险等级"), codes=LEVELS),
        Column("reason", Words("Why", "理由"), is_bilingual=True),
        Column("what_to_examine", Words("What to examine", "查验要点"), is_bilingual=True),
        Column("dispatched_at", Words("Sent", "下达时间"), "time"),
        Column("receiver", Words("Received by", "接收方")),
        Column("receipt_id", Words("Receipt", "回执")),
        Column("received_at", Words("Received", "接收时间"), "time"),
        Column("dead_reason", Words("Could not be delivered", "无法送达原因")),
        Column("acknowledgement_due_at", Words("Acknowledge by", "签收期限"), "time"),
        Column("acknowledged_at", Words("Acknowledged", "签收时间"), "time"),
        Column("acknowledged_by", Words("by officer", "签收关员")),
        Column("is_acknowledgement_overdue", Words("Acknowledged late", "签收逾期"), "flag"),
        Column("declined_because", Words("Declined: why", "未执行原因"), codes=DECLINED),
        Column("remark", Words("Remark", "备注")),
        Column("result_due_at", Words("Result by", "反馈期限"), "time"),
        Column("inspected_at", Words("Inspected", "查验时间"), "time"),
        Column("reported_at", Words("Reported", "反馈时间"), "time"),
        Column("is_result_overdue", Words("Reported late", "反馈逾期"), "flag"),
        Column(
            "is_inspected_unacknowledged",
            Words("Inspected before it was acknowledged", "未签收先查验"),
            "flag",
        ),
        Column("result_id", Words("Result", "结果编号")),
        Column("has_finding", Words("Finding", "是否查获"), "flag"),
        Column("finding_type", Words("Kind of finding", "查获类型"), codes=FINDINGS),
    ),
)


def _known(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the card; one of another district is as unknown as one that there is not."""
    found = CARD.rows(connection, CARD.values(given))
    if not found:
        number = given["instruction_id"]
        raise HTTPException(404, f"{number}: no such instruction of yours · 辖区内无此指令")
    return {"card": found[0]}


ONE = Page(
    name="queue/{instruction_id}",
    title=Words("Hit card", "命中卡片"),
    about=Words("One instruction, as its office sees it.", "关区所见的一条布控指令。"),
    reads="treatment",
    sections=(Section(CARD),),
    template="card.html",
    more=_known,
)
PAGE = Page(
    name="queue",
    title=Words("Screening queue", "甄别队列"),
    about=Words(
        "Instructions that wait for an office's acknowledgement or result, each with its card: "
        "why, in words, what to examine, and how far it has come.",
        "等待关区签收或反馈的布控指令；每条均有卡片：理由、查验要点及执行进度。",
    ),
    reads="treatment",
    sections=(Section(QUEUE),),
    below=(ONE,),
)
