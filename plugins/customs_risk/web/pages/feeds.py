"""Feeds: is what comes in accurate, complete and timely; what waits in quarantine; the ledger."""

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse
from psycopg.errors import InsufficientPrivilege

from customs_risk import codes
from customs_risk.settings import settings
from customs_risk.web.charts import Chart
from customs_risk.web.page import Page, Section
from customs_risk.web.readers import Reading
from customs_risk.web.rendering import DOCUMENT_POLICY
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

_FEED = Filter(
    "feed",
    Words("Feed", "数据源"),
    choices="select distinct feed, feed, feed from feedback.feed_quality order by feed",
)
_FROM = Filter(
    "from_on",
    Words("From", "起始日"),
    kind="date",
    default_query="select max(delivered_on) - 56 from feedback.feed_quality",
)

TREND = View(
    name="feed-quality-weekly",
    title=Words("Accurate, complete, timely: by week", "准确、完整、及时：每周"),
    reads="feedback",
    note=Words(
        "Of all feeds together, or of the one chosen. Accurate: rows loaded as they came. "
        "Complete: deliveries accepted of those that came or should have. Timely: rows known "
        "within the freshness that the contract promises.",
        "全部数据源合计或所选数据源。准确：原样装载的行；完整：已接收占已到与应到交付；及时：在合约时效内获知的行。",
    ),
    query="""
        with weekly as (
            select
                date_trunc('week', delivered_on)::date as week_on,
                sum(loaded - released)::float8 as accurate,
                sum(loaded + quarantined)::float8 as judged,
                sum(accepted_deliveries)::float8 as accepted,
                sum(deliveries + missed_deliveries)::float8 as due,
                sum(timely_rows)::float8 as timely,
                sum(measured_rows)::float8 as measured
            from feedback.feed_quality
            where delivered_on >= %(from_on)s and (%(feed)s::text is null or feed = %(feed)s)
            group by date_trunc('week', delivered_on)
        )

        select
            weekly.week_on, told.quality, told.numerator, told.denominator,
            told.numerator / told.denominator as share
        from weekly
        cross join lateral (
            values
            ('accurate', weekly.accurate, weekly.judged),
            ('complete', weekly.accepted, weekly.due),
            ('timely', weekly.timely, weekly.measured)
        ) as told (quality, numerator, denominator)
        where told.denominator > 0
        order by weekly.week_on desc, told.quality
        limit %(most)s
    """,
    filters=(_FEED, _FROM),
    columns=(
        Column("week_on", Words("Week from", "周起始日"), "date"),
        Column(
            "quality",
            Words("Quality", "质量"),
            codes={
                "accurate": Words("accurate", "准确"),
                "complete": Words("complete", "完整"),
                "timely": Words("timely", "及时"),
            },
        ),
        Column("share", Words("Share", "比例"), "share"),
        Column("numerator", Words("Of these", "分子"), "count"),
        Column("denominator", Words("Of", "分母"), "count"),
    ),
)

CHANNELS = View(
    name="feed-channels",
    title=Words("What each channel brings (Article 6)", "各渠道信息收集情况（第六条）"),
    reads="feedback",
    note=Words(
        "Order 271 names seven lawful channels of risk information.",
        "海关总署令第271号规定了七类合法信息渠道。",
    ),
    query="""
        select
            coalesce(channel, 'own') as channel,
            count(distinct feed) as feeds,
            sum(deliveries) as deliveries,
            sum(received) as received,
            sum(loaded) as loaded,
            sum(quarantined - released) as quarantined,
            max(delivered_on) filter (where accepted_deliveries > 0) as newest_on
        from feedback.feed_quality
        where delivered_on >= %(from_on)s and (%(feed)s::text is null or feed = %(feed)s)
        group by channel
        order by channel
        limit %(most)s
    """,
    filters=(_FEED, _FROM),
    columns=(
        Column("channel", Words("Channel", "渠道"), codes=codes.CHANNELS),
        Column("feeds", Words("Feeds", "数据源"), "count"),
        Column("deliveries", Words("Deliveries", "交付"), "count"),
        Column("received", Words("Rows", "行"), "count"),
        Column("loaded", Words("Loaded", "装载行"), "count"),
        Column("quarantined", Words("Still in quarantine", "仍被隔离行"), "count"),
        Column("newest_on", Words("Newest", "最近"), "date"),
    ),
)

WAITING = View(
    name="quarantine",
    title=Words("Waiting in quarantine", "待处理的隔离数据"),
    reads="feedback",
    note=Words(
        "Rows that broke an expectation of their feed's contract, kept as they came until somebody "
        "repairs and releases them: customs-risk quarantine. A row that broke several counts under "
        "each.",
        "违反数据合约规则的行，原样保存，待修复并放回（customs-risk quarantine）；"
        "违反多项规则者分别计入。",
    ),
    query="""
        select feed, rule, waiting, deliveries, oldest_at, newest_at
        from feedback.quarantine_waiting
        where %(feed)s::text is null or feed = %(feed)s
        order by waiting desc, feed, rule
        limit %(most)s
    """,
    filters=(_FEED,),
    columns=(
        Column("feed", Words("Feed", "数据源"), link="feeds?feed={feed}"),
        Column("rule", Words("Rule broken", "违反规则")),
        Column("waiting", Words("Rows waiting", "待处理行"), "count"),
        Column("deliveries", Words("Of deliveries", "涉及交付"), "count"),
        Column("oldest_at", Words("Oldest", "最早"), "time"),
        Column("newest_at", Words("Newest", "最近"), "time"),
    ),
)

ROWS = View(
    name="quarantined-rows",
    title=Words("Rows in quarantine, of the feed chosen", "所选数据源的隔离行"),
    reads="ops",
    note=Words(
        "As they were delivered, the newest first. Who looks is noted.",
        "按交付原样显示，最近者在前；查看行为将被记录。",
    ),
    query="""
        select batch_id, row_no, broken, "row" as delivered, quarantined_at
        from ops.quarantined_rows
        where feed = %(feed)s and released_at is null
        order by quarantined_at desc, batch_id, row_no
        limit %(most)s
    """,
    filters=(_FEED,),
    most=50,
    columns=(
        Column("batch_id", Words("Batch", "批次")),
        Column("row_no", Words("Row", "行号"), "count"),
        Column("broken", Words("Rules broken", "违反规则"), "list"),
        Column("delivered", Words("As delivered", "交付内容")),
        Column("quarantined_at", Words("Set aside", "隔离时间"), "time"),
    ),
)

ALARMS = View(
    name="feed-alarms",
    title=Words("Alarms of feeds", "数据源告警"),
    reads="ops",
    query="""
        select raised_at, kind, feed, message_en, message_zh, recipient, cleared_at
        from ops.alarms
        where
            kind in ('volume', 'freshness', 'refused_delivery', 'source_failed')
            and (%(feed)s::text is null or feed = %(feed)s)
            and (cleared_at is null or raised_at >= %(from_on)s)
        order by cleared_at is not null, raised_at desc
        limit %(most)s
    """,
    filters=(_FEED, _FROM),
    most=100,
    columns=(
        Column("raised_at", Words("Raised", "发出"), "time"),
        Column("kind", Words("Kind", "种类"), codes=codes.ALARMS),
        Column("feed", Words("Feed", "数据源"), link="feeds?feed={feed}"),
        Column("message", Words("What", "内容"), is_bilingual=True),
        Column("recipient", Words("Told to", "告知")),
        Column("cleared_at", Words("Over", "解除"), "time"),
    ),
)

MISSED = View(
    name="missed-deliveries",
    title=Words("Missed and refused deliveries", "缺失与被拒的交付"),
    reads="feedback",
    query="""
        select delivered_on, feed, missed_deliveries, refused_deliveries, hours_late
        from feedback.feed_quality
        where
            missed_deliveries + refused_deliveries > 0 and delivered_on >= %(from_on)s
            and (%(feed)s::text is null or feed = %(feed)s)
        order by delivered_on desc, hours_late desc nulls last, feed
        limit %(most)s
    """,
    filters=(_FEED, _FROM),
    most=100,
    columns=(
        Column("delivered_on", Words("Day", "日期"), "date"),
        Column("feed", Words("Feed", "数据源"), link="feeds?feed={feed}"),
        Column("missed_deliveries", Words("Missed", "缺失"), "count"),
        Column("refused_deliveries", Words("Refused", "被拒"), "count"),
        Column("hours_late", Words("Hours late", "迟到小时"), "hours"),
    ),
)

QUALITY = View(
    name="feed-quality",
    title=Words("Feed quality by day", "每日数据质量"),
    reads="feedback",
    query="""
        select
            delivered_on, feed, deliveries, missed_deliveries, received, loaded, quarantined,
            released, duplicates, accurate_share, complete_share, timely_share, hours_late
        from feedback.feed_quality
        where
            (%(feed)s::text is null or feed = %(feed)s)
            and delivered_on >= %(from_on)s
        order by delivered_on desc, feed
        limit %(most)s
    """,
    filters=(_FEED, _FROM),
    most=200,
    columns=(
        Column("delivered_on", Words("Day", "日期"), "date"),
        Column("feed", Words("Feed", "数据源"), link="feeds?feed={feed}"),
        Column("deliveries", Words("Deliveries", "交付"), "count"),
        Column("missed_deliveries", Words("Missed", "缺失交付"), "count"),
        Column("received", Words("Received", "收到行"), "count"),
        Column("loaded", Words("Loaded", "装载行"), "count"),
        Column("quarantined", Words("Quarantined", "隔离行"), "count"),
        Column("released", Words("Released", "放回行"), "count"),
        Column("duplicates", Words("Duplicates", "重复行"), "count"),
        Column("accurate_share", Words("Accurate", "准确"), "share"),
        Column("complete_share", Words("Complete", "完整"), "share"),
        Column("timely_share", Words("Timely", "及时"), "share"),
        Column("hours_late", Words("Hours late", "迟到小时"), "hours"),
    ),
)

LEDGER = View(
    name="deliveries",
    title=Words("Ledger of deliveries", "交付台账"),
    reads="ops",
    note=Words(
        "Received = loaded + quarantined + duplicates, for every delivery. Behind its number is "
        "how it met each rule of its feed's contract, as Great Expectations tells it.",
        "每次交付：收到 = 装载 + 隔离 + 重复。点击批次可查看逐项校验结果（Data Docs）。",
    ),
    query="""
        select
            landed_at, feed, batch_id, status, received, loaded, quarantined, duplicate, reason,
            case
                when status = 'loaded' and received > 0
                    then format('feeds/docs/%%s/%%s', feed, batch_id)
            end as docs
        from ops.batches
        where %(feed)s::text is null or feed = %(feed)s
        order by landed_at desc, batch_id
        limit %(most)s
    """,
    filters=(_FEED,),
    most=100,
    columns=(
        Column("landed_at", Words("Landed", "落地时间"), "time"),
        Column("feed", Words("Feed", "数据源")),
        Column("batch_id", Words("Batch", "批次"), link="{docs}"),
        Column("status", Words("Status", "状态"), codes=codes.BATCH_STATES),
        Column("received", Words("Rows", "行"), "count"),
        Column("loaded", Words("Loaded", "装载"), "count"),
        Column("quarantined", Words("Quarantined", "隔离"), "count"),
        Column("duplicate", Words("Duplicates", "重复"), "count"),
        Column("reason", Words("Why", "原因")),
    ),
)

router = APIRouter()


@router.get("/docs/{feed}/{batch_id}")
def data_docs(feed: str, batch_id: str, reader: Reading) -> Response:
    """Return how a delivery met its contract. It quotes rows: whoever may not see them may not."""
    try:
        with reader.connect() as connection:
            connection.execute("select from ops.quarantined_rows where batch_id = %s", [batch_id])
            row = connection.execute(
                """
                select feed || '/' || batch_id from ops.batches
                where feed = %s and batch_id = %s
                """,
                [feed, batch_id],
            ).fetchone()
    except InsufficientPrivilege:
        raise HTTPException(403, "Your role does not read this · 您的角色无权查看此项") from None
    # a name from the ledger is no path to anywhere else
    found = sorted(settings().data_docs.glob(f"{row[0]}.*.html")) if row else []
    if not found:
        raise HTTPException(404, f"{batch_id}: no Data Docs are kept · 无校验记录")
    return FileResponse(
        found[0], media_type="text/html", headers={"content-security-policy": DOCUMENT_POLICY}
    )


PAGE = Page(
    name="feeds",
    title=Words("Feeds", "数据源"),
    about=Words(
        "Whether what comes in is accurate, complete and timely, and what waits in quarantine.",
        "收到的数据是否准确、完整、及时，以及待处理的隔离数据。",
    ),
    reads=("feedback", "ops"),
    sections=(
        Section(
            TREND,
            charts=(
                Chart(
                    title=Words("Accurate, complete, timely", "准确、完整、及时"),
                    x="week_on",
                    y="share",
                    by="quality",
                    x_title=Words("week", "周"),
                    y_title=Words("share", "比例"),
                    is_share=True,
                ),
            ),
        ),
        Section(CHANNELS),
        Section(WAITING),
        Section(ROWS),
        Section(ALARMS),
        Section(MISSED),
        Section(
            QUALITY,
            charts=(
                Chart(
                    title=Words("Rows received by day", "每日收到行数"),
                    x="delivered_on",
                    y="received",
                    by="feed",
                    form="bar",
                    x_title=Words("day", "日"),
                    y_title=Words("rows", "行"),
                ),
            ),
        ),
        Section(LEDGER),
    ),
    router=router,
)
