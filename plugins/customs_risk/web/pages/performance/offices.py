"""Offices compared, at equal difficulty."""

from customs_risk.codes import OFFICES, STANDINGS
from customs_risk.web.pages.performance.rates import OFFICE
from customs_risk.web.views import Column, View
from customs_risk.words import Words

COMPARISON = View(
    name="office-comparison",
    title=Words("Offices, at equal difficulty", "关区比较（难度调整）"),
    reads="feedback",
    note=Words(
        "Findings over what was to be expected of the same inspections, by month; drawn towards 1 "
        "as far as chance may explain the difference. An office stands out when its interval "
        "leaves 1 out.",
        "按月比较查获数与同一批查验的应有查获数，并按随机波动向1收缩；区间不含1时方为显著。",
    ),
    query="""
        select
            month_on, (month_on + interval '1 month - 1 day')::date as month_to, office_code,
            inspections, findings, expected_as_selected, relative_find_rate,
            relative_find_rate_low, relative_find_rate_high, standing,
            format(
                'performance/inspections?from_on=%%s&to_on=%%s&office_code=%%s',
                month_on, (month_on + interval '1 month - 1 day')::date, office_code
            ) as behind
        from feedback.office_comparison
        where
            (%(office_code)s::text is null or office_code = %(office_code)s)
            and month_on >= (
                select max(newest.month_on) from feedback.office_comparison as newest
            ) - case when %(office_code)s::text is null then 0 else 730 end
        order by month_on desc, relative_find_rate desc
        limit %(most)s
    """,
    filters=(OFFICE,),
    columns=(
        Column("month_on", Words("Month", "月份"), "date"),
        Column(
            "office_code",
            Words("Office", "关区"),
            codes=OFFICES,
            link="performance?office_code={office_code}&dimension=office",
        ),
        Column("relative_find_rate", Words("Found against expected", "相对查获率"), "number"),
        Column("relative_find_rate_low", Words("Low", "下限"), "number"),
        Column("relative_find_rate_high", Words("High", "上限"), "number"),
        Column("standing", Words("Standing", "评价"), codes=STANDINGS),
        Column("findings", Words("Findings", "查获"), "count"),
        Column("expected_as_selected", Words("Expected", "应有"), "number"),
        Column("inspections", Words("Inspections", "查验"), "count", link="{behind}"),
    ),
)
