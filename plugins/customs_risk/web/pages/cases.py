"""Emergencies and drills, joint cases, special operations, recommendations, and referrals."""

from customs_risk.codes import DOMAINS, OFFICES, SEVERITIES, Codes
from customs_risk.web.page import Page, Section
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

ACTIVATIONS: Codes = {
    "requested": Words("waits for approval", "待批准"),
    "active": Words("active", "实施中"),
    "refused": Words("refused", "不予批准"),
    "stood_down": Words("stood down", "已终止"),
}
CASES: Codes = {
    "open": Words("open", "办理中"),
    "closed": Words("closed", "已结案"),
}
PERIODS: Codes = {
    "planned": Words("planned", "计划中"),
    "running": Words("under way", "进行中"),
    "ended": Words("ended", "已结束"),
}
RECOMMENDED: Codes = {
    "awaited": Words("answer awaited", "待答复"),
    "overdue": Words("overdue", "逾期"),
    "accepted": Words("accepted", "已采纳"),
    "partly": Words("accepted in part", "部分采纳"),
    "refused": Words("not accepted", "未采纳"),
}
EFFECTS: Codes = {
    "declarations": Words("declarations", "报关单数"),
    "find_rate": Words("find rate", "查获率"),
    "revenue_cny_per_inspection": Words("revenue per inspection (CNY)", "每次查验补税（元）"),
    "inspection_rate": Words("inspection rate", "查验率"),
    "rise": Words("rise", "上升"),
    "fall": Words("fall", "下降"),
}
REFERRED: Codes = {
    "open": Words("result awaited", "待反馈"),
    "overdue": Words("overdue", "逾期"),
    "answered": Words("answered", "已反馈"),
}
AUDITED: Codes = {
    "violation": Words("violation", "违规"),
    "no_violation": Words("no violation", "未发现违规"),
    "case_filed": Words("case filed", "已立案"),
    "not_filed": Words("no case filed", "未立案"),
}
REFERRALS: Codes = {
    "audit": Words("post-clearance audit", "后续稽查"),
    "case": Words("anti-smuggling", "缉私线索"),
}
OUTCOMES: Codes = {
    "risk_removed": Words("risk removed", "风险已消除"),
    "risk_reduced": Words("risk reduced", "风险已降低"),
    "no_risk": Words("no risk", "无风险"),
    "transferred": Words("transferred", "已移交"),
    "not_resolved": Words("not resolved", "未解决"),
}

_DOMAIN = Filter("domain", Words("Risk domain", "风险领域"), choices=DOMAINS)


def _status(codes: Codes) -> Column:
    return Column("status", Words("State", "状态"), codes=codes)


_OF = Column("risk_domain", Words("Risk domain", "风险领域"), codes=DOMAINS)

EMERGENCIES = View(
    name="emergencies",
    title=Words("Emergencies and drills", "应急启动与演练"),
    reads="treatment",
    query="""
        select
            activation_id, requested_at, is_drill, title_en, title_zh, event_en, event_zh,
            risk_domain, severity, status, hours_to_answer, started_at, stood_down_at, measures,
            measures_running, steps, steps_done, steps_late, findings_open
        from treatment.emergencies
        where %(domain)s::text is null or risk_domain = %(domain)s
        order by requested_at desc, activation_id
        limit %(most)s
    """,
    filters=(_DOMAIN,),
    most=50,
    columns=(
        Column("requested_at", Words("Asked for", "申请时间"), "time"),
        Column("title", Words("Plan", "预案"), link="cases/{activation_id}", is_bilingual=True),
        Column("is_drill", Words("Drill", "演练"), "flag"),
        Column("event", Words("Event", "事件"), is_bilingual=True),
        _OF,
        Column("severity", Words("Severity", "危害程度"), codes=SEVERITIES),
        _status(ACTIVATIONS),
        Column("hours_to_answer", Words("Hours to the answer", "批复用时（小时）"), "hours"),
        Column("started_at", Words("Started", "启动"), "time"),
        Column("stood_down_at", Words("Stood down", "终止"), "time"),
        Column("measures", Words("Measures", "措施"), "count"),
        Column("measures_running", Words("running", "实施中"), "count"),
        Column("steps", Words("Steps", "步骤"), "count"),
        Column("steps_done", Words("done", "已完成"), "count"),
        Column("steps_late", Words("late", "逾期"), "count"),
        Column("findings_open", Words("Still to be mended", "待整改"), "count"),
    ),
)

STEPS = View(
    name="emergency-steps",
    title=Words("Steps of the plan", "预案步骤"),
    reads="treatment",
    query="""
        select
            step_no, step_en, step_zh, responsible_role, due_at, done_at, hours_allowed,
            hours_taken, is_late, note
        from treatment.emergency_steps
        where activation_id = %(activation_id)s
        order by step_no
        limit %(most)s
    """,
    filters=(Filter("activation_id", Words("Activation", "启动编号")),),
    columns=(
        Column("step_no", Words("No.", "序号"), "count"),
        Column("step", Words("What is to be done", "步骤内容"), is_bilingual=True),
        Column("responsible_role", Words("Who", "责任岗位")),
        Column("due_at", Words("Due", "期限"), "time"),
        Column("done_at", Words("Done", "完成"), "time"),
        Column("hours_allowed", Words("Hours allowed", "规定小时"), "hours"),
        Column("hours_taken", Words("taken", "实际小时"), "hours"),
        Column("is_late", Words("Late", "逾期"), "flag"),
        Column("note", Words("Remark", "备注")),
    ),
)

JOINT = View(
    name="joint-cases",
    title=Words("Joint cases with other agencies", "部门联合防控案件"),
    reads="treatment",
    query="""
        select
            opened_at, case_id, title_en, title_zh, risk_domain, lead_agency, agencies,
            fields_shared, exchanges_sent, exchanges_received, rows_sent, last_exchanged_at, status,
            outcome, days_open
        from treatment.joint_cases
        where %(domain)s::text is null or risk_domain = %(domain)s
        order by opened_at desc, case_id
        limit %(most)s
    """,
    filters=(_DOMAIN,),
    most=50,
    columns=(
        Column("opened_at", Words("Opened", "立案"), "time"),
        Column("title", Words("Case", "案件"), is_bilingual=True),
        Column("case_id", Words("Number", "编号")),
        _OF,
        Column("lead_agency", Words("Lead", "牵头部门")),
        Column("agencies", Words("Agencies", "参与部门"), "list"),
        Column("fields_shared", Words("Columns shared", "共享字段"), "count"),
        Column("exchanges_sent", Words("Sent", "发出"), "count"),
        Column("exchanges_received", Words("Received", "接收"), "count"),
        Column("rows_sent", Words("Rows told", "发出行数"), "count"),
        Column("last_exchanged_at", Words("Last exchange", "最近交换"), "time"),
        _status(CASES),
        Column("outcome", Words("Outcome", "结果"), codes=OUTCOMES),
        Column("days_open", Words("Days open", "办理天数"), "days"),
    ),
)

OPERATIONS = View(
    name="special-operations",
    title=Words("Special operations", "专项行动"),
    reads="treatment",
    note=Words(
        "Before: as many days before it began. Gained: revenue beyond what was to be expected, "
        "had its scope gone as everything else did.",
        "“此前”为开始前同样天数；增量为超出按其他贸易走势应有水平的税款。",
    ),
    query="""
        select
            starts_on, coalesce(ended_on, ends_on) as ends_on, name_en, name_zh, risk_domain,
            status, inspected, goal_inspections, findings, goal_findings, findings_before,
            revenue_cny, revenue_cny_gained, is_goal_reached
        from treatment.special_operations
        where %(domain)s::text is null or risk_domain = %(domain)s
        order by starts_on desc, operation_id
        limit %(most)s
    """,
    filters=(_DOMAIN,),
    most=50,
    columns=(
        Column("starts_on", Words("From", "起"), "date"),
        Column("ends_on", Words("To", "止"), "date"),
        Column("name", Words("Operation", "行动"), is_bilingual=True),
        _OF,
        _status(PERIODS),
        Column("inspected", Words("Inspected", "查验"), "count"),
        Column("goal_inspections", Words("of a goal of", "目标"), "count"),
        Column("findings", Words("Findings", "查获"), "count"),
        Column("goal_findings", Words("of a goal of", "目标"), "count"),
        Column("findings_before", Words("Findings before", "此前查获"), "count"),
        Column("revenue_cny", Words("Revenue", "补税"), "yuan"),
        Column("revenue_cny_gained", Words("Gained", "增量"), "yuan"),
        Column("is_goal_reached", Words("Goal reached", "达标"), "flag"),
    ),
)

RECOMMENDATIONS = View(
    name="policy-recommendations",
    title=Words("Policy recommendations", "政策建议"),
    reads="treatment",
    query="""
        select
            issued_at, addressee, subject_en, subject_zh, risk_domain, status, due_at, answered_at,
            effective_on, effect_measure, effect_expected, effect_before, effect_after,
            is_as_expected
        from treatment.policy_recommendations
        where %(domain)s::text is null or risk_domain = %(domain)s
        order by issued_at desc, recommendation_id
        limit %(most)s
    """,
    filters=(_DOMAIN,),
    most=50,
    columns=(
        Column("issued_at", Words("Issued", "提出"), "time"),
        Column("subject", Words("Of", "事项"), is_bilingual=True),
        Column("addressee", Words("To", "致")),
        _OF,
        _status(RECOMMENDED),
        Column("due_at", Words("Answer due", "答复期限"), "time"),
        Column("answered_at", Words("Answered", "答复"), "time"),
        Column("effective_on", Words("In effect", "生效"), "date"),
        Column("effect_measure", Words("Measured by", "效果指标"), codes=EFFECTS),
        Column("effect_expected", Words("Expected", "预期"), codes=EFFECTS),
        Column("effect_before", Words("Before", "此前"), "number"),
        Column("effect_after", Words("After", "此后"), "number"),
        Column("is_as_expected", Words("As expected", "符合预期"), "flag"),
    ),
)

RESULTS = View(
    name="referrals",
    title=Words("Referrals and their results", "稽查与案件移交及结果"),
    reads="treatment",
    query="""
        select
            referrals.referred_at, referrals.referral_id, referrals.referral_kind,
            referrals.declaration_id, referrals.office_code, referrals.reason_en,
            referrals.reason_zh, referrals.likelihood, referrals.status, referrals.due_at,
            referrals.audited_at, referrals.outcome, types.name_en as finding_en,
            types.name_zh as finding_zh, referrals.additional_duty_cny,
            referrals.days_to_result
        from treatment.referrals as referrals
        left join reference.finding_types as types using (finding_type)
        where %(referral_kind)s::text is null or referrals.referral_kind = %(referral_kind)s
        order by referrals.referred_at desc, referrals.referral_id
        limit %(most)s
    """,
    filters=(Filter("referral_kind", Words("Referred to", "移交类别"), choices=REFERRALS),),
    most=100,
    columns=(
        Column("referred_at", Words("Referred", "移交"), "time"),
        Column("referral_kind", Words("To", "类别"), codes=REFERRALS),
        Column(
            "declaration_id", Words("Declaration", "报关单"), link="declarations/{declaration_id}"
        ),
        Column("office_code", Words("Office", "关区"), codes=OFFICES),
        Column("reason", Words("Why", "理由"), is_bilingual=True),
        Column("likelihood", Words("Likelihood", "概率"), "share"),
        _status(REFERRED),
        Column("due_at", Words("Due", "期限"), "time"),
        Column("audited_at", Words("Result", "反馈"), "time"),
        Column("outcome", Words("Outcome", "结果"), codes=AUDITED),
        Column("finding", Words("Finding", "查获"), is_bilingual=True),
        Column("additional_duty_cny", Words("Duty", "补税"), "yuan"),
        Column("days_to_result", Words("Days", "用时（天）"), "days"),
    ),
)

PAGE = Page(
    name="cases",
    title=Words("Cases", "应急与案件"),
    about=Words(
        "Emergencies and drills, joint cases, special operations, recommendations, and what was "
        "referred to audit and investigation.",
        "应急与演练、联合案件、专项行动、政策建议，以及稽查与案件移交。",
    ),
    reads="treatment",
    sections=(
        Section(EMERGENCIES),
        Section(JOINT),
        Section(OPERATIONS),
        Section(RECOMMENDATIONS),
        Section(RESULTS),
    ),
    below=(
        Page(
            name="cases/{activation_id}",
            title=Words("Activation", "应急启动"),
            about=Words("Steps, and the time they took.", "各步骤及其用时。"),
            reads="treatment",
            sections=(Section(STEPS),),
        ),
    ),
)
