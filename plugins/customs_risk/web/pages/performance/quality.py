"""How good the assessment is: calibrated, and violations ranked before the rest."""

from customs_risk.web.pages.performance.rates import COHORT, FROM, PERIOD
from customs_risk.web.views import Column, View
from customs_risk.words import Words

CALIBRATION = View(
    name="calibration",
    title=Words("Calibration: does 20 % mean 20 %?", "校准：预测20%是否即20%"),
    reads="feedback",
    note=Words(
        "Declarations by what the model predicted, and how many were in violation, each inspection "
        "weighed by 1 over its probability. On the dotted line prediction and finding agree. "
        "The newest period of the kind chosen is shown.",
        "按预测概率分箱的违规比例，查验按被选概率倒数加权；虚线上预测与查获一致。显示所选类别的最近期间。",
    ),
    query="""
        select
            period_from, period_to, likelihood_from, likelihood_to, mean_likelihood,
            find_rate, find_rate_low, find_rate_high, inspections, estimated_declarations
        from feedback.calibration
        where
            period_kind = %(period)s
            and period_from = (
                select max(newest.period_from)
                from feedback.calibration as newest
                where newest.period_kind = %(period)s
            )
        order by likelihood_from
        limit %(most)s
    """,
    filters=(PERIOD,),
    columns=(
        Column("period_from", Words("From", "起始日"), "date"),
        Column("likelihood_from", Words("Predicted from", "预测自"), "share"),
        Column("likelihood_to", Words("to", "至"), "share"),
        Column("mean_likelihood", Words("Mean likelihood", "平均预测概率"), "share"),
        Column("find_rate", Words("Found, reweighted", "加权查获率"), "share"),
        Column("find_rate_low", Words("Low", "下限"), "share"),
        Column("find_rate_high", Words("High", "上限"), "share"),
        Column("inspections", Words("Inspections", "查验"), "count"),
        Column(
            "estimated_declarations", Words("Declarations they stand for", "代表报关单"), "count"
        ),
    ),
)

SCORES = View(
    name="calibration-scores",
    title=Words("Brier score and calibration error", "布里尔分数与校准误差"),
    reads="feedback",
    note=Words(
        "Mean squared, and mean absolute, difference between prediction and finding; lower is "
        "better. With few results the second is too high by chance.",
        "预测与查获之差的均方与绝对均值，越低越好；样本少时后者偏高。",
    ),
    query="""
        select
            period_from, period_to, max(brier_score) as brier_score,
            max(brier_score_low) as brier_score_low, max(brier_score_high) as brier_score_high,
            max(expected_calibration_error) as expected_calibration_error,
            sum(inspections) as inspections
        from feedback.calibration
        where
            period_kind = case %(cohort)s when 'month' then 'month' else 'week' end
            and (%(from_on)s::date is null or period_from >= %(from_on)s)
        group by period_from, period_to
        order by period_from desc
        limit least(%(most)s, 104)
    """,
    filters=(COHORT, FROM),
    columns=(
        Column("period_from", Words("From", "起始日"), "date"),
        Column("brier_score", Words("Brier score", "布里尔分数"), "number"),
        Column("brier_score_low", Words("Low", "下限"), "number"),
        Column("brier_score_high", Words("High", "上限"), "number"),
        Column(
            "expected_calibration_error",
            Words("Expected calibration error", "期望校准误差"),
            "number",
        ),
        Column("inspections", Words("Inspections", "查验"), "count"),
    ),
)

RANKING = View(
    name="ranking-quality",
    title=Words(
        "Ranking: how much lies in the best-ranked 1, 2, 5 and 10 %", "排序质量：前1%、2%、5%、10%"
    ),
    reads="feedback",
    note=Words(
        "Of every office's day the best-ranked share by the model: how many of it are in violation "
        "(precision), and which part of all violations and of all revenue it holds.",
        "各关区每日按模型排序的前列：其中违规比例（精确率），及占全部违规与全部补税的比例（召回率）。",
    ),
    query="""
        select
            period_from, period_to, top_share, "precision", precision_low, precision_high,
            recall, recall_low, recall_high, revenue_recall, revenue_recall_low,
            revenue_recall_high, inspected_in_top, findings_in_top
        from feedback.ranking_quality
        where
            period_kind = %(period)s
            and period_from = (
                select max(newest.period_from)
                from feedback.ranking_quality as newest
                where newest.period_kind = %(period)s
            )
        order by top_share
        limit %(most)s
    """,
    filters=(PERIOD,),
    columns=(
        Column("period_from", Words("From", "起始日"), "date"),
        Column("top_share", Words("Best-ranked", "排序前列"), "share"),
        Column("precision", Words("Precision", "精确率"), "share"),
        Column("precision_low", Words("Low", "下限"), "share"),
        Column("precision_high", Words("High", "上限"), "share"),
        Column("recall", Words("Of all violations", "占全部违规"), "share"),
        Column("recall_low", Words("Low", "下限"), "share"),
        Column("recall_high", Words("High", "上限"), "share"),
        Column("revenue_recall", Words("Of all revenue", "占全部补税"), "share"),
        Column("revenue_recall_low", Words("Low", "下限"), "share"),
        Column("revenue_recall_high", Words("High", "上限"), "share"),
        Column("inspected_in_top", Words("Inspected", "查验"), "count"),
    ),
)

DEFINITIONS = View(
    name="metric-definitions",
    title=Words("What the figures mean", "指标定义"),
    reads="feedback",
    query="""
        select
            metric_code, name_en, name_zh, definition_en, definition_zh, numerator_en, numerator_zh,
            denominator_en, denominator_zh, unit, interval_method, reason_en, reason_zh
        from feedback.metric_definitions
        order by metric_code
        limit %(most)s
    """,
    columns=(
        Column("name", Words("Figure", "指标"), is_bilingual=True),
        Column("definition", Words("Meaning", "含义"), is_bilingual=True),
        Column("numerator", Words("Numerator", "分子"), is_bilingual=True),
        Column("denominator", Words("Denominator", "分母"), is_bilingual=True),
        Column("unit", Words("Unit", "单位")),
        Column("interval_method", Words("Interval", "区间方法")),
        Column("reason", Words("Why it is not told", "未计算原因"), is_bilingual=True),
        Column("metric_code", Words("Code", "代码")),
    ),
)
