"""What inspections find, cost and bring in, by day, week or month and by what they are split."""

from typing import LiteralString

from customs_risk import codes
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

COHORT = Filter(
    "cohort",
    Words("By", "按"),
    default="week",
    choices=codes.pick(codes.PERIODS, "week", "month", "day"),
)
PERIOD = Filter(
    "period",
    Words("Period", "期间"),
    default="last_8_weeks",
    choices=codes.pick(codes.PERIODS, "last_8_weeks", "week", "month", "all"),
)
DIMENSION = Filter(
    "dimension",
    Words("Split by", "拆分"),
    choices=codes.pick(
        codes.DIMENSIONS, "all", "selected_by", "office", "domain", "lane", "credit_tier"
    ),
    # whoever sees some districts has no figures of all
    default_query="""
        select
            case
                when pg_has_role(current_user, 'customs_risk_all_districts', 'usage') then 'all'
                else 'office'
            end
    """,
)
OFFICE = Filter("office_code", Words("Office", "关区"), choices=codes.OFFICES)
FROM = Filter(
    "from_on",
    Words("From", "起始日"),
    kind="date",
    default_query="""
        select
            max(decided_on) - case %(cohort)s when 'day' then 30 when 'month' then 730 else 182 end
        from feedback.daily_summary
    """,
)

_VALUE = Column("dimension_value", Words("Of", "对象"), codes=codes.DIMENSION_VALUES)
_COHORT_ON = Column("cohort_on", Words("From", "起始日"), "date")


def _figures(*metrics: LiteralString) -> LiteralString:
    """Return the beginning of a query on some metrics, which it calls chosen."""
    return (
        """
        with chosen as (
            select figures.*
            from feedback.metrics as figures
            where
                figures.cohort_kind = %(cohort)s
                and figures.dimension = %(dimension)s
                and figures.cohort_on >= %(from_on)s
                and (%(office_code)s::text is null or figures.office_code = %(office_code)s)
                and figures.metric_code in ('"""
        + "', '".join(metrics)
        + """')
        )
        """
    )


_BEHIND = """
    case
        when chosen.dimension <> 'domain' then format(
            'performance/inspections?from_on=%%s&to_on=%%s&%%s=%%s',
            chosen.cohort_on, chosen.cohort_to,
            case chosen.dimension
                when 'office' then 'office_code' when 'selected_by' then 'method'
                when 'credit_tier' then 'tier' else chosen.dimension
            end,
            chosen.dimension_value
        )
    end
"""

FIND_RATES = View(
    name="find-rates",
    title=Words("Find rates", "查获率"),
    reads="feedback",
    note=Words(
        "Inspections with a confirmed finding as a share of those completed. A result counts in "
        "the period of its decision, and what is pending is in neither: the newest periods still "
        "move. Each number leads to its declarations.",
        "已完成查验中查获的比例。结果计入其决定所在期间，待反馈者不计入，最近期间仍会变动。"
        "点击数字可查看对应报关单。",
    ),
    # a period of which nothing is back yet has no find rate, and is told all the same
    query=_figures("find_rate", "answered_share")
    + """
        , rates as (
            select * from chosen
            where metric_code = 'find_rate'
        ),

        answers as (
            select * from chosen
            where metric_code = 'answered_share'
        ),

        told as (
            select
                cohort_on, cohort_to, dimension, dimension_value, rates.value, rates.low,
                rates.high, rates.numerator as findings, rates.denominator as completed,
                answers.denominator - answers.numerator as pending
            from rates
            full join answers using (cohort_on, cohort_to, dimension, dimension_value)
        )

        select chosen.*,
    """
    + _BEHIND
    + """ as behind,
    """
    + _BEHIND
    + """ || '&outcome=finding' as behind_findings,
    """
    + _BEHIND
    + """ || '&outcome=pending' as behind_pending
        from told as chosen
        order by chosen.cohort_on desc, chosen.dimension_value
        limit %(most)s
    """,
    filters=(COHORT, DIMENSION, OFFICE, FROM),
    columns=(
        _COHORT_ON,
        _VALUE,
        Column("value", Words("Find rate", "查获率"), "share"),
        Column("low", Words("Low", "下限"), "share"),
        Column("high", Words("High", "上限"), "share"),
        Column("findings", Words("Findings", "查获"), "count", link="{behind_findings}"),
        Column("completed", Words("Completed", "已完成"), "count", link="{behind}"),
        Column("pending", Words("Pending", "待反馈"), "count", link="{behind_pending}"),
    ),
)

FALSE_POSITIVES = View(
    name="false-positives",
    title=Words("False positives", "查无"),
    reads="feedback",
    note=Words(
        "Inspections completed without a finding as a share of those completed.",
        "已完成查验中未查获的比例。",
    ),
    query=_figures("false_positive_share")
    + """
        select
            chosen.cohort_on, chosen.dimension_value, chosen.value, chosen.low, chosen.high,
            chosen.numerator, chosen.denominator,
    """
    + _BEHIND
    + """ || '&outcome=nothing' as behind
        from chosen
        order by chosen.cohort_on desc, chosen.dimension_value
        limit %(most)s
    """,
    filters=(COHORT, DIMENSION, OFFICE, FROM),
    columns=(
        _COHORT_ON,
        _VALUE,
        Column("value", Words("Share", "比例"), "share"),
        Column("low", Words("Low", "下限"), "share"),
        Column("high", Words("High", "上限"), "share"),
        Column("numerator", Words("Without finding", "未查获"), "count", link="{behind}"),
        Column("denominator", Words("Completed", "已完成"), "count"),
    ),
)

REVENUE = View(
    name="revenue",
    title=Words("Revenue per inspection and per officer-hour", "每次查验与每工时补税"),
    reads="feedback",
    note=Words(
        "Additional duty and penalty over completed inspections, and over the hours that officers "
        "spent; results that state no hours are not in the second.",
        "补税及罚款除以已完成查验数，以及除以关员工时（未填工时者不计入）。",
    ),
    query=_figures("revenue_per_inspection", "revenue_per_officer_hour")
    + """
        select
            chosen.cohort_on, chosen.dimension_value, definitions.name_en as metric_en,
            definitions.name_zh as metric_zh, chosen.value, chosen.low, chosen.high,
            chosen.numerator, chosen.denominator
        from chosen
        inner join feedback.metric_definitions as definitions using (metric_code)
        order by chosen.cohort_on desc, chosen.metric_code, chosen.dimension_value
        limit %(most)s
    """,
    filters=(COHORT, DIMENSION, OFFICE, FROM),
    columns=(
        _COHORT_ON,
        _VALUE,
        Column("metric", Words("Figure", "指标"), is_bilingual=True),
        Column("value", Words("Value", "值"), "yuan"),
        Column("low", Words("Low", "下限"), "yuan"),
        Column("high", Words("High", "上限"), "yuan"),
        Column("numerator", Words("Yuan found", "补税额"), "yuan"),
        Column("denominator", Words("Inspections or hours", "查验数或工时"), "number"),
    ),
)

RELEASE_TIMES = View(
    name="release-times",
    title=Words("Release times", "放行时间"),
    reads="feedback",
    note=Words(
        "From arrival and from declaration until release: half of the declarations, and nine of "
        "ten, were released within these hours.",
        "自运抵、自申报至放行：半数及九成报关单在此小时数内放行。",
    ),
    query=_figures(
        "release_time_from_arrival_median",
        "release_time_from_arrival_p90",
        "release_time_from_declaration_median",
        "release_time_from_declaration_p90",
    )
    + """
        select
            chosen.cohort_on, chosen.dimension_value, definitions.name_en as metric_en,
            definitions.name_zh as metric_zh, chosen.value, chosen.low, chosen.high,
            chosen.denominator
        from chosen
        inner join feedback.metric_definitions as definitions using (metric_code)
        order by chosen.cohort_on desc, chosen.metric_code, chosen.dimension_value
        limit %(most)s
    """,
    filters=(COHORT, DIMENSION, OFFICE, FROM),
    columns=(
        _COHORT_ON,
        _VALUE,
        Column("metric", Words("Figure", "指标"), is_bilingual=True),
        Column("value", Words("Hours", "小时"), "hours"),
        Column("low", Words("Low", "下限"), "hours"),
        Column("high", Words("High", "上限"), "hours"),
        Column("denominator", Words("Released", "已放行"), "count"),
    ),
)

BY_METHOD = View(
    name="performance-by-method",
    title=Words("Methods of selection compared", "各选查方式比较"),
    reads="feedback",
    note=Words(
        "What each way of selecting found. Random inspections show what the others would have "
        "found by chance: the lift is a method's find rate over theirs.",
        "各选查方式的查获情况。随机布控反映无针对性时的查获率，提升倍数为某方式与随机查获率之比。",
    ),
    query="""
        with newest as (
            select max(told.period_from) as period_from
            from feedback.performance as told
            where told.period_kind = %(period)s
        )

        select
            told.period_from, told.period_to, told.selected_by, told.selected,
            told.share_of_selected,
            told.completed, told.pending, told.findings, told.find_rate, told.find_rate_low,
            told.find_rate_high, told.lift, told.lift_low, told.lift_high, told.revenue_cny,
            told.revenue_cny_per_inspection, told.revenue_cny_per_officer_hour
        from feedback.performance as told
        cross join newest
        where
            told.period_kind = %(period)s
            and told.period_from >= case %(period)s
                when 'week' then newest.period_from - 56 when 'month' then newest.period_from - 365
                else newest.period_from
            end
        order by told.period_from desc, told.selected desc
        limit %(most)s
    """,
    filters=(PERIOD,),
    columns=(
        Column("period_from", Words("From", "起始日"), "date"),
        Column("selected_by", Words("Method", "选查方式"), codes=codes.METHODS),
        Column("selected", Words("Selected", "选查"), "count"),
        Column("share_of_selected", Words("Of all selected", "占选查"), "share"),
        Column("completed", Words("Completed", "已完成"), "count"),
        Column("pending", Words("Pending", "待反馈"), "count"),
        Column("findings", Words("Findings", "查获"), "count"),
        Column("find_rate", Words("Find rate", "查获率"), "share"),
        Column("find_rate_low", Words("Low", "下限"), "share"),
        Column("find_rate_high", Words("High", "上限"), "share"),
        Column("lift", Words("Lift", "提升倍数"), "number"),
        Column("lift_low", Words("Low", "下限"), "number"),
        Column("lift_high", Words("High", "上限"), "number"),
        Column("revenue_cny", Words("Revenue", "补税"), "yuan"),
        Column("revenue_cny_per_inspection", Words("Per inspection", "每次查验"), "yuan"),
        Column("revenue_cny_per_officer_hour", Words("Per officer-hour", "每工时"), "yuan"),
    ),
)

VIOLATIONS = View(
    name="violations-and-leakage",
    title=Words(
        "Reweighted: violations of all declarations, and what slips through",
        "加权估计：全部报关单违规率与漏检",
    ),
    reads="feedback",
    note=Words(
        "Inspections are no fair sample: each is weighed by how probable it was to be inspected, "
        "so that the random ones speak for what nobody inspected. The raw find rate stands above.",
        "查验并非均匀抽样：按被查验概率加权，以随机查验代表未查验者。原始查获率见上。",
    ),
    query="""
        select
            period_from, period_to, declarations,
            1 - compliance_rate as violation_rate,
            1 - compliance_rate_high as violation_rate_low,
            1 - compliance_rate_low as violation_rate_high,
            uninspected, leaked_violations, leaked_violations_low, leaked_violations_high,
            leaked_revenue_cny, leaked_revenue_cny_low, leaked_revenue_cny_high
        from feedback.leakage
        where
            period_kind = case %(cohort)s when 'month' then 'month' else 'week' end
            and (%(from_on)s::date is null or period_from >= %(from_on)s)
        order by period_from desc
        limit least(%(most)s, 104)
    """,
    filters=(COHORT, FROM),
    columns=(
        Column("period_from", Words("From", "起始日"), "date"),
        Column("declarations", Words("Declarations", "报关单"), "count"),
        Column("violation_rate", Words("In violation", "违规占比"), "share"),
        Column("violation_rate_low", Words("Low", "下限"), "share"),
        Column("violation_rate_high", Words("High", "上限"), "share"),
        Column("uninspected", Words("Not inspected", "未查验"), "count"),
        Column("leaked_violations", Words("Violations let through", "漏检违规"), "count"),
        Column("leaked_violations_low", Words("Low", "下限"), "count"),
        Column("leaked_violations_high", Words("High", "上限"), "count"),
        Column("leaked_revenue_cny", Words("Duty lost", "漏征税款"), "yuan"),
        Column("leaked_revenue_cny_low", Words("Low", "下限"), "yuan"),
        Column("leaked_revenue_cny_high", Words("High", "上限"), "yuan"),
    ),
)
