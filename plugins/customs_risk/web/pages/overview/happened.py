"""What happened: the last day of decisions and the last seven days, beside those before."""

from customs_risk import codes
from customs_risk.codes import Codes
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

SPANS: Codes = {
    "day": Words("Last day", "最近一日"),
    "week": Words("Last seven days", "最近七日"),
}
_FIGURES: Codes = {
    "declarations": Words("Declarations", "报关单"),
    "inspections": Words("Inspections completed", "完成查验"),
    "findings": Words("Findings", "查获"),
    "find_rate": Words("Find rate", "查获率"),
    "revenue": Words("Revenue found", "查获补税"),
    "random_share": Words("Random share", "随机布控占比"),
    "release_time": Words("Declaration to release, median", "申报至放行中位时间"),
}

FIGURES = View(
    name="overview-figures",
    title=Words("The last day and the last seven days", "最近一日与最近七日"),
    reads="feedback",
    note=Words(
        "Each beside the period before. What is pending has no result yet: findings, find rate and "
        "revenue of new days still grow.",
        "与上一期间比较。待反馈者尚无结果，新近日期的查获与补税仍会增加。",
    ),
    query="""
        with days as (
            select told.*, row_number() over (order by told.decided_on desc) as place
            from feedback.daily_summary as told
            where told.decided_on > %(to_on)s - 14 and told.decided_on <= %(to_on)s
        ),

        newest as (
            select max(days.decided_on) as decided_on from days
        ),

        placed as (
            select
                'day' as span, days.place = 1 as is_now, days.*
            from days
            where days.place <= 2
            union all
            select
                'week' as span, days.decided_on > newest.decided_on - 7 as is_now, days.*
            from days
            cross join newest
        ),

        summed as (
            select
                span, is_now, min(decided_on) as from_on, max(decided_on) as to_on,
                sum(declarations)::float8 as declarations, sum(results)::float8 as results,
                sum(findings)::float8 as findings, sum(revenue_cny)::float8 as revenue_cny,
                sum("random")::float8 as at_random, sum(instructions)::float8 as instructions
            from placed
            group by span, is_now
        ),

        figures as (
            select
                summed.span, summed.is_now, summed.from_on, summed.to_on, summed.instructions,
                told.*
            from summed
            cross join lateral (
                values
                (1, 'declarations', 'count', summed.declarations, null),
                (2, 'inspections', 'count', summed.results, summed.instructions - summed.results),
                (3, 'findings', 'count', summed.findings, summed.instructions - summed.results),
                (
                    4, 'find_rate', 'share', summed.findings / nullif(summed.results, 0),
                    summed.instructions - summed.results
                ),
                (5, 'revenue', 'yuan', summed.revenue_cny, summed.instructions - summed.results),
                (
                    6, 'random_share', 'share',
                    summed.at_random / nullif(summed.instructions, 0), null
                )
            ) as told (place, figure, unit, value, pending)
            union all
            select
                newest.cohort_kind, newest.place = 1, newest.cohort_on, newest.cohort_to, null, 7,
                'release_time', 'hours', newest.value, null
            from (
                select
                    metrics.*,
                    row_number() over (
                        partition by metrics.cohort_kind order by metrics.cohort_on desc
                    ) as place
                from feedback.metrics as metrics
                where
                    metrics.metric_code = 'release_time_from_declaration_median'
                    and metrics.dimension = 'all' and metrics.cohort_kind in ('day', 'week')
                    and metrics.cohort_on > %(to_on)s - 21 and metrics.cohort_on <= %(to_on)s
            ) as newest
            where newest.place <= 2
        )

        select
            latest.span, latest.from_on, latest.to_on, latest.figure, latest.unit, latest.value,
            latest.pending, before.value as value_before, before.pending as pending_before,
            -- what is half known does not compare
            case
                when coalesce(latest.pending <= 0.2 * latest.instructions, true)
                    then latest.value / nullif(before.value, 0) - 1
            end as change,
            case
                when latest.figure = 'release_time' then 'performance#release-times-title'
                else format(
                    'performance/inspections?from_on=%%s&to_on=%%s', latest.from_on, latest.to_on
                )
                    || case when latest.figure in ('findings', 'revenue') then '&outcome=finding'
                        when latest.figure = 'random_share' then '&method=random' else '' end
            end as behind
        from figures as latest
        left join figures as before
            on
                latest.span = before.span and latest.figure = before.figure
                and not before.is_now
        where latest.is_now
        order by latest.span, latest.place
        limit %(most)s
    """,
    filters=(
        Filter(
            "to_on",
            Words("As of the end of", "截至"),
            kind="date",
            default_query="select max(decided_on) from feedback.daily_summary",
        ),
    ),
    columns=(
        Column("span", Words("Period", "期间"), codes=SPANS),
        Column("from_on", Words("From", "起始日"), "date"),
        Column("to_on", Words("to", "截止日"), "date"),
        Column("figure", Words("Figure", "指标"), codes=_FIGURES),
        Column("value", Words("Value", "值"), "number", kind_from="unit", link="{behind}"),
        Column("unit", Words("Unit", "单位"), codes=codes.UNITS),
        Column("value_before", Words("Before", "上期"), "number", kind_from="unit"),
        Column("change", Words("Change", "变化"), "share"),
        Column("pending", Words("Pending", "待反馈"), "count"),
    ),
)
