"""The registry of models, their life, their comparisons and their drift, as marts tell them."""

from customs_risk.codes import Codes
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

ROLES: Codes = {
    "active": Words("champion: it concludes", "现用"),
    "challenger": Words("challenger: compared in shadow", "候选"),
    "retired": Words("retired: kept for replay", "退役"),
}
EVENTS: Codes = {
    "registered": Words("registered", "登记"),
    "activated": Words("put in service", "启用"),
    "held_back": Words("held back", "暂不启用"),
    "compared": Words("compared", "比较"),
    "promoted": Words("promoted", "上线"),
    "rolled_back": Words("rolled back to", "回退启用"),
    "retired": Words("retired", "退役"),
}
MEASURES: Codes = {
    "average_precision": Words("average precision", "平均精确率"),
    "brier": Words("Brier score (less is better)", "Brier分数（越小越好）"),
    "precision_at_capacity": Words("find rate within capacity", "查验能力内查获率"),
    "revenue_at_capacity_cny": Words("revenue per inspection (CNY)", "每次查验补税（元）"),
}
SAID: Codes = {
    "worse": Words("the newer is worse", "新模型较差"),
    "not worse": Words("the newer is not worse", "新模型不差"),
    "open": Words("not told yet", "尚无定论"),
}
DRIFTS: Codes = {
    "score": Words("score (PSI)", "评分分布（PSI）"),
    "features": Words("features that shifted", "偏移特征数"),
    "feature": Words("feature (PSI)", "特征（PSI）"),
    "novelty": Words("share never learned of", "未学习对象占比"),
    "find_rate": Words("targeted over random find rate", "精准与随机查获率之比"),
}
SUBJECTS: Codes = {
    "importer": Words("importer", "进口商"),
    "hs6": Words("commodity", "商品"),
    "route": Words("route", "路线"),
    "likelihood": Words("likelihood", "概率"),
    "all": Words("all", "全部"),
}

_VERSION = Filter(
    "model_version",
    Words("Model", "模型"),
    choices="""
        select model_version, model_version, model_version
        from assessment.models order by trained_at desc
    """,
)
_ONE = Filter("model_version", Words("Model", "模型"))

REGISTRY = View(
    name="models",
    title=Words("Registry", "模型登记"),
    reads="assessment",
    note=Words(
        "AUC, average precision, Brier score and calibration error: on declarations later than "
        "those that it learned from. Baseline: XGBoost on the columns as they are.",
        "各项指标均以训练之后的报关单检验。基线：直接使用原始字段的XGBoost。",
    ),
    query="""
        select
            model_version, "role", since, trained_at, label_window_from, label_window_to, labels,
            findings, tested_rows, area_under_curve, average_precision,
            average_precision_of_baseline, brier_score, calibration_error, config_hash
        from assessment.models
        order by trained_at desc, model_version
        limit %(most)s
    """,
    most=50,
    columns=(
        Column("model_version", Words("Version", "版本"), link="models/{model_version}"),
        Column("role", Words("Role", "角色"), codes=ROLES),
        Column("since", Words("Since", "自"), "time"),
        Column("label_window_from", Words("Results from", "标签自"), "date"),
        Column("label_window_to", Words("to", "标签至"), "date"),
        Column("labels", Words("Labels", "标签数"), "count"),
        Column("findings", Words("Findings", "查获"), "count"),
        Column("tested_rows", Words("Tested on", "检验数"), "count"),
        Column("area_under_curve", Words("AUC", "AUC"), "number"),
        Column("average_precision", Words("Average precision", "平均精确率"), "number"),
        Column("average_precision_of_baseline", Words("Baseline's", "基线"), "number"),
        Column("brier_score", Words("Brier score", "Brier分数"), "number"),
        Column("calibration_error", Words("Calibration error", "校准误差"), "number"),
        Column("config_hash", Words("Configuration", "配置指纹")),
        Column("trained_at", Words("Trained", "训练时间"), "time"),
    ),
)

COMPARISONS = View(
    name="model-comparisons",
    title=Words("Champion against challenger, on the same weeks", "现用与候选模型同期比较"),
    reads="assessment",
    note=Words(
        "On results of declarations that both scored and neither learned from, weighted by the "
        "probability of being inspected; the newest comparison of each pair first. The interval "
        "is of the difference (newer less older), passed by chance 1 time in 10.",
        "基于双方均评分且均未学习的查验结果，按抽中概率加权；差值区间为新减旧的90%区间。",
    ),
    query="""
        select
            events.happened_at, events.other_version as champion,
            events.model_version as challenger, measured.key as measure,
            case when is_newer.yes then measured.value -> 'older' else measured.value -> 'newer' end
            ::float8 as champion_value,
            case when is_newer.yes then measured.value -> 'newer' else measured.value -> 'older' end
            ::float8 as challenger_value,
            (measured.value ->> 'low')::float8 as low,
            (measured.value ->> 'high')::float8 as high,
            (events.evidence ->> 'labels')::bigint as labels,
            (events.evidence ->> 'findings')::bigint as findings,
            events.evidence ->> 'verdict' as verdict
        from assessment.model_events as events
        cross join jsonb_each(events.evidence -> 'measures') as measured
        cross join lateral (
            select events.evidence ->> 'newer' = events.model_version as yes
        ) as is_newer
        where events.event = 'compared'
        order by events.event_no desc, measured.key asc
        limit %(most)s
    """,
    most=60,
    columns=(
        Column("happened_at", Words("When", "时间"), "time"),
        Column("champion", Words("Champion", "现用"), link="models/{champion}"),
        Column("challenger", Words("Challenger", "候选"), link="models/{challenger}"),
        Column("measure", Words("Measure", "指标"), codes=MEASURES),
        Column("champion_value", Words("Champion's", "现用值"), "number"),
        Column("challenger_value", Words("Challenger's", "候选值"), "number"),
        Column("low", Words("Difference from", "差值下限"), "number"),
        Column("high", Words("to", "差值上限"), "number"),
        Column("labels", Words("Results", "结果数"), "count"),
        Column("findings", Words("Findings", "查获"), "count"),
        Column("verdict", Words("Verdict", "结论"), codes=SAID),
    ),
)

_EVENTS = (
    Column("happened_at", Words("When", "时间"), "time"),
    Column("model_version", Words("Model", "模型"), link="models/{model_version}"),
    Column("event", Words("What", "事件"), codes=EVENTS),
    Column("other_version", Words("Other model", "相关模型")),
    Column("decided_by", Words("Who", "决定者")),
    Column("is_policy", Words("By policy", "按既定规则"), "flag"),
    Column("reason", Words("Why", "理由")),
)

LIFE = View(
    name="model-events",
    title=Words("What happened to the models", "模型历程"),
    reads="assessment",
    query="""
        select happened_at, model_version, event, other_version, decided_by, is_policy, reason
        from assessment.model_events
        where
            (%(model_version)s::text is null or %(model_version)s in (model_version, other_version))
        order by event_no desc
        limit %(most)s
    """,
    filters=(_VERSION,),
    most=100,
    columns=_EVENTS,
)

_TIME = Column("observed_on", Words("Week to", "截至"), "date")
_MODEL = Column("model_version", Words("Model", "模型"), link="models/{model_version}")
_NUMBERS = (
    Column("declarations", Words("Declarations", "报关单"), "count"),
    Column("threshold", Words("Threshold", "阈值"), "number"),
    Column("is_beyond", Words("Beyond", "超限"), "flag"),
)

TRIGGERS = View(
    name="training-triggers",
    title=Words("What would make training due", "重新训练触发条件"),
    reads="assessment",
    note=Words(
        "The champion's newest day. One measure beyond its threshold is enough.",
        "现用模型最近一日。任一指标超过阈值即触发重新训练。",
    ),
    query="""
        select
            drift.observed_on, drift.measure, drift.subject, drift.declarations, drift.value,
            drift.threshold, drift.is_beyond, drift.words_en, drift.words_zh
        from assessment.model_drift as drift
        where
            drift.measure <> 'feature'
            and drift.model_version = (
                select active.model_version from assessment.models as active
                where active.role = 'active'
            )
            and drift.observed_on = (
                select max(latest.observed_on) from assessment.model_drift as latest
                where latest.model_version = (
                    select active.model_version from assessment.models as active
                    where active.role = 'active'
                )
            )
        order by drift.is_beyond desc, drift.measure, drift.subject
        limit %(most)s
    """,
    columns=(
        _TIME,
        Column("measure", Words("Measure", "指标"), codes=DRIFTS),
        Column("subject", Words("Of", "对象"), codes=SUBJECTS),
        Column("value", Words("Value", "数值"), "number"),
        *_NUMBERS[1:],
        _NUMBERS[0],
        Column("words", Words("In words", "说明"), is_bilingual=True),
    ),
)

SCORE_DRIFT = View(
    name="model-score-drift",
    title=Words("Drift of the score (PSI)", "评分漂移（PSI）"),
    reads="assessment",
    note=Words(
        "How far the scores of the week that ends with a day lie from those of the weeks that "
        "the model learned from; how many features shifted with them.",
        "截至当日一周的评分分布与训练期分布的差异，以及发生偏移的特征数。",
    ),
    query="""
        select
            score.observed_on, score.model_version, score.declarations, score.value,
            score.threshold, score.is_beyond, shifted.value as shifted_features
        from assessment.model_drift as score
        left join assessment.model_drift as shifted
            on
                shifted.model_version = score.model_version
                and shifted.observed_on = score.observed_on
                and shifted.measure = 'features'
        where
            score.measure = 'score'
            and (
                %(model_version)s::text is null
                or score.model_version = %(model_version)s
            )
        order by score.observed_on desc, score.model_version desc
        limit %(most)s
    """,
    filters=(_VERSION,),
    most=90,
    columns=(
        _TIME,
        _MODEL,
        Column("value", Words("PSI", "PSI"), "number"),
        *_NUMBERS[1:],
        Column("shifted_features", Words("Features shifted", "偏移特征数"), "count"),
        _NUMBERS[0],
    ),
)

NOVELTY = View(
    name="model-novelty",
    title=Words("Novelty: what the model never learned of", "新颖度：模型未学习过的对象"),
    reads="assessment",
    query="""
        select
            drift.observed_on, drift.model_version, drift.subject, drift.declarations,
            drift.value, drift.threshold, drift.is_beyond
        from assessment.model_drift as drift
        where
            drift.measure = 'novelty'
            and (
                %(model_version)s::text is null
                or drift.model_version = %(model_version)s
            )
        order by drift.observed_on desc, drift.model_version desc, drift.subject asc
        limit %(most)s
    """,
    filters=(_VERSION,),
    most=270,
    columns=(
        _TIME,
        _MODEL,
        Column("subject", Words("Of", "对象"), codes=SUBJECTS),
        Column("value", Words("Share of declarations", "报关单占比"), "share"),
        *_NUMBERS[1:],
        _NUMBERS[0],
    ),
)

FIND_RATE = View(
    name="model-find-rate",
    title=Words("Rolling find rate against random", "滚动查获率与随机查验之比"),
    reads="assessment",
    note=Words(
        "How many times as often targeted inspections of the last four weeks found something as "
        "random ones did. Below the threshold the model no longer helps enough.",
        "最近四周精准布控查获率与随机布控查获率之比；低于阈值时模型已不足以发挥作用。",
    ),
    query="""
        select
            drift.observed_on, drift.model_version, drift.declarations, drift.value,
            drift.threshold, drift.is_beyond
        from assessment.model_drift as drift
        where
            drift.measure = 'find_rate'
            and (
                %(model_version)s::text is null
                or drift.model_version = %(model_version)s
            )
        order by drift.observed_on desc, drift.model_version desc
        limit %(most)s
    """,
    filters=(_VERSION,),
    most=90,
    columns=(
        _TIME,
        _MODEL,
        Column("value", Words("Times random's", "倍数"), "number"),
        *_NUMBERS[1:],
        Column("declarations", Words("Inspections", "查验"), "count"),
    ),
)

FEATURES = View(
    name="model-feature-drift",
    title=Words("Features that moved most (PSI, newest day)", "偏移最大的特征（PSI，最近一日）"),
    reads="assessment",
    query="""
        select
            drift.subject as feature, dictionary.meaning_en, dictionary.meaning_zh, drift.value,
            drift.threshold, drift.is_beyond
        from assessment.model_drift as drift
        left join assessment.feature_dictionary as dictionary
            on dictionary.feature = drift.subject
        where
            drift.measure = 'feature'
            and drift.model_version = %(model_version)s
            and drift.observed_on = (
                select max(latest.observed_on) from assessment.model_drift as latest
                where latest.model_version = %(model_version)s
            )
        order by drift.value desc, drift.subject asc
        limit %(most)s
    """,
    filters=(_ONE,),
    most=20,
    columns=(
        Column("feature", Words("Feature", "特征")),
        Column("meaning", Words("Meaning", "含义"), is_bilingual=True),
        Column("value", Words("PSI", "PSI"), "number"),
        *_NUMBERS[1:],
    ),
)
