"""What is known of one declaration, table by table; each is a file and in the API too."""

from customs_risk.codes import (
    CREDIT_TIERS,
    DOMAINS,
    FINDINGS,
    HANDLINGS,
    LANES,
    LEVELS,
    MEASURE_STATES,
    METHODS,
    OFFICES,
    SEVERITIES,
    TRENDS,
    UNCERTAINTIES,
)
from customs_risk.web.pages.declaration_story import ONE
from customs_risk.web.views import Column, View
from customs_risk.words import Words

DECLARED = View(
    name="declaration",
    title=Words("As declared", "申报内容"),
    reads="core",
    query="""
        select
            declaration_id, declared_at, known_at, office_code, importer_id, importer_name,
            importer_credit_tier, declarant_id, seller_id, seller_name, hs6, goods_name,
            origin_country, departure_country, trade_mode, transport_mode, net_mass_kg,
            declared_value_cny, tax_rate_pct, bill_no, conveyance_name, is_corrected, corrected_at,
            is_backfill
        from core.declarations
        where declaration_id = %(declaration_id)s
        limit %(most)s
    """,
    filters=(ONE,),
    most=1,
    columns=(
        Column("declaration_id", Words("Declaration", "报关单号")),
        Column("declared_at", Words("Declared", "申报时间"), "time"),
        Column("known_at", Words("Known here", "获知时间"), "time"),
        Column("office_code", Words("Office", "关区"), codes=OFFICES),
        Column(
            "importer_id",
            Words("Importer", "进口人"),
            link="declarations?importer_id={importer_id}",
        ),
        Column("importer_name", Words("Importer's name", "进口人名称")),
        Column("importer_credit_tier", Words("Credit tier", "信用等级"), codes=CREDIT_TIERS),
        Column("declarant_id", Words("Declarant", "申报单位")),
        Column("seller_id", Words("Seller", "境外卖方")),
        Column("seller_name", Words("Seller's name", "境外卖方名称")),
        Column("hs6", Words("Commodity", "商品编码")),
        Column("goods_name", Words("Goods", "品名")),
        Column("origin_country", Words("Origin", "原产国")),
        Column("departure_country", Words("Departure", "启运国")),
        Column("trade_mode", Words("Supervision mode", "监管方式")),
        Column("transport_mode", Words("Mode of transport", "运输方式")),
        Column("net_mass_kg", Words("Net mass, kg", "净重（千克）"), "number"),
        Column("declared_value_cny", Words("Value", "申报价值"), "yuan"),
        Column("tax_rate_pct", Words("Duty rate, %", "税率（%）"), "number"),
        Column("bill_no", Words("Bill of lading", "提运单号")),
        Column("conveyance_name", Words("Means of transport", "运输工具")),
        Column("is_corrected", Words("Corrected", "已更正"), "flag"),
        Column("corrected_at", Words("Corrected at", "更正时间"), "time"),
        Column("is_backfill", Words("From before the system", "历史数据"), "flag"),
    ),
)

CORRECTIONS = View(
    name="declaration-corrections",
    title=Words("What was corrected", "更正内容"),
    reads="core",
    query="""
        with
        versions as (
            select
                known_at,
                to_jsonb(told) - '{is_first,known_at,known_on,batch_id,row_no}'::text[] as now,
                lag(to_jsonb(told)) over (order by is_first desc, known_at, batch_id) as before
            from core.declaration_versions as told
            where declaration_id = %(declaration_id)s
        )
        select
            versions.known_at, fields.key as field, versions.before ->> fields.key as before,
            fields.value as after
        from versions
        cross join lateral jsonb_each_text(versions.now) as fields
        where
            versions.before is not null
            and fields.value is distinct from versions.before ->> fields.key
        order by versions.known_at, fields.key
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("known_at", Words("Known", "获知时间"), "time"),
        Column("field", Words("Field", "字段")),
        Column("before", Words("Before", "更正前")),
        Column("after", Words("After", "更正后")),
    ),
)

LINES = View(
    name="declaration-lines",
    title=Words("Goods by line", "商品项"),
    reads="core",
    query="""
        select
            line_no, hs6, goods_name, origin_country, net_mass_kg, declared_value_cny, tax_rate_pct
        from core.declaration_lines
        where declaration_id = %(declaration_id)s
        order by line_no
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("line_no", Words("Line", "项号"), "count"),
        Column("hs6", Words("Commodity", "商品编码")),
        Column("goods_name", Words("Goods", "品名")),
        Column("origin_country", Words("Origin", "原产国")),
        Column("net_mass_kg", Words("Net mass, kg", "净重（千克）"), "number"),
        Column("declared_value_cny", Words("Value", "申报价值"), "yuan"),
        Column("tax_rate_pct", Words("Duty rate, %", "税率（%）"), "number"),
    ),
)

CONCLUSION = View(
    name="declaration-conclusion",
    title=Words("Conclusion (Article 10)", "评估结论（第十条）"),
    reads="assessment",
    query="""
        select
            level, likelihood, likelihood_low, likelihood_high, severity, trend, risk_domain,
            expected_revenue_cny, ranking_score, exploration_score, uncertainty_kind, evidence,
            novelty, would_help_en, would_help_zh, review_on, conclusion_no, model_version, as_of
        from assessment.conclusions
        where declaration_id = %(declaration_id)s
        limit %(most)s
    """,
    filters=(ONE,),
    most=1,
    columns=(
        Column("level", Words("Level of risk", "风险等级"), codes=LEVELS),
        Column("likelihood", Words("Likelihood of a finding", "查获可能性"), "share"),
        Column("likelihood_low", Words("at least", "下限"), "share"),
        Column("likelihood_high", Words("at most", "上限"), "share"),
        Column("severity", Words("Severity", "危害程度"), codes=SEVERITIES),
        Column("trend", Words("Trend", "发展趋势"), codes=TRENDS),
        Column("risk_domain", Words("Domain", "风险领域"), codes=DOMAINS),
        Column("expected_revenue_cny", Words("Expected revenue", "预期补税"), "yuan"),
        Column("ranking_score", Words("Ranking score", "排序得分"), "number"),
        Column("exploration_score", Words("Worth of learning", "探索得分"), "number"),
        Column("uncertainty_kind", Words("Uncertain because", "不确定性来源"), codes=UNCERTAINTIES),
        Column("evidence", Words("Inspections of such trade", "同类查验数"), "number"),
        Column("novelty", Words("Share that is new", "新颖程度"), "number"),
        Column("would_help", Words("What would help", "可补充的信息"), is_bilingual=True),
        Column("review_on", Words("To be reviewed", "复审日期"), "date"),
        Column("conclusion_no", Words("Number", "第几次结论"), "count"),
        Column(
            "model_version", Words("Model", "模型版本"), link="models?model_version={model_version}"
        ),
        Column("as_of", Words("From what was known at", "所知截至"), "time"),
    ),
)

FACTORS = View(
    name="declaration-factors",
    title=Words("Hazard factors, and the rows behind them", "风险因素及其依据"),
    reads="assessment",
    query="""
        select
            factors.factor_no,
            factors.told ->> 'en' as factor_en,
            factors.told ->> 'zh' as factor_zh,
            (factors.told ->> 'contribution')::float8 as contribution,
            behind.evidence_kind, behind.evidence_id, behind.known_on, behind.words_en,
            behind.words_zh
        from assessment.conclusions as concluded
        cross join lateral jsonb_array_elements(concluded.hazard_factors)
            with ordinality as factors (told, factor_no)
        left join lateral (
            select evidence.*
            from assessment.hazard_evidence as evidence
            where
                evidence.declaration_id = %(declaration_id)s
                and evidence.conclusion_no = concluded.conclusion_no
                and evidence.factor_no = factors.factor_no
            order by evidence.known_on desc, evidence.evidence_id
            limit 5
        ) as behind on true
        where concluded.declaration_id = %(declaration_id)s
        order by factors.factor_no, behind.known_on desc, behind.evidence_id
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("factor_no", Words("No.", "序号"), "count"),
        Column("factor", Words("Hazard factor", "风险因素"), is_bilingual=True),
        Column("contribution", Words("Adds, log-odds", "贡献（对数几率）"), "number"),
        Column("words", Words("Behind it", "依据"), is_bilingual=True),
        Column("evidence_id", Words("Row", "编号")),
        Column("known_on", Words("Known", "获知日"), "date"),
    ),
)

INDICATORS = View(
    name="declaration-indicators",
    title=Words("Indicators: hazards and their causes", "风险指标：危害因素及成因"),
    reads="indicators",
    query="""
        select
            scores.risk_domain, scores.score, told.item ->> 'code' as indicator_code,
            named.name_en, named.name_zh, named.hazard_en, named.hazard_zh, named.cause_en,
            named.cause_zh, told.item ->> 'subject' as subject_key,
            (told.item ->> 'value')::numeric as value, named.unit,
            (told.item ->> 'points')::numeric as points
        from indicators.declaration_scores as scores
        cross join lateral jsonb_array_elements(scores.contributions) as told (item)
        inner join indicators.indicator_definitions as named
            on
                named.indicator_code = told.item ->> 'code'
                and named.version = (told.item ->> 'version')::int
        where scores.declaration_id = %(declaration_id)s
        order by scores.score desc, points desc
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("risk_domain", Words("Domain", "风险领域"), codes=DOMAINS),
        Column("score", Words("Score of the domain", "领域得分"), "number"),
        Column("indicator_code", Words("Code", "代码")),
        Column("name", Words("Indicator", "指标"), is_bilingual=True),
        Column("hazard", Words("Hazard", "危害因素"), is_bilingual=True),
        Column("cause", Words("Cause", "成因"), is_bilingual=True),
        Column("subject_key", Words("Of", "对象")),
        Column("value", Words("Value", "指标值"), "number"),
        Column("points", Words("Points", "分值"), "number"),
    ),
)

PRICE = View(
    name="declaration-price",
    title=Words("Price against what such goods cost", "价格比对"),
    reads="assessment",
    query="""
        select
            words_en, words_zh, declared_cny_per_kg, expected_cny_per_kg, low_cny_per_kg,
            high_cny_per_kg, value_gap_cny, revenue_at_risk_cny
        from assessment.price_expectations
        where declaration_id = %(declaration_id)s
        limit %(most)s
    """,
    filters=(ONE,),
    most=1,
    columns=(
        Column("words", Words("In words", "说明"), is_bilingual=True),
        Column(
            "declared_cny_per_kg", Words("Declared, CNY per kg", "申报单价（元/千克）"), "number"
        ),
        Column("expected_cny_per_kg", Words("Expected", "预期"), "number"),
        Column("low_cny_per_kg", Words("from", "区间下限"), "number"),
        Column("high_cny_per_kg", Words("to", "区间上限"), "number"),
        Column("value_gap_cny", Words("Expected less declared", "预期价值减申报价值"), "yuan"),
        Column("revenue_at_risk_cny", Words("Revenue at risk", "涉税金额"), "yuan"),
    ),
)

DECISION = View(
    name="declaration-decision",
    title=Words("How it was selected, and how it is treated", "选查与处置"),
    reads="treatment",
    query="""
        select
            decided.selected_by, decided.lane, decided.reason_en, decided.reason_zh,
            decided.selection_probability, decided.random_probability, decided.score_rank,
            decided.declarations_in_stratum, decided.capacity, decided.random_capacity,
            decided.exploration_capacity, decided.cutoff_rank, decided.random_draw,
            decided.decided_on,
            treated.handling, treated.words_en, treated.words_zh, treated.legal_basis
        from treatment.decisions as decided
        left join lateral (
            select treatments.*
            from treatment.treatments
            where treatments.declaration_id = %(declaration_id)s
            limit 1
        ) as treated on true
        where decided.declaration_id = %(declaration_id)s
        limit %(most)s
    """,
    filters=(ONE,),
    most=1,
    columns=(
        Column("selected_by", Words("Selected by", "选查方式"), codes=METHODS),
        Column("lane", Words("Lane", "通道"), codes=LANES),
        Column("reason", Words("Why", "理由"), is_bilingual=True),
        Column("selection_probability", Words("Probability of inspection", "被查验概率"), "share"),
        Column("random_probability", Words("of these, by draw", "其中随机抽中概率"), "share"),
        Column("score_rank", Words("Rank", "名次"), "count"),
        Column("declarations_in_stratum", Words("of", "共"), "count"),
        Column("cutoff_rank", Words("Inspected down to rank", "查验至名次"), "count"),
        Column("capacity", Words("Inspections the office can do", "可查验数"), "count"),
        Column("random_capacity", Words("of these, drawn", "其中随机"), "count"),
        Column("exploration_capacity", Words("of these, to learn", "其中探索"), "count"),
        Column("random_draw", Words("Number drawn", "抽签数"), "number"),
        Column("decided_on", Words("Decided", "决定日"), "date"),
        Column("handling", Words("Handling", "处置方式"), codes=HANDLINGS),
        Column("words", Words("Treatment", "处置要求"), is_bilingual=True),
        Column("legal_basis", Words("Legal basis", "法律依据")),
    ),
)

RESULTS = View(
    name="declaration-results",
    title=Words("Results", "查验结果"),
    reads="core",
    query="""
        select
            result_id, instruction_id, inspected_at, reported_at, known_at, officer_id,
            has_finding, finding_type, additional_duty_cny, officer_hours, is_corrected
        from core.inspections
        where declaration_id = %(declaration_id)s
        order by known_at
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("result_id", Words("Result", "结果编号")),
        Column("instruction_id", Words("Instruction", "指令"), link="queue/{instruction_id}"),
        Column("inspected_at", Words("Inspected", "查验时间"), "time"),
        Column("reported_at", Words("Reported", "反馈时间"), "time"),
        Column("known_at", Words("Known here", "获知时间"), "time"),
        Column("officer_id", Words("Officer", "关员")),
        Column("has_finding", Words("Finding", "查获"), "flag"),
        Column("finding_type", Words("Kind", "类型"), codes=FINDINGS),
        Column("additional_duty_cny", Words("Additional duty", "补税"), "yuan"),
        Column("officer_hours", Words("Officer-hours", "工时"), "hours"),
        Column("is_corrected", Words("Corrected", "已更正"), "flag"),
    ),
)

MEASURES = View(
    name="declaration-measures",
    title=Words("Measures on its parties and goods", "所涉处置措施"),
    reads="treatment",
    query="""
        select
            measures.measure_id, measures.kind_en, measures.kind_zh, measures.action_en,
            measures.action_zh, measures.subject_key, measures.risk_domain, measures.state,
            measures.reason_en, measures.reason_zh, measures.legal_basis, measures.effective_from,
            measures.effective_to
        from treatment.treatments as treated
        cross join lateral unnest(treated.measure_ids) as applied (measure_id)
        cross join lateral (
            select
                told.measure_id, told.kind_en, told.kind_zh, told.action_en, told.action_zh,
                told.subject_key, told.risk_domain, told.state, told.reason_en, told.reason_zh,
                told.legal_basis, told.effective_from, told.effective_to
            from treatment.measures as told
            where told.measure_id = applied.measure_id
            limit 1
        ) as measures
        where treated.declaration_id = %(declaration_id)s
        order by measures.effective_from, measures.measure_id
        limit %(most)s
    """,
    filters=(ONE,),
    columns=(
        Column("measure_id", Words("Measure", "措施编号")),
        Column("kind", Words("Kind", "种类"), is_bilingual=True),
        Column("action", Words("Action", "内容"), is_bilingual=True),
        Column("subject_key", Words("On", "对象")),
        Column("risk_domain", Words("Domain", "风险领域"), codes=DOMAINS),
        Column("state", Words("State", "状态"), codes=MEASURE_STATES),
        Column("reason", Words("Why", "理由"), is_bilingual=True),
        Column("legal_basis", Words("Legal basis", "法律依据")),
        Column("effective_from", Words("In force from", "生效"), "time"),
        Column("effective_to", Words("until", "至"), "time"),
    ),
)

TABLES: tuple[View, ...] = (
    DECLARED,
    CORRECTIONS,
    LINES,
    CONCLUSION,
    FACTORS,
    PRICE,
    INDICATORS,
    DECISION,
    RESULTS,
    MEASURES,
)
