"""What changed: figures that left what was before, focus, parameters, deliveries."""

from customs_risk import codes
from customs_risk.web.views import Column, View
from customs_risk.words import Words

METRICS = View(
    name="changes",
    title=Words("Figures beyond what the weeks before let expect", "超出以往各周水平的指标"),
    reads="feedback",
    note=Words(
        "The last whole week against the eight before: told when no week before was as high or as "
        "low and chance does not explain the difference. It says where to look, not what happened.",
        "最近完整周与之前八周比较：高于或低于以往各周且非随机波动所致。仅提示应关注之处。",
    ),
    query="""
        select
            definitions.name_en as metric_en, definitions.name_zh as metric_zh,
            changes.dimension, changes.dimension_value, changes.value, changes.low, changes.high,
            changes.value_before, changes.lowest_before, changes.highest_before, changes.strength,
            case
                when definitions.unit = 'share' then 'share'
                when definitions.unit like 'CNY%%' then 'yuan'
                when definitions.unit in ('hours', 'days') then definitions.unit else 'number'
            end as unit,
            case
                when changes.metric_code like 'feed\\_%%'
                    then 'feeds?feed=' || replace(changes.dimension_value, 'all', '')
                when changes.dimension = 'parameter' or changes.metric_code like 'parameter\\_%%'
                    then 'parameters'
                else 'performance?dimension=' || changes.dimension
                    || case
                        when changes.dimension = 'office'
                            then '&office_code=' || changes.dimension_value
                        else ''
                    end
            end as behind
        from feedback.metric_changes as changes
        inner join feedback.metric_definitions as definitions using (metric_code)
        where changes.is_changed
        order by changes.dimension <> 'all', changes.strength desc
        limit %(most)s
    """,
    most=12,
    columns=(
        Column("metric", Words("Figure", "指标"), is_bilingual=True, link="{behind}"),
        Column("dimension", Words("By", "按"), codes=codes.DIMENSIONS),
        Column("dimension_value", Words("Of", "对象"), codes=codes.DIMENSION_VALUES),
        Column("value", Words("Last week", "最近一周"), "number", kind_from="unit"),
        Column("unit", Words("Unit", "单位"), codes=codes.UNITS),
        Column("low", Words("Low", "下限"), "number", kind_from="unit"),
        Column("high", Words("High", "上限"), "number", kind_from="unit"),
        Column("value_before", Words("Before", "以往"), "number", kind_from="unit"),
        Column("lowest_before", Words("Lowest week", "以往最低"), "number", kind_from="unit"),
        Column("highest_before", Words("Highest week", "以往最高"), "number", kind_from="unit"),
    ),
)

FOCUS = View(
    name="focus",
    title=Words("Trade that has left its own past", "偏离自身历史的贸易"),
    reads="assessment",
    query="""
        select
            focus_id, subject_kind, subject_key, detected_on, direction, is_adverse, strength,
            en as words_en, zh as words_zh
        from assessment.focus
        where status = 'in_focus'
        order by is_adverse desc, strength desc
        limit %(most)s
    """,
    most=10,
    columns=(
        Column("detected_on", Words("Noticed", "发现日"), "date"),
        Column("words", Words("What", "内容"), is_bilingual=True),
        Column("direction", Words("Trend", "趋势"), codes=codes.TRENDS),
        Column("is_adverse", Words("For the worse", "不利"), "flag"),
    ),
)

PARAMETERS = View(
    name="parameters-to-look-at",
    title=Words(
        "Parameters that expire, never fire, or wait for review", "将失效、无命中或待复核的参数"
    ),
    reads="treatment",
    query="""
        select
            parameter_id, version, state, risk_domain, expires_on, days_to_expiry, age_days, hits,
            is_review_overdue,
            coalesce(days_to_expiry <= 30, false) as is_expiring,
            has_no_hit and coalesce(age_days >= 14, false) as is_idle
        from treatment.parameters
        where
            state in ('activated', 'suspended')
            and (
                days_to_expiry <= 30 or is_review_overdue or (has_no_hit and age_days >= 14)
            )
        order by days_to_expiry, parameter_id
        limit %(most)s
    """,
    most=12,
    columns=(
        Column("parameter_id", Words("Parameter", "参数"), link="parameters/{parameter_id}"),
        Column("risk_domain", Words("Domain", "风险领域"), codes=codes.DOMAINS),
        Column("expires_on", Words("Expires", "失效日"), "date"),
        Column("days_to_expiry", Words("Days left", "剩余天数"), "count"),
        Column("is_expiring", Words("Expiring", "将失效"), "flag"),
        Column("is_review_overdue", Words("Review overdue", "复核逾期"), "flag"),
        Column("hits", Words("Hits", "命中"), "count"),
        Column("is_idle", Words("Never fired", "从未命中"), "flag"),
    ),
)

FEEDS = View(
    name="feed-failures",
    title=Words("Deliveries that failed in the last seven days", "最近七日未成功的交付"),
    reads="feedback",
    query="""
        select
            feed, sum(missed_deliveries) as missed, sum(refused_deliveries) as refused,
            sum(quarantined) as quarantined, sum(received) as received,
            max(delivered_on) filter (
                where missed_deliveries + refused_deliveries + quarantined > 0
            ) as last_on
        from feedback.feed_quality
        where
            delivered_on > (
                select max(newest.delivered_on) - 7 from feedback.feed_quality as newest
            )
        group by feed
        having sum(missed_deliveries + refused_deliveries + quarantined) > 0
        order by missed desc, refused desc, quarantined desc, feed
        limit %(most)s
    """,
    most=15,
    columns=(
        Column("feed", Words("Feed", "数据源"), link="feeds?feed={feed}"),
        Column("missed", Words("Missed deliveries", "缺失交付"), "count"),
        Column("refused", Words("Refused deliveries", "被拒交付"), "count"),
        Column("quarantined", Words("Rows in quarantine", "隔离行"), "count"),
        Column("received", Words("Rows received", "收到行"), "count"),
        Column("last_on", Words("Last", "最近"), "date"),
    ),
)
