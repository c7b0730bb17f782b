"""Performance: how accurate, how effective, at what cost, and what slips through."""

from customs_risk.web.charts import Chart
from customs_risk.web.page import Page, Section
from customs_risk.web.pages.performance import behind, offices, quality, rates
from customs_risk.words import Words

_WEEK = Words("from", "起始日")
_SHARE = Words("share", "比例")

PAGE = Page(
    name="performance",
    title=Words("Performance", "绩效"),
    about=Words(
        "How accurate the assessment is, how effective the treatment, what it costs in hours, and "
        "what slips through: every figure with its interval, what it is counted from, and the "
        "declarations behind it.",
        "评估是否准确、处置是否有效、耗用多少工时、漏检多少：各项指标均附区间、分子分母及对应报关单。",
    ),
    reads="feedback",
    below=(behind.PAGE,),
    sections=(
        Section(
            rates.FIND_RATES,
            charts=(
                Chart(
                    title=Words("Find rate, with 95 % intervals", "查获率及95%区间"),
                    x="cohort_on",
                    y="value",
                    low="low",
                    high="high",
                    by="dimension_value",
                    x_title=_WEEK,
                    y_title=Words("find rate", "查获率"),
                    is_share=True,
                ),
            ),
        ),
        Section(rates.BY_METHOD),
        Section(
            rates.VIOLATIONS,
            charts=(
                Chart(
                    title=Words("Share of declarations in violation", "违规报关单占比"),
                    x="period_from",
                    y="violation_rate",
                    low="violation_rate_low",
                    high="violation_rate_high",
                    x_title=_WEEK,
                    y_title=_SHARE,
                    is_share=True,
                ),
            ),
        ),
        Section(
            quality.CALIBRATION,
            charts=(
                Chart(
                    title=Words("Reliability: predicted against found", "可靠性：预测与查获"),
                    x="mean_likelihood",
                    y="find_rate",
                    low="find_rate_low",
                    high="find_rate_high",
                    form="points",
                    x_title=Words("mean likelihood", "平均预测概率"),
                    y_title=Words("find rate, reweighted", "加权查获率"),
                    is_share=True,
                    diagonal=True,
                ),
            ),
        ),
        Section(quality.SCORES),
        Section(
            quality.RANKING,
            charts=(
                Chart(
                    title=Words(
                        "Violations found in the best-ranked share", "排序前列中的违规占比"
                    ),
                    x="top_share",
                    y="recall",
                    low="recall_low",
                    high="recall_high",
                    x_title=Words("best-ranked share", "排序前列"),
                    y_title=Words("share of all violations", "占全部违规比例"),
                    is_share=True,
                ),
            ),
        ),
        Section(
            rates.REVENUE,
            charts=(
                Chart(
                    title=Words(
                        "Revenue per inspection and per officer-hour", "每次查验与每工时补税"
                    ),
                    x="cohort_on",
                    y="value",
                    low="low",
                    high="high",
                    by="metric",
                    x_title=_WEEK,
                    y_title=Words("yuan", "元"),
                ),
            ),
        ),
        Section(
            offices.COMPARISON,
            charts=(
                Chart(
                    title=Words("Found against expected, by office", "各关区查获与应有之比"),
                    x="office_code",
                    y="relative_find_rate",
                    low="relative_find_rate_low",
                    high="relative_find_rate_high",
                    form="points",
                    x_title=Words("office", "关区"),
                    y_title=Words("1 is as expected", "1为符合应有水平"),
                ),
            ),
        ),
        Section(rates.FALSE_POSITIVES),
        Section(
            rates.RELEASE_TIMES,
            charts=(
                Chart(
                    title=Words("Hours to release, all lanes", "放行时间"),
                    x="cohort_on",
                    y="value",
                    by="metric",
                    x_title=_WEEK,
                    y_title=Words("hours", "小时"),
                ),
            ),
        ),
        Section(quality.DEFINITIONS),
    ),
)
