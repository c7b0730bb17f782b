"""The monthly report for management: how well what was done worked, from the feedback marts alone.

The same kinds of section as the weekly ones (contents.py), over a month and a year back.
"""

from typing import Any

from customs_risk.codes import METHODS, REVIEW_OUTCOMES, REVIEWED, STANDINGS, VERDICTS
from customs_risk.settings import settings
from customs_risk.treat.reports.cells import change, count, figure, interval, listed, series
from customs_risk.treat.reports.content import Cell, Chart, Report, Section, Series, Table
from customs_risk.treat.reports.contents import (
    OVERALL,
    RATE_COLUMNS,
    decisions,
    find_rates,
    headlines,
)
from customs_risk.treat.reports.monthly_queries import MonthAnswers
from customs_risk.words import Words

_BEFORE = Words("month before", "上月")
_CHANGE = Words("change", "变化")
_INTERVAL = Words("95 % interval", "95%区间")


def monthly_report(answers: MonthAnswers) -> Report:
    """Return the report on a month, of all risks."""
    month = answers.period_from
    return Report(
        report_id=f"R{month:%Y}M{month:%m}-{OVERALL}",
        risk_domain=OVERALL,
        title=Words(
            f"Monthly report on risk management {month:%Y-%m}",
            f"风险管理月报 {month.year}年{month.month}月",
        ),
        period_from=month,
        period_to=answers.period_to,
        as_of=answers.as_of.astimezone(settings().zone),
        sections=(
            headlines(
                answers.headlines,
                month,
                Words("Key figures of what was decided in the month", "本月决定的关键指标"),
                Words("Nothing was decided in the month.", "本月无决定。"),
                _BEFORE,
            ),
            _find_rates(answers),
            _revenue(answers),
            _leakage(answers),
            _calibration(answers),
            _offices(answers),
            _reviewed(answers),
            _reviews(answers),
            _feeds(answers),
            decisions(answers.decisions, OVERALL),
        ),
        kind="monthly",
    )


def _find_rates(answers: MonthAnswers) -> Section:
    lines = find_rates(answers.find_rates, answers.months)
    title = Words("Find rate by how inspections were selected", "按选查方式的查获率")
    return Section(
        "find_rates",
        title,
        chart=_over_months(answers, title, lines) if lines else None,
        table=_by_method(answers, "find_rate"),
    )


def _revenue(answers: MonthAnswers) -> Section:
    table = _by_method(answers, "revenue_per_officer_hour")
    return Section(
        "revenue",
        Words("Revenue per officer-hour, CNY", "每工时补税（元）"),
        () if table else (Words("No result states its hours.", "无填报工时的结果。"),),
        table=table,
    )


def _by_method(answers: MonthAnswers, metric_code: str) -> Table | None:
    told = [row for row in answers.by_method if row["metric_code"] == metric_code]
    before = {row["selected_by"]: row for row in told if row["cohort_on"] < answers.period_from}
    rows = tuple(
        (
            Cell(str(METHODS[row["selected_by"]])),
            *_rate(row),
            figure(before.get(row["selected_by"], {}).get("value"), row["unit"]),
            Cell(str(change(row, before.get(row["selected_by"])))),
        )
        for row in told
        if row["cohort_on"] == answers.period_from
    )
    selected = Words("selected by", "选查方式")
    return Table((selected, *RATE_COLUMNS[1:], _BEFORE, _CHANGE), rows) if rows else None


def _rate(row: dict[str, Any]) -> tuple[Cell, ...]:
    return (
        count(row["numerator"]),
        count(row["denominator"]),
        figure(row["value"], row["unit"]),
        interval(row["low"], row["high"], row["unit"]),
    )


def _leakage(answers: MonthAnswers) -> Section:
    by_month = {row["period_from"]: row for row in answers.leakage}
    title = Words(
        "Compliance and leakage, estimated from random inspections",
        "合规率与漏检（由随机查验估计）",
    )
    rates = [
        {end: row[f"compliance_rate{tail}"] for end, tail in _ENDS.items()} if row else None
        for row in (by_month.get(month) for month in answers.months)
    ]
    lines = (series(Words("compliance rate", "合规率"), rates),)
    now = by_month.get(answers.period_from)
    rows = tuple(_leaked(now)) if now else ()
    columns = (
        Words("estimate", "估计"),
        Words("random inspections with a result", "已反馈随机查验"),
        Words("value", "数值"),
        _INTERVAL,
    )
    return listed(
        "leakage",
        title,
        columns,
        rows,
        Words("Nothing was decided in the month.", "本月无决定。"),
        _over_months(answers, title, lines),
    )


_ENDS = {"value": "", "low": "_low", "high": "_high"}
_LEAKED = {
    "compliance_rate": (Words("compliance rate", "合规率"), "share"),
    "leaked_violations": (Words("violations that slipped through", "漏检违规数"), "count"),
    "leaked_revenue_cny": (Words("revenue that slipped through, CNY", "漏检税款（元）"), "CNY"),
}


def _leaked(row: dict[str, Any]) -> list[tuple[Cell, ...]]:
    return [
        (
            Cell(str(name)),
            count(row["sampled"]),
            figure(row[column], unit),
            interval(row[f"{column}_low"], row[f"{column}_high"], unit),
        )
        for column, (name, unit) in _LEAKED.items()
    ]


def _calibration(answers: MonthAnswers) -> Section:
    told = answers.calibration
    title = Words("Calibration: find rate by predicted likelihood", "校准：各预测概率区间的查获率")
    rows = tuple(
        (
            Cell(_bin(row)),
            count(row["inspections"]),
            figure(row["mean_likelihood"], "share"),
            figure(row["find_rate"], "share"),
            interval(row["find_rate_low"], row["find_rate_high"], "share"),
        )
        for row in told
    )
    rates = [{end: row[f"find_rate{tail}"] for end, tail in _ENDS.items()} for row in told]
    chart = Chart(
        "bars",
        title,
        tuple(_bin(row) for row in told),
        (series(Words("find rate", "查获率"), rates),),
    )
    columns = (
        Words("likelihood", "预测概率"),
        Words("inspections", "查验数"),
        Words("mean likelihood", "平均预测概率"),
        Words("find rate", "查获率"),
        _INTERVAL,
    )
    return listed(
        "calibration",
        title,
        columns,
        rows,
        Words("No model's likelihood has a result.", "无模型概率的反馈结果。"),
        chart,
    )


def _bin(row: dict[str, Any]) -> str:
    return f"{100 * row['likelihood_from']:.0f}–{100 * row['likelihood_to']:.0f} %"


def _offices(answers: MonthAnswers) -> Section:
    rows = tuple(
        (
            Cell(row["office_code"]),
            count(row["inspections"]),
            count(row["findings"]),
            figure(row["expected_as_selected"], "findings"),
            figure(row["relative_find_rate"], "ratio"),
            interval(row["relative_find_rate_low"], row["relative_find_rate_high"], "ratio"),
            Cell(str(STANDINGS[row["standing"]])),
        )
        for row in answers.offices
    )
    columns = (
        Words("office", "关区"),
        Words("inspections", "查验数"),
        Words("findings", "查获数"),
        Words("expected", "应有查获"),
        Words("found over expected", "相对查获率"),
        _INTERVAL,
        Words("standing", "判断"),
    )
    return listed(
        "offices",
        Words("Offices at equal difficulty", "关区比较（难度相同）"),
        columns,
        rows,
        Words("No office has results to compare.", "无可比较的结果。"),
    )


def _reviewed(answers: MonthAnswers) -> Section:
    rows = tuple(
        (
            Cell(f"{REVIEWED[row['subject_kind']]}: {VERDICTS[row['verdict']]}"),
            Cell(str(REVIEW_OUTCOMES[row["status"]])),
            count(row["reviews"]),
        )
        for row in answers.reviewed
    )
    columns = (
        Words("reviewed", "评价对象与结论"),
        Words("what came of it", "结果"),
        Words("number", "数量"),
    )
    return listed(
        "reviewed",
        Words("Effectiveness reviews of the month", "本月有效性评价"),
        columns,
        rows,
        Words("Nothing was reviewed.", "本月无评价。"),
    )


def _reviews(answers: MonthAnswers) -> Section:
    rows = tuple(
        (
            Cell(_recommended(row)),
            count(row["hits"]),
            count(row["inspected"]),
            count(row["findings"]),
            figure(row["expected_precision"], "share"),
            interval(row["precision_low"], row["precision_high"], "share"),
            figure(row["random_rate"], "share"),
            Cell(str(REVIEW_OUTCOMES[row["status"]])),
        )
        for row in answers.reviews
    )
    columns = (
        Words("what is recommended, and why", "建议与理由"),
        Words("hits", "命中"),
        Words("inspected", "查验"),
        Words("findings", "查获"),
        Words("precision", "命中查获率"),
        _INTERVAL,
        Words("random at the same offices", "同关区随机"),
        Words("what came of it", "结果"),
    )
    return listed(
        "reviews",
        Words("What reviews recommend to change or drop", "评价建议调整或停用的事项"),
        columns,
        rows,
        Words("All that was reviewed is kept.", "评价对象均予保留。"),
    )


def _recommended(row: dict[str, Any]) -> str:
    version = "" if row["version"] is None else f" v{row['version']}"
    of, what = REVIEWED[row["subject_kind"]], VERDICTS[row["verdict"]]
    return f"{of.zh}{row['subject_id']}{version} {what}：{row['reason_zh']} / {row['reason_en']}"


def _feeds(answers: MonthAnswers) -> Section:
    rows = tuple(
        (
            Cell(row["feed"]),
            count(row["rows"]),
            *(figure(row[share], "share") for share in ("accurate", "complete", "timely")),
        )
        for row in answers.feeds
    )
    columns = (
        Words("feed", "数据源"),
        Words("rows", "行数"),
        Words("accurate", "准确"),
        Words("complete", "完整"),
        Words("timely", "及时"),
    )
    return listed(
        "feeds",
        Words("Quality of what was delivered", "数据质量"),
        columns,
        rows,
        Words("Nothing was delivered.", "本月无数据交付。"),
    )


def _over_months(answers: MonthAnswers, title: Words, lines: tuple[Series, ...]) -> Chart:
    return Chart("lines", title, tuple(f"{month:%Y-%m}" for month in answers.months), lines)
