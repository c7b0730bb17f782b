"""Feeds: is what comes in accurate, complete and timely; what waits in quarantine; the ledger."""

from customs_risk.web.charts import Chart
from customs_risk.web.page import Page, Section
from customs_risk.web.views import Column, Filter, View
from customs_risk.web.words import Words

_FEED = Filter(
    "feed",
    Words("Feed", "数据源"),
    choices="select distinct feed, feed, feed from feedback.feed_quality order by feed",
)
_FROM = Filter("from_on", Words("From", "起始日"), kind="date")

QUALITY = View(
    name="feed-quality",
    title=Words("Feed quality by day", "每日数据质量"),
    reads="feedback",
    note=Words(
        "Accurate: rows loaded as they came. Complete: deliveries accepted. Timely: rows known "
        "within the freshness that the contract promises.",
        "准确：原样装载的行；完整：已接收的交付；及时：在合约时效内获知的行。",
    ),
    query="""
        select
            delivered_on, feed, deliveries, missed_deliveries, received, loaded, quarantined,
            released, duplicates, accurate_share, complete_share, timely_share, hours_late
        from feedback.feed_quality
        where
            (%(feed)s::text is null or feed = %(feed)s)
            and delivered_on >= coalesce(%(from_on)s::date, (
                select max(newest.delivered_on) - 30 from feedback.feed_quality as newest
            ))
        order by delivered_on desc, feed
        limit %(most)s
    """,
    filters=(_FEED, _FROM),
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

TREND = View(
    name="feed-quality-weekly",
    title=Words("Quality of all feeds by week", "各数据源每周质量"),
    reads="feedback",
    query="""
        select
            metric_code, cohort_on, value, low, high, numerator, denominator,
            initcap(replace(replace(metric_code, 'feed_', ''), '_share', '')) as quality_en,
            case metric_code
                when 'feed_accurate_share' then '准确'
                when 'feed_complete_share' then '完整' else '及时'
            end as quality_zh
        from feedback.metrics
        where
            metric_code in ('feed_accurate_share', 'feed_complete_share', 'feed_timely_share')
            and cohort_kind = 'week' and dimension = 'all'
        order by cohort_on, metric_code
        limit %(most)s
    """,
    columns=(
        Column("cohort_on", Words("Week from", "周起始日"), "date"),
        Column("quality", Words("Quality", "质量"), is_bilingual=True),
        Column("value", Words("Share", "比例"), "share"),
        Column("numerator", Words("Of these", "分子"), "count"),
        Column("denominator", Words("Of", "分母"), "count"),
    ),
)

LEDGER = View(
    name="deliveries",
    title=Words("Ledger of deliveries", "交付台账"),
    reads="ops",
    note=Words(
        "Received = loaded + quarantined + duplicates, for every delivery.",
        "每次交付：收到 = 装载 + 隔离 + 重复。",
    ),
    query="""
        select
            landed_at, feed, batch_id, status, received, loaded, quarantined, duplicate, reason
        from ops.batches
        where %(feed)s::text is null or feed = %(feed)s
        order by landed_at desc, batch_id
        limit %(most)s
    """,
    filters=(_FEED,),
    most=200,
    columns=(
        Column("landed_at", Words("Landed", "落地时间"), "time"),
        Column("feed", Words("Feed", "数据源")),
        Column("batch_id", Words("Batch", "批次")),
        Column("status", Words("Status", "状态")),
        Column("received", Words("Rows", "行"), "count"),
        Column("loaded", Words("Loaded", "装载"), "count"),
        Column("quarantined", Words("Quarantined", "隔离"), "count"),
        Column("duplicate", Words("Duplicates", "重复"), "count"),
        Column("reason", Words("Why", "原因")),
    ),
)

PAGE = Page(
    name="feeds",
    title=Words("Feeds", "数据源"),
    about=Words(
        "Whether what comes in is accurate, complete and timely, and what waits in quarantine.",
        "收到的数据是否准确、完整、及时，以及待处理的隔离数据。",
    ),
    reads="feedback",
    sections=(
        Section(
            TREND,
            charts=(
                Chart(
                    title=Words("Accurate, complete, timely", "准确、完整、及时"),
                    x="cohort_on",
                    y="value",
                    by="quality",
                    x_title=Words("week", "周"),
                    y_title=Words("share", "比例"),
                    is_share=True,
                ),
            ),
        ),
        Section(QUALITY),
        Section(LEDGER),
    ),
)
