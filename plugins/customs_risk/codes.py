"""What codes are called, in both languages: a column or a filter names the list of its codes.

Where the warehouse has the words itself (seeds code_lists, credit_tier_schemes), a test holds that
these are the same.
"""

import csv
from collections.abc import Mapping

from customs_risk.settings import REPOSITORY
from customs_risk.words import Language, Words

Codes = Mapping[str, Words]


def _offices() -> Codes:
    """Return the customs offices and districts of the organisation, each with its code."""
    seed = REPOSITORY / "dbt_project" / "seeds" / "customs_units.csv"
    with seed.open(encoding="utf-8") as lines:
        return {
            unit["unit_code"]: Words(
                f"{unit['unit_code']} {unit['name_en'].partition(',')[0]}",
                f"{unit['unit_code']} {unit['name_zh'].partition('风险管理')[0]}",
            )
            for unit in csv.DictReader(lines)
            if unit["unit_level"] in ("district", "post")
        }


OFFICES: Codes = _offices()

LANES: Codes = {
    "low": Words("low: released fast", "低：快速放行"),
    "medium": Words("medium: documents", "中：审核单证"),
    "high": Words("high: inspection", "高：查验"),
}
LEVELS: Codes = {
    "low": Words("low", "低"),
    "medium": Words("medium", "中"),
    "high": Words("high", "高"),
    "unknown": Words("unknown", "未知"),
}
# how a declaration came to be selected, in the order in which the ways take precedence
METHODS: Codes = {
    "mandatory": Words("mandatory", "必查"),
    "random": Words("random", "随机"),
    "analyst": Words("analyst", "人工"),
    "parameter": Words("parameter", "参数"),
    "targeted": Words("model", "模型"),
    "exploration": Words("exploration", "探索"),
    "none": Words("not selected", "未选查"),
}
DOMAINS: Codes = {
    "prohibited_restricted": Words("Prohibited and restricted", "禁限管制"),
    "port_health": Words("Port public health", "口岸公共卫生"),
    "biosecurity": Words("National biosecurity", "国门生物安全"),
    "food_safety": Words("Food safety", "食品安全"),
    "commodity_quality": Words("Commodity quality and safety", "商品质量安全"),
    "tax": Words("Tax security", "税收安全"),
    "ipr": Words("Intellectual property", "知识产权"),
    "other": Words("Other", "其他"),
}
CREDIT_TIERS: Codes = {
    "advanced_certified": Words("Advanced certified enterprise", "高级认证企业"),
    "certified": Words("Certified enterprise", "认证企业"),
    "regular": Words("Regular enterprise", "常规企业"),
    "dishonest": Words("Dishonest enterprise", "失信企业"),
    "seriously_dishonest": Words("Seriously dishonest enterprise", "严重失信企业"),
    "not stated": Words("not stated", "未填报"),
}
TRENDS: Codes = {
    "rising": Words("rising", "上升"),
    "steady": Words("steady", "平稳"),
    "falling": Words("falling", "下降"),
    "unknown": Words("unknown", "未知"),
}
SEVERITIES: Codes = {
    "minor": Words("minor", "轻微"),
    "moderate": Words("moderate", "中等"),
    "serious": Words("serious", "严重"),
    "unknown": Words("unknown", "未知"),
}
# what people are asked to approve
MATTERS: Codes = {
    "measure": Words("Measure", "处置措施"),
    "parameter_activation": Words("Activation of a parameter", "参数启用"),
    "emergency_activation": Words("Activation of an emergency plan", "启动应急预案"),
    "publication": Words("Publication", "对外发布"),
    "model_promotion": Words("Promotion of a model", "模型上线"),
    "override": Words("Change of treatment", "处置方式变更"),
    "review": Words("Outcome of a review", "评价结论"),
    "allocation": Words("Allocation of officers", "人力配置"),
}
ANSWERS: Codes = {
    "approve": Words("approved", "批准"),
    "refuse": Words("refused", "不批准"),
    "open": Words("open", "待答复"),
    "overdue": Words("overdue", "逾期"),
    "withdrawn": Words("withdrawn", "已撤回"),
    "not_asked": Words("not asked", "未提请"),
}
ANSWERED_AS: Codes = {
    "person": Words("by a person", "人工"),
    "policy": Words("by stated policy", "按既定规则"),
}
# from which posts questions are answered, the highest first
POSTS: Codes = {
    "gacc_leadership": Words("GACC leadership", "总署领导"),
    "gacc_department": Words("GACC department in charge of risk", "总署风险管理部门"),
    "regional_risk_division": Words("regional risk division", "直属海关风险部门"),
}
ALARMS: Codes = {
    "volume": Words("Unusual volume", "数据量异常"),
    "freshness": Words("Delivery missed", "交付缺失"),
    "refused_delivery": Words("Delivery refused", "交付被拒"),
    "source_failed": Words("Source failed", "数据源故障"),
    "silent_point": Words("Silent monitoring point", "监测点无数据"),
    "overdue_request": Words("Overdue answer of a party", "当事人逾期未答"),
    "overdue_approval": Words("Overdue approval", "审批逾期"),
    "dead_letter": Words("Undeliverable messages", "无法送达"),
    "model_drift": Words("Model drift", "模型漂移"),
}
CHANNELS: Codes = {
    "1": Words("1 risk monitoring", "1 风险监测"),
    "2": Words("2 shared by government", "2 政府部门共享"),
    "3": Words("3 supplied by units and persons", "3 单位和个人提供"),
    "4": Words("4 public sources", "4 公开渠道"),
    "5": Words("5 bought from third parties", "5 购买第三方服务"),
    "6": Words("6 shared between countries", "6 国际共享"),
    "7": Words("7 other lawful ways", "7 其他合法途径"),
    "own": Words("customs' own", "海关自有"),
}
BATCH_STATES: Codes = {
    "landed": Words("landed", "已落地"),
    "loaded": Words("loaded", "已装载"),
    "refused": Words("refused", "已拒收"),
    "repeated": Words("repeated: nothing new", "重复交付"),
}
HINT_CLASSES: Codes = {
    "revenue": Words("Revenue", "税收"),
    "processing_trade": Words("Processing trade", "加工贸易"),
    "customs_control": Words("Customs control", "海关监管"),
    "law_enforcement": Words("High risks for law enforcement", "执法高风险"),
}
# how far an instruction has come
CARD_STATES: Codes = {
    "issued": Words("issued", "已生成"),
    "undeliverable": Words("undeliverable", "无法送达"),
    "dispatched": Words("sent", "已下达"),
    "acknowledged": Words("acknowledged", "已签收"),
    "answered": Words("answered", "已反馈"),
    "declined": Words("declined", "未执行"),
}
# why an office does not follow one
DECLINED: Codes = {
    "goods_released": Words("the goods were released", "货物已放行"),
    "declaration_withdrawn": Words("the declaration was withdrawn", "报关单已撤销"),
    "cannot_be_examined": Words("it cannot be examined", "无法查验"),
}
FINDINGS: Codes = {
    "undervaluation": Words("Undervaluation", "价格低报"),
    "misclassification": Words("Misclassification", "归类不实"),
    "false_origin": Words("False origin", "原产地不实"),
    "undeclared_quantity": Words("Undeclared quantity", "数量不实"),
    "ipr": Words("Infringement of intellectual property", "侵犯知识产权"),
    "prohibited": Words("Prohibited or restricted goods", "禁止或限制进境物"),
    "food_safety": Words("Unsafe food", "食品安全问题"),
    "other": Words("Other", "其他"),
}
HANDLINGS: Codes = {
    "release": Words("release", "放行"),
    "document_review": Words("examination of documents", "审核单证"),
    "inspection": Words("inspection", "查验"),
}
# where the uncertainty of a conclusion comes from
UNCERTAINTIES: Codes = {
    "no_model": Words("there is no model yet", "尚无模型"),
    "novelty": Words("such goods or parties are new", "新商品或新当事人"),
    "thin_data": Words("little is known of such trade", "同类贸易数据不足"),
    "estimate": Words("the estimate's own spread", "估计本身的误差"),
}
PARAMETER_STATES: Codes = {
    "proposed": Words("proposed", "待审批"),
    "approved": Words("approved", "已批准"),
    "refused": Words("refused", "已驳回"),
    "activated": Words("active", "已启用"),
    "suspended": Words("suspended", "已暂停"),
    "expired": Words("expired", "已失效"),
    "withdrawn": Words("withdrawn", "已撤回"),
}
# what is done with a hit of a parameter
CONTROLS: Codes = {
    "document_review": Words("examination of documents", "单证审核"),
    "inspection": Words("inspection", "查验"),
    "examination": Words("laboratory examination", "检验"),
    "quarantine": Words("quarantine", "检疫"),
    "audit": Words("audit", "稽查"),
    "verification": Words("verification", "核查"),
}
# whose mean hours an impact analysis takes
HOURS_OF: Codes = {
    "hits": Words("mean of its hits", "命中报关单平均"),
    "all": Words("mean of all inspections: hits are few", "全部查验平均（命中较少）"),
    "none": Words("not known", "未知"),
}
MEASURE_STATES: Codes = {
    "refused": Words("refused", "未获批准"),
    "lifted": Words("lifted", "已解除"),
    "superseded": Words("superseded", "已被取代"),
    "ended": Words("ended", "已到期"),
    "waiting": Words("waits for an answer", "待审批"),
    "planned": Words("planned", "待生效"),
    "in_force": Words("in force", "生效中"),
}
# what is reviewed each month, what is concluded of it, and what came of that
REVIEWED: Codes = {
    "measure": Words("measure", "措施"),
    "parameter": Words("parameter", "参数"),
}
VERDICTS: Codes = {
    "keep": Words("keep", "保留"),
    "change": Words("change", "调整"),
    "drop": Words("drop", "停用"),
}
REVIEW_OUTCOMES: Codes = {
    "kept": Words("kept", "保留"),
    "waiting": Words("waiting", "待批"),
    "overdue": Words("overdue", "逾期未批"),
    "carried_out": Words("carried out", "已落实"),
    "refused": Words("refused", "未批准"),
    "lapsed": Words("lapsed", "已失效"),
    "hindered": Words("could not be carried out", "未能落实"),
}
# an office beside the others, at equal difficulty
STANDINGS: Codes = {
    "above": Words("above", "高于应有"),
    "below": Words("below", "低于应有"),
    "as_expected": Words("as expected", "符合应有"),
}
# by which way out a warning goes
RELEASE_CLASSES: Codes = {
    "bulletin": Words("bulletin inside customs", "内部通报"),
    "notice": Words("notice to parties and the public", "公告提示"),
    "notification": Words("notification to departments and abroad", "对外通报"),
}
# by what a metric is told, and which one of them: no two lists share a code
DIMENSIONS: Codes = {
    "all": Words("all together", "总计"),
    "selected_by": Words("method of selection", "选查方式"),
    "office": Words("office", "关区"),
    "domain": Words("risk domain", "风险领域"),
    "lane": Words("lane", "通道"),
    "credit_tier": Words("credit tier", "信用等级"),
    "feed": Words("feed", "数据源"),
    "parameter": Words("parameter", "参数"),
    "top_share": Words("best-ranked share", "排序前列"),
    "likelihood": Words("likelihood", "预测概率"),
}
DIMENSION_VALUES: Codes = {
    **LANES,
    **METHODS,
    **DOMAINS,
    **CREDIT_TIERS,
    **OFFICES,
    "all": Words("all", "全部"),
}
PERIODS: Codes = {
    "day": Words("day", "日"),
    "week": Words("week", "周"),
    "month": Words("month", "月"),
    "last_8_weeks": Words("last eight weeks", "近八周"),
    "all": Words("all days", "全部"),
}
# what a figure of any kind is written in, as views.Kind has it
UNITS: Codes = {
    "count": Words("number", "数量"),
    "share": Words("share", "比例"),
    "yuan": Words("yuan", "元"),
    "hours": Words("hours", "小时"),
    "days": Words("days", "天"),
    "number": Words("ratio", "比值"),
}


def pick(codes: Codes, *names: str) -> Codes:
    """Return some of a list's codes, in this order."""
    return {name: codes[name] for name in names}


def said(codes: Codes, code: object, language: Language) -> str:
    """Return what a code is called; a code that no list knows stands for itself."""
    words = codes.get(str(code))
    return words.said(language) if words else str(code)
