"""From what the marts say to what a report says: figures with denominators and intervals.

A domain's find rate is its findings among all inspections whose result became known in the week: an
inspection looks for every violation. Intervals of shares are Wilson's, at 95 %, as in the marts.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from customs_risk.codes import DOMAINS, METHODS, RELEASE_CLASSES, pick
from customs_risk.settings import settings
from customs_risk.treat.reports.cells import (
    change,
    count,
    figure,
    interval,
    listed,
    series,
)
from customs_risk.treat.reports.content import Cell, Chart, Report, Section, Series, Table
from customs_risk.treat.reports.queries import Answers, Rows
from customs_risk.words import Words

OVERALL = "all"
_UNCODED = Words("not coded", "未编码")
_WAITING = {
    "approval": Words("approval", "待审批"),
    "warning_held": Words("warning held for what it names", "因内容暂缓的预警"),
    "alarm": Words("alarm", "告警"),
    "match_review": Words("match of a subject to be reviewed", "待复核的主体匹配"),
}
_COMPARED = pick(METHODS, "targeted", "random")


def report(answers: Answers, domain: str) -> Report:
    """Return the report on a risk domain, or on ``all``."""
    year, week, _ = answers.period_from.isocalendar()
    of = Words("all risks", "总体") if domain == OVERALL else DOMAINS[domain]
    sections = (
        _of_week(answers) if domain == OVERALL else None,
        _find_rates(answers) if domain == OVERALL else _domain_rate(answers, domain),
        _by_domain(answers) if domain == OVERALL else _by_type(answers, domain),
        _signals(answers, domain),
        _changes(answers, domain),
        _warnings(answers, domain),
        decisions(answers.decisions, domain),
    )
    return Report(
        report_id=f"R{year}W{week:02d}-{domain}",
        risk_domain=domain,
        title=Words(
            f"Weekly risk analysis {year}-W{week:02d}: {of.en}",
            f"风险分析周报 {year}年第{week}周：{of.zh}",
        ),
        period_from=answers.period_from,
        period_to=answers.period_to,
        as_of=answers.as_of.astimezone(settings().zone),
        sections=tuple(section for section in sections if section),
    )


def wilson(hits: int, trials: int) -> tuple[float | None, float | None]:
    """Return the ends of the 95 % Wilson interval of a share; None of no trials."""
    if not trials:
        return None, None
    from scipy.stats import binomtest

    ends = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    return float(ends.low), float(ends.high)


def headlines(
    told: Rows, period_from: date, title: Words, nothing: Words, before: Words
) -> Section:
    """Return the key figures of a period beside those of the one before, which ``before`` names."""
    earlier = {r["metric_code"]: r for r in told if r["cohort_on"] < period_from}
    rows = tuple(
        (
            Cell(str(Words(row["name_en"], row["name_zh"]))),
            count(row["numerator"]),
            count(row["denominator"]),
            figure(row["value"], row["unit"]),
            interval(row["low"], row["high"], row["unit"]),
            figure(earlier.get(row["metric_code"], {}).get("value"), row["unit"]),
            Cell(str(change(row, earlier.get(row["metric_code"])))),
        )
        for row in told
        if row["cohort_on"] == period_from
    )
    columns = (*RATE_COLUMNS, before, Words("change", "变化"))
    return listed(
        "headlines",
        title,
        columns,
        rows,
        nothing,
    )


RATE_COLUMNS = (
    Words("figure", "指标"),
    Words("numerator", "分子"),
    Words("denominator", "分母"),
    Words("value", "数值"),
    Words("95 % interval", "95%区间"),
)
_WEEK_BEFORE = Words("week before", "上周")


def _of_week(answers: Answers) -> Section:
    return headlines(
        answers.headlines,
        answers.period_from,
        Words("Key figures of what was decided in the week", "本周决定的关键指标"),
        Words("Nothing was decided in the week.", "本周无决定。"),
        _WEEK_BEFORE,
    )


def _find_rates(answers: Answers) -> Section | None:
    lines = find_rates(answers.find_rates, answers.weeks)
    if not lines:
        return None
    title = Words("Find rate by week of decision", "按决定周的查获率")
    chart = Chart("lines", title, _labels(answers.weeks), lines)
    return Section("find_rates", title, chart=chart)


def find_rates(told: Rows, periods: Iterable[date]) -> tuple[Series, ...]:
    """Return the find rates of targeted and of random inspections over periods."""
    lines = []
    for selected_by, name in _COMPARED.items():
        of = {row["cohort_on"]: row for row in told if row["selected_by"] == selected_by}
        if of:
            lines.append(series(name, [of.get(period) for period in periods]))
    return tuple(lines)


def _domain_rate(answers: Answers, domain: str) -> Section | None:
    inspections = {row["week_on"]: row["inspections"] for row in answers.inspections}
    if not inspections:
        return None
    found = _sum(answers.findings, "findings", lambda row: row["week_on"], domain)
    rates = [_rate(found[week], inspections.get(week, 0)) for week in answers.weeks]
    title = Words(
        "Findings of the domain per inspection, by week of result", "按结果周的本领域查获率"
    )
    chart = Chart(
        "lines", title, _labels(answers.weeks), (series(Words("find rate", "查获率"), rates),)
    )
    return Section("domain_rate", title, chart=chart)


def _by_domain(answers: Answers) -> Section:
    names = {**DOMAINS, "uncoded": _UNCODED}
    return _found(
        answers,
        "by_domain",
        Words("Findings by risk domain, results known in the week", "本周结果按风险领域的查获"),
        names,
        lambda row: row["risk_domain"],
        OVERALL,
    )


def _by_type(answers: Answers, domain: str) -> Section:
    names = {
        row["finding_type"]: Words(row["name_en"], row["name_zh"])
        for row in answers.findings
        if row["risk_domain"] == domain
    }
    title = Words("Findings by kind, results known in the week", "本周结果按查获类型")
    return _found(answers, "by_type", title, names, lambda row: row["finding_type"], domain)


def _found(
    answers: Answers,
    key: str,
    title: Words,
    names: dict[str, Words],
    told: Callable[[dict[str, Any]], str],
    domain: str,
) -> Section:
    """Return findings by what ``told`` says of them, each against all inspections of its week."""
    week, before = answers.weeks[-1], answers.weeks[-2]
    inspections = Counter({row["week_on"]: row["inspections"] for row in answers.inspections})
    found = _sum(answers.findings, "findings", lambda row: (row["week_on"], told(row)), domain)
    revenue = _sum(answers.findings, "revenue_cny", lambda row: (row["week_on"], told(row)), domain)
    rows, rates = [], []
    for code, name in names.items():
        rate = _rate(found[week, code], inspections[week])
        last = _rate(found[before, code], inspections[before])
        rates.append(rate)
        rows.append(
            (
                Cell(str(name)),
                count(found[week, code]),
                count(inspections[week]),
                figure(rate["value"], "share"),
                interval(rate["low"], rate["high"], "share"),
                figure(last["value"], "share"),
                Cell(str(change(rate, last))),
                count(revenue[week, code]),
            )
        )
    moved = (_WEEK_BEFORE, Words("change", "变化"))
    columns = (*RATE_COLUMNS, *moved, Words("revenue, CNY", "补税（元）"))
    labels = tuple(str(name.zh) for name in names.values())
    has_rates = bool(inspections[week] and names)
    return Section(
        key,
        title,
        ()
        if has_rates
        else (Words("No result became known in the week.", "本周无相应查验结果。"),),
        Chart("bars", title, labels, (series(Words("find rate", "查获率"), rates),))
        if has_rates
        else None,
        Table(columns, tuple(rows)) if rows else None,
    )


def _signals(answers: Answers, domain: str) -> Section:
    told = [row for row in answers.signals if _is_of(row, domain)]
    kinds = sorted({row["feed"] for row in told})
    rows = []
    for feed in kinds:
        of_feed = [row for row in told if row["feed"] == feed]
        rows.append(
            (
                Cell(feed),
                *(
                    count(sum(row[column] for row in of_feed))
                    for column in ("signals", "severe", "signals_before")
                ),
            )
        )
    columns = (
        Words("source", "来源"),
        Words("adverse signals known in the week", "本周不利信息"),
        Words("of these severe", "其中严重"),
        Words("week before", "上周"),
    )
    return listed(
        "signals",
        Words("Risk information received", "收集的风险信息"),
        columns,
        rows,
        Words("None was received.", "本期无新增。"),
    )


def _changes(answers: Answers, domain: str) -> Section:
    told = [row for row in answers.focus if _is_of(row, domain)]
    rows = tuple(
        (
            Cell(str(Words(row["en"], row["zh"]))),
            Cell(str(row["detected_on"])),
            Cell(str(row["ended_on"] or "")),
        )
        for row in told
    )
    columns = (
        Words("what left its own past", "偏离自身历史的事项"),
        Words("noticed", "发现"),
        Words("ended", "结束"),
    )
    return listed(
        "changes",
        Words("What changed", "变化"),
        columns,
        rows,
        Words("Nothing left its own past.", "无偏离自身历史的事项。"),
    )


def _warnings(answers: Answers, domain: str) -> Section:
    told = [row for row in answers.warnings if _is_of(row, domain)]
    counted = ("drafted", "issued", "lifted", "standing", "recipients", "receipts")
    rows = tuple(
        (
            Cell(str(name)),
            *(
                count(sum(row[column] for row in told if row["release_class"] == code))
                for column in counted
            ),
        )
        for code, name in RELEASE_CLASSES.items()
    )
    columns = (
        Words("warnings", "预警"),
        Words("drafted", "起草"),
        Words("issued", "发布"),
        Words("lifted", "解除"),
        Words("standing at the end", "期末有效"),
        Words("recipients", "接收方"),
        Words("receipts", "回执"),
    )
    return Section("warnings", Words("Warnings", "预警"), table=Table(columns, rows))


def decisions(told: Rows, domain: str) -> Section:
    """Return what waits for somebody in a domain, or in all."""
    rows = []
    for row in told:
        if not _is_of(row, domain):
            continue
        kind, _, detail = row["what"].partition(":")
        name = _WAITING[kind]
        of = f" {DOMAINS[row['risk_domain']].zh}" if row["risk_domain"] in DOMAINS else ""
        rows.append(
            (
                Cell(f"{name}{f' ({detail})' if detail else ''}{of}"),
                count(row["waiting"]),
                Cell(f"{row['since'].astimezone(settings().zone):%Y-%m-%d}"),
                count(row["overdue"]),
            )
        )
    columns = (
        Words("what", "事项"),
        Words("waiting", "待处理"),
        Words("oldest since", "最早"),
        Words("overdue", "逾期"),
    )
    return listed(
        "decisions",
        Words("What needs a decision", "需要决策的事项"),
        columns,
        rows,
        Words("Nothing waits for a decision.", "无待决事项。"),
    )


def _is_of(row: dict[str, Any], domain: str) -> bool:
    return domain in (OVERALL, row["risk_domain"])


def _sum(rows: Rows, column: str, key: Callable[[Any], Any], domain: str) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for row in rows:
        if _is_of(row, domain):
            total[key(row)] += row[column]
    return total


def _rate(hits: int, trials: int) -> dict[str, Any]:
    low, high = wilson(hits, trials)
    return {"value": hits / trials if trials else None, "low": low, "high": high}


def _labels(weeks: Iterable[date]) -> tuple[str, ...]:
    return tuple(f"{week:%m-%d}" for week in weeks)
