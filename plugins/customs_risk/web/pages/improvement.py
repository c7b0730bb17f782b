"""Improvement: what the feedback recommends of people and means, and what came of it (Article 18).

Where officers' hours would find more next month, and what the last allocation did gain; which
measures and parameters to keep, change or drop, on which evidence.
"""

from customs_risk import codes
from customs_risk.web.charts import Chart
from customs_risk.web.page import Page, Section
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

_MONTH = Filter(
    "month_on",
    Words("Month", "月份"),
    kind="date",
)

ALLOCATIONS = View(
    name="allocations",
    title=Words("Recommended allocation of officers' hours", "人力配置建议"),
    reads="feedback",
    note=Words(
        "By office, in hours of the month. Gains are of the recommendation over the present "
        "capacity, with a 95 % interval. One more hour: findings that it would add.",
        "按关区列示当月工时。增量为建议方案相对现有力量，附95%区间；“每增一人时”为其可增加的查获。",
    ),
    query="""
        select
            month_on, office_code, status, is_in_force,
            sum(present_officer_hours) as present_officer_hours,
            sum(recommended_officer_hours) as recommended_officer_hours,
            sum(present_inspections) as present_inspections,
            sum(recommended_inspections) as recommended_inspections,
            sum(present_findings) as present_findings,
            sum(recommended_findings) as recommended_findings,
            sum(gain_findings) as gain_findings,
            sum(gain_revenue_cny) as gain_revenue_cny,
            sum(present_findings_per_hour) as present_findings_per_hour,
            sum(recommended_findings_per_hour) as recommended_findings_per_hour,
            min(reason_en) as reason_en,
            min(reason_zh) as reason_zh
        from feedback.allocations
        where month_on = coalesce(
            date_trunc('month', %(month_on)s::date)::date,
            (select max(newest.month_on) from feedback.allocations as newest)
        )
        group by allocation_id, month_on, office_code, status, is_in_force
        order by sum(gain_findings) desc, office_code
        limit %(most)s
    """,
    filters=(_MONTH,),
    columns=(
        Column("month_on", Words("Month", "月份"), "date"),
        Column(
            "office_code",
            Words("Office", "关区"),
            codes=codes.OFFICES,
            link="queue?office_code={office_code}",
        ),
        Column("status", Words("Answer", "审批"), codes=codes.ANSWERS),
        Column("is_in_force", Words("In force", "现行"), "flag"),
        Column("present_officer_hours", Words("Hours now", "现有工时"), "hours"),
        Column("recommended_officer_hours", Words("Hours recommended", "建议工时"), "hours"),
        Column("present_inspections", Words("Inspections now", "现有查验"), "number"),
        Column("recommended_inspections", Words("Inspections recommended", "建议查验"), "number"),
        Column("present_findings", Words("Findings expected now", "现力量预计查获"), "number"),
        Column("recommended_findings", Words("Findings expected then", "建议后预计查获"), "number"),
        Column("gain_findings", Words("Gain in findings", "查获增量"), "number"),
        Column("gain_revenue_cny", Words("Gain in duty", "补税增量"), "yuan"),
        Column("present_findings_per_hour", Words("One more hour now", "现每增一人时"), "number"),
        Column(
            "recommended_findings_per_hour",
            Words("One more hour then", "建议后每增一人时"),
            "number",
        ),
        Column("reason", Words("Why", "理由"), is_bilingual=True),
    ),
)

GAINS = View(
    name="allocation-outcomes",
    title=Words("What allocations gained", "配置成效"),
    reads="feedback",
    note=Words(
        "Expected when it was recommended, and what came of it so far; all offices together first.",
        "建议时的预期与目前的实际成效；合计在前。",
    ),
    query="""
        select
            month_on, office_code, status, recommended_inspections, inspections, results,
            recommended_findings, findings, expected_gain_findings, gained_findings,
            gained_findings_low, gained_findings_high, expected_gain_revenue_cny,
            gained_revenue_cny
        from feedback.allocation_outcomes
        where %(month_on)s::date is null or month_on = date_trunc('month', %(month_on)s::date)::date
        order by month_on desc, office_code = 'all' desc, office_code
        limit %(most)s
    """,
    filters=(_MONTH,),
    columns=(
        Column("month_on", Words("Month", "月份"), "date"),
        Column("office_code", Words("Office", "关区"), codes=codes.DIMENSION_VALUES),
        Column("status", Words("Answer", "审批"), codes=codes.ANSWERS),
        Column("recommended_inspections", Words("Inspections recommended", "建议查验"), "number"),
        Column("inspections", Words("Instructed", "实际布控"), "count"),
        Column("results", Words("With a result", "已反馈"), "count"),
        Column("recommended_findings", Words("Findings expected", "预计查获"), "number"),
        Column("findings", Words("Findings so far", "实际查获"), "count"),
        Column("expected_gain_findings", Words("Gain expected", "预计增量"), "number"),
        Column("gained_findings", Words("Gained so far", "实际增量"), "number"),
        Column("gained_findings_low", Words("from", "下限"), "number"),
        Column("gained_findings_high", Words("to", "上限"), "number"),
        Column("expected_gain_revenue_cny", Words("Duty expected", "预计补税增量"), "yuan"),
        Column("gained_revenue_cny", Words("Duty gained", "实际补税增量"), "yuan"),
    ),
)

REVIEWS = View(
    name="reviews",
    title=Words("Reviews of measures and parameters", "措施与参数成效评估"),
    reads="feedback",
    note=Words(
        "Each month, each measure and parameter in force: keep, change or drop. Precision is "
        "reweighted by selection probability and stands beside what random inspections find.",
        "每月对在用措施与参数逐一评估：保留、调整或停用。查获率按被选概率加权，并与随机查验对照。",
    ),
    query="""
        select
            month_on, subject_kind, subject_id, version, risk_domain, verdict, status, hits,
            inspected, findings, expected_precision, precision_low, precision_high, random_rate,
            lift, officer_hours, revenue_cny, compliance_before, compliance_after, reason_en,
            reason_zh, previous_verdict, previous_outcome
        from feedback.reviews
        where
            month_on = coalesce(
                date_trunc('month', %(month_on)s::date)::date,
                (select max(newest.month_on) from feedback.reviews as newest)
            )
            and (%(verdict)s::text is null or verdict = %(verdict)s)
        order by
            array_position(array['drop', 'change', 'keep'], verdict), subject_kind, subject_id
        limit %(most)s
    """,
    filters=(_MONTH, Filter("verdict", Words("Verdict", "结论"), choices=codes.VERDICTS)),
    columns=(
        Column("month_on", Words("Month", "月份"), "date"),
        Column("subject_kind", Words("Of", "对象"), codes=codes.REVIEWED),
        Column("subject_id", Words("Number", "编号")),
        Column("risk_domain", Words("Domain", "领域"), codes=codes.DOMAINS),
        Column("verdict", Words("Verdict", "结论"), codes=codes.VERDICTS),
        Column("status", Words("What came of it", "结果"), codes=codes.REVIEW_OUTCOMES),
        Column("hits", Words("Hits", "命中"), "count"),
        Column("inspected", Words("Inspected", "已查验"), "count"),
        Column("findings", Words("Findings", "查获"), "count"),
        Column("expected_precision", Words("Precision", "查获率"), "share"),
        Column("precision_low", Words("from", "下限"), "share"),
        Column("precision_high", Words("to", "上限"), "share"),
        Column("random_rate", Words("Random finds", "随机查获率"), "share"),
        Column("lift", Words("Lift", "提升倍数"), "number"),
        Column("officer_hours", Words("Hours", "工时"), "hours"),
        Column("revenue_cny", Words("Duty and penalty", "补税及罚款"), "yuan"),
        Column("compliance_before", Words("Compliance before", "措施前合规率"), "share"),
        Column("compliance_after", Words("since", "措施后"), "share"),
        Column("previous_verdict", Words("Last review", "上次结论"), codes=codes.VERDICTS),
        Column(
            "previous_outcome",
            Words("and its outcome", "及其结果"),
            codes=codes.REVIEW_OUTCOMES,
        ),
        Column("reason", Words("Why", "理由"), is_bilingual=True),
    ),
)

PAGE = Page(
    name="improvement",
    title=Words("Improvement", "改进"),
    about=Words(
        "Where officers' hours find most, and which measures and parameters to keep, change or "
        "drop. What is recommended is put to people, and followed.",
        "人力投向何处成效最大，哪些措施与参数应保留、调整或停用。建议提交有权人员审批，并跟踪其结果。",
    ),
    reads="feedback",
    sections=(
        Section(
            ALLOCATIONS,
            charts=(
                Chart(
                    title=Words("Gain in findings by office", "各关区查获增量"),
                    x="office_code",
                    y="gain_findings",
                    x_title=Words("office", "关区"),
                    y_title=Words("findings in the month", "当月查获"),
                    form="bar",
                ),
            ),
        ),
        Section(GAINS),
        Section(REVIEWS),
    ),
)
