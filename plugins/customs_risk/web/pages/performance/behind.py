"""The declarations behind a figure: which were selected, how, and what came of it."""

from customs_risk import codes
from customs_risk.codes import Codes
from customs_risk.web.page import Page, Section
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

OUTCOMES: Codes = {
    "finding": Words("finding", "查获"),
    "nothing": Words("nothing found", "未查获"),
    "pending": Words("pending", "待反馈"),
}
_SELECTING = {code: words for code, words in codes.METHODS.items() if code != "none"}

BEHIND = View(
    name="inspections",
    title=Words("Selected declarations and what came of them", "选查报关单及结果"),
    reads="feedback",
    query="""
        select
            declaration_id, decided_on, office_code, lane, selected_by, importer_credit_tier,
            level, likelihood, outcome, result_known_on, revenue_cny, officer_hours
        from feedback.outcomes
        where
            decided_on between %(from_on)s and %(to_on)s
            and (%(office_code)s::text is null or office_code = %(office_code)s)
            and (%(method)s::text is null or selected_by = %(method)s)
            and (%(lane)s::text is null or lane = %(lane)s)
            and (%(tier)s::text is null or importer_credit_tier = %(tier)s)
            and (%(outcome)s::text is null or outcome = %(outcome)s)
        order by decided_on desc, outcome, declaration_id
        limit %(most)s
    """,
    filters=(
        Filter(
            "from_on",
            Words("Decided from", "决定起始日"),
            kind="date",
            default_query="select max(decided_on) - 6 from feedback.daily_summary",
        ),
        Filter(
            "to_on",
            Words("to", "截止日"),
            kind="date",
            default_query="select max(decided_on) from feedback.daily_summary",
        ),
        Filter("office_code", Words("Office", "关区"), choices=codes.OFFICES),
        Filter("method", Words("Method", "选查方式"), choices=_SELECTING),
        Filter("lane", Words("Lane", "通道"), choices=codes.LANES),
        Filter("tier", Words("Credit tier", "信用等级"), choices=codes.CREDIT_TIERS),
        Filter("outcome", Words("Outcome", "结果"), choices=OUTCOMES),
    ),
    columns=(
        Column(
            "declaration_id", Words("Declaration", "报关单"), link="declarations/{declaration_id}"
        ),
        Column("decided_on", Words("Decided", "决定日"), "date"),
        Column("office_code", Words("Office", "关区"), codes=codes.OFFICES),
        Column("lane", Words("Lane", "通道"), codes=codes.LANES),
        Column("selected_by", Words("Method", "选查方式"), codes=codes.METHODS),
        Column("importer_credit_tier", Words("Credit tier", "信用等级"), codes=codes.CREDIT_TIERS),
        Column("level", Words("Level", "风险等级"), codes=codes.LEVELS),
        Column("likelihood", Words("Likelihood", "预测概率"), "share"),
        Column("outcome", Words("Outcome", "结果"), codes=OUTCOMES),
        Column("result_known_on", Words("Result known", "结果获知日"), "date"),
        Column("revenue_cny", Words("Revenue", "补税"), "yuan"),
        Column("officer_hours", Words("Officer-hours", "工时"), "hours"),
    ),
)

PAGE = Page(
    name="performance/inspections",
    title=Words("Inspections behind a figure", "指标对应的查验"),
    about=Words(
        "The declarations that a find rate counts. Without a choice: the last seven days.",
        "查获率所统计的报关单；未选择时显示最近七天。",
    ),
    reads="feedback",
    sections=(Section(BEHIND),),
)
