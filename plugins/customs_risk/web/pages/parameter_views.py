"""Risk parameters: the list, those without a hit, and all that is known of one."""

from customs_risk import codes
from customs_risk.codes import CONTROLS, DOMAINS, HOURS_OF, PARAMETER_STATES
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

ONE = Filter("parameter_id", Words("Parameter", "参数"))
_LINK = "parameters/{parameter_id}"

PARAMETERS = View(
    name="parameters",
    title=Words("Parameters", "参数"),
    reads="treatment",
    note=Words(
        "Of each the version in force, or else the newest. The find rate is of its examined hits, "
        "which ranking chose: no estimate for all hits.",
        "每个参数显示在用版本或最新版本。查获率以已查验命中计，非全部命中的估计。",
    ),
    query="""
        select
            parameter_id, version, state, risk_domain, measure, condition, jurisdiction, owner_unit,
            legal_basis, starts_on, expires_on, review_on, is_review_overdue, hits, examined_hits,
            findings, hit_rate, hit_rate_low, hit_rate_high, sole_hit_rate, last_hit_on
        from treatment.parameters
        where
            (%(state)s::text is null or state = %(state)s)
            and (%(domain)s::text is null or risk_domain = %(domain)s)
            and (%(owner_unit)s::text is null or owner_unit = %(owner_unit)s)
        order by state = 'proposed' desc, state = 'activated' desc, parameter_id
        limit %(most)s
    """,
    filters=(
        Filter("state", Words("State", "状态"), choices=PARAMETER_STATES),
        Filter("domain", Words("Domain", "风险领域"), choices=DOMAINS),
        Filter("owner_unit", Words("Owner", "责任单位")),
    ),
    columns=(
        Column("parameter_id", Words("Parameter", "参数"), link=_LINK),
        Column("version", Words("Version", "版本"), "count"),
        Column("state", Words("State", "状态"), codes=PARAMETER_STATES),
        Column("condition", Words("Condition", "条件")),
        Column("risk_domain", Words("Domain", "风险领域"), codes=DOMAINS),
        Column("measure", Words("Measure", "措施"), codes=CONTROLS),
        Column("hits", Words("Hits", "命中"), "count"),
        Column("examined_hits", Words("Examined", "已查验"), "count"),
        Column("findings", Words("Findings", "查获"), "count"),
        Column("hit_rate", Words("Find rate", "查获率"), "share"),
        Column("hit_rate_low", Words("at least", "下限"), "share"),
        Column("hit_rate_high", Words("at most", "上限"), "share"),
        Column("sole_hit_rate", Words("Find rate, alone", "独立命中查获率"), "share"),
        Column("last_hit_on", Words("Last hit", "最近命中"), "date"),
        Column("jurisdiction", Words("For", "适用范围"), "list"),
        Column("owner_unit", Words("Owner", "责任单位")),
        Column("starts_on", Words("From", "生效"), "date"),
        Column("expires_on", Words("to", "失效"), "date"),
        Column("review_on", Words("Review by", "复核"), "date"),
        Column("is_review_overdue", Words("Review overdue", "复核逾期"), "flag"),
        Column("legal_basis", Words("Legal basis", "法律依据")),
    ),
)

WITHOUT_HIT = View(
    name="parameters-without-hit",
    title=Words("Active, and nothing hit yet", "启用后零命中"),
    reads="treatment",
    query="""
        select parameter_id, version, condition, owner_unit, activated_on, age_days, expires_on
        from treatment.parameters
        where has_no_hit
        order by age_days desc, parameter_id
        limit %(most)s
    """,
    columns=(
        Column("parameter_id", Words("Parameter", "参数"), link=_LINK),
        Column("version", Words("Version", "版本"), "count"),
        Column("condition", Words("Condition", "条件")),
        Column("owner_unit", Words("Owner", "责任单位")),
        Column("activated_on", Words("Activated", "启用日"), "date"),
        Column("age_days", Words("Days active", "启用天数"), "days"),
        Column("expires_on", Words("Expires", "失效"), "date"),
    ),
)

VERSIONS = View(
    name="parameter-versions",
    title=Words("Versions", "版本"),
    reads="treatment",
    query="""
        select
            parameter_id, version, state, state_since, condition, risk_domain, measure,
            what_to_examine_en, what_to_examine_zh, jurisdiction, owner_unit, legal_basis,
            starts_on, expires_on, review_on, reason_en, reason_zh, proposed_at, proposed_by
        from treatment.parameter_versions
        where parameter_id = %(parameter_id)s
        order by version desc
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("version", Words("Version", "版本"), "count"),
        Column("state", Words("State", "状态"), codes=PARAMETER_STATES),
        Column("state_since", Words("Since", "起始时间"), "time"),
        Column("condition", Words("Condition", "条件")),
        Column("risk_domain", Words("Domain", "风险领域"), codes=DOMAINS),
        Column("measure", Words("Measure", "措施"), codes=CONTROLS),
        Column("what_to_examine", Words("What to examine", "查验要点"), is_bilingual=True),
        Column("jurisdiction", Words("For", "适用范围"), "list"),
        Column("owner_unit", Words("Owner", "责任单位")),
        Column("legal_basis", Words("Legal basis", "法律依据")),
        Column("starts_on", Words("From", "生效"), "date"),
        Column("expires_on", Words("to", "失效"), "date"),
        Column("review_on", Words("Review by", "复核"), "date"),
        Column("reason", Words("Why", "理由"), is_bilingual=True),
        Column("proposed_at", Words("Proposed", "提出时间"), "time"),
        Column("proposed_by", Words("by", "提出人")),
    ),
)

IMPACTS = View(
    name="parameter-impacts",
    title=Words("Impact analyses", "影响分析"),
    reads="treatment",
    note=Words(
        "What the version would have done over past months. Each inspection is weighed by the "
        "probability with which it was selected, so that the expected precision is that of all "
        "hits.",
        "该版本若在过往数月启用的结果。每次查验按其被选概率加权，预期查获率适用于全部命中。",
    ),
    query="""
        select
            parameter_id, version, impact_no, analysed_at, analysed_by, from_on, to_on,
            declarations, hits, inspected_hits, findings, expected_precision, precision_low,
            precision_high, base_rate, hits_per_day, officer_hours_per_day, officer_hours_of,
            displaced_inspections, hits_beyond_capacity, sole_hits
        from treatment.parameter_impacts
        where parameter_id = %(parameter_id)s
        order by version desc, impact_no desc
        limit %(most)s
    """,
    filters=(ONE,),
    most=20,
    columns=(
        Column("version", Words("Version", "版本"), "count"),
        Column("analysed_at", Words("Analysed", "分析时间"), "time"),
        Column("analysed_by", Words("by", "分析人")),
        Column("from_on", Words("Over", "回溯起"), "date"),
        Column("to_on", Words("to", "止"), "date"),
        Column("declarations", Words("Declarations", "报关单"), "count"),
        Column("hits", Words("Hits", "命中"), "count"),
        Column("inspected_hits", Words("Inspected hits", "已查验命中"), "count"),
        Column("findings", Words("Findings", "查获"), "count"),
        Column("expected_precision", Words("Expected precision", "预期查获率"), "share"),
        Column("precision_low", Words("at least", "下限"), "share"),
        Column("precision_high", Words("at most", "上限"), "share"),
        Column("base_rate", Words("Of all declarations", "全部报关单"), "share"),
        Column("hits_per_day", Words("Hits a day", "日均命中"), "number"),
        Column("officer_hours_per_day", Words("Officer-hours a day", "日均工时"), "hours"),
        Column("officer_hours_of", Words("Hours from", "工时依据"), codes=HOURS_OF),
        Column("displaced_inspections", Words("Inspections displaced", "挤占查验"), "count"),
        Column("hits_beyond_capacity", Words("Beyond capacity", "超出能力"), "count"),
        Column("sole_hits", Words("Hit by it alone", "独立命中"), "count"),
    ),
)

OVERLAP = View(
    name="parameter-overlap",
    title=Words("Overlap with other parameters", "与其他参数的重叠"),
    reads="treatment",
    query="""
        select
            impacts.version, other.shared ->> 'parameter_id' as parameter_id,
            (other.shared ->> 'shared_hits')::bigint as shared_hits, impacts.hits
        from treatment.parameter_impacts as impacts
        cross join lateral jsonb_array_elements(impacts.shared) as other (shared)
        where
            impacts.parameter_id = %(parameter_id)s
            and impacts.is_latest
            and (other.shared ->> 'shared_hits')::bigint > 0
        order by impacts.version desc, shared_hits desc, 2
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("version", Words("Version", "版本"), "count"),
        Column("parameter_id", Words("Other parameter", "其他参数"), link=_LINK),
        Column("shared_hits", Words("Hits shared", "共同命中"), "count"),
        Column("hits", Words("of its hits", "本参数命中"), "count"),
    ),
)

OFFICES = View(
    name="parameter-offices",
    title=Words("Load on offices", "各关区负荷"),
    reads="treatment",
    query="""
        select
            impacts.version, told.office ->> 'office_code' as office_code,
            (told.office ->> 'hits_per_day')::float8 as hits_per_day,
            (told.office ->> 'capacity_per_day')::float8 as capacity_per_day,
            (told.office ->> 'displaced_inspections')::bigint as displaced_inspections,
            (told.office ->> 'hits_beyond_capacity')::bigint as hits_beyond_capacity
        from treatment.parameter_impacts as impacts
        cross join lateral jsonb_array_elements(impacts.offices) as told (office)
        where impacts.parameter_id = %(parameter_id)s and impacts.is_latest
        order by impacts.version desc, hits_per_day desc, office_code
        limit %(most)s
    """,
    filters=(ONE,),
    most=50,
    columns=(
        Column("version", Words("Version", "版本"), "count"),
        Column("office_code", Words("Office", "关区"), codes=codes.OFFICES),
        Column("hits_per_day", Words("Hits a day", "日均命中"), "number"),
        Column("capacity_per_day", Words("Inspections a day", "日查验能力"), "number"),
        Column("displaced_inspections", Words("Displaced", "挤占查验"), "count"),
        Column("hits_beyond_capacity", Words("Beyond capacity", "超出能力"), "count"),
    ),
)

EVENTS = View(
    name="parameter-events",
    title=Words("What became of it", "办理记录"),
    reads="treatment",
    query="""
        select event_no, version, event, happened_at, officer, unit_code, reason
        from treatment.parameter_events
        where parameter_id = %(parameter_id)s
        order by event_no desc
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("happened_at", Words("When", "时间"), "time"),
        Column("version", Words("Version", "版本"), "count"),
        Column("event", Words("What", "事项"), codes=PARAMETER_STATES),
        Column("officer", Words("By", "办理人")),
        Column("unit_code", Words("for", "单位")),
        Column("reason", Words("Why", "理由")),
    ),
)

HITS = View(
    name="parameter-hits",
    title=Words("Its latest hits", "最近命中"),
    reads="treatment",
    query="""
        select
            known_on, version, declaration_id, office_code, hs6, parameters, is_examined,
            has_finding, revenue_cny
        from treatment.parameter_hits
        where parameter_id = %(parameter_id)s
        order by known_on desc, declaration_id
        limit %(most)s
    """,
    filters=(ONE,),
    most=50,
    columns=(
        Column("known_on", Words("Day", "日期"), "date"),
        Column("version", Words("Version", "版本"), "count"),
        Column(
            "declaration_id", Words("Declaration", "报关单"), link="declarations/{declaration_id}"
        ),
        Column("office_code", Words("Office", "关区"), codes=codes.OFFICES),
        Column("hs6", Words("Commodity", "商品编码")),
        Column("parameters", Words("Parameters that hit it", "命中参数数"), "count"),
        Column("is_examined", Words("Examined", "已查验"), "flag"),
        Column("has_finding", Words("Finding", "查获"), "flag"),
        Column("revenue_cny", Words("Additional duty", "补税"), "yuan"),
    ),
)

RATES = View(
    name="parameter-find-rates",
    title=Words("Find rate by week of decision", "按决定周的查获率"),
    reads="feedback",
    query="""
        select cohort_on, metric_code, value, low, high, numerator, denominator
        from feedback.metrics
        where
            metric_code in ('criterion_hit_rate', 'criterion_sole_hit_rate')
            and cohort_kind = 'week'
            and dimension = 'parameter'
            and dimension_value = %(parameter_id)s
        order by cohort_on desc, metric_code
        limit %(most)s
    """,
    filters=(ONE,),
    most=104,
    columns=(
        Column("cohort_on", Words("Week from", "周起始日"), "date"),
        Column(
            "metric_code",
            Words("Rate", "指标"),
            codes={
                "criterion_hit_rate": Words("of its hits", "命中查获率"),
                "criterion_sole_hit_rate": Words("of hits by it alone", "独立命中查获率"),
            },
        ),
        Column("value", Words("Find rate", "查获率"), "share"),
        Column("low", Words("at least", "下限"), "share"),
        Column("high", Words("at most", "上限"), "share"),
        Column("numerator", Words("Findings", "查获"), "count"),
        Column("denominator", Words("Examined", "已查验"), "count"),
    ),
)

VIEWS: tuple[View, ...] = (VERSIONS, IMPACTS, OVERLAP, OFFICES, EVENTS, RATES, HITS)
