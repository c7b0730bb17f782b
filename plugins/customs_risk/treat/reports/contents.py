"""From what the marts say to what a report says: figures with denominators and intervals.

A domain's find rate is its findings among all inspections whose result became known in the week: an
inspection looks for every violation. Intervals of shares are Wilson's, at 95 %, as in the marts.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from customs_risk.settings import settings
from customs_risk.treat.reports.content import Cell, Chart, Report, Section, Series, Table, Words
from customs_risk.treat.reports.queries import Answers, Rows

OVERALL = "all"
DOMAINS = {
    "prohibited_restricted": Words("Prohibited and restricted goods", "禁限管制"),
    "port_health": Words("Port public health", "口岸公共卫生"),
    "biosecurity": Words("National biosafety", "国门生物安全"),
    "food_safety": Words("Food safety", "食品安全"),
    "commodity_quality": Words("Commodity quality", "商品质量安全"),
    "tax": Words("Tax security", "税收安全"),
    "ipr": Words("Intellectual property rights", "知识产权"),
    "other": Words("Other", "其他"),
}
_UNCODED = Words("not coded", "未编码")
_WAITING = {
    "approval": Words("approval", "待审批"),
    "warning_held": Words("warning held for what it names", "因内容暂缓的预警"),
    "alarm": Words("alarm", "告警"),
    "match_review": Words("match of a subject to be reviewed", "待复核的主体匹配"),
}
_CLASSES = {
    "bulletin": Words("bulletin", "内部通报"),
    "notice": Words("notice", "公告提示"),
    "notification": Words("notification", "对外通报"),
}
_ROSE, _FELL, _SAME = (
    Words("rose", "上升"),
    Words("fell", "下降"),
    Words("not clear", "不明显"),
)
_NEW = Words("no figure before", "无上期数")
_SELECTED = {"targeted": Words("targeted", "精准布控"), "random": Words("random", "随机布控")}


def report(answers: Answers, domain: str) -> Report:
    """Return the report on a risk domain, or on ``all``."""
    year, week, _ = answers.period_from.isocalendar()
    of = Words("all risks", "总体") if domain == OVERALL else DOMAINS[domain]
    sections = (
        _headlines(answers) if domain == OVERALL else None,
        _find_rates(answers) if domain == OVERALL else _domain_rate(answers, domain),
        _by_domain(answers) if domain == OVERALL else _by_type(answers, domain),
        _signals(answers, domain),
        _changes(answers, domain),
        _warnings(answers, domain),
        _decisions(answers, domain),
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


def _headlines(answers: Answers) -> Section:
    before = {
        r["metric_code"]: r for r in answers.headlines if r["cohort_on"] < answers.period_from
    }
    rows = tuple(
        (
            Cell(str(Words(row["name_en"], row["name_zh"]))),
            _count(row["numerator"]),
            _count(row["denominator"]),
            _figure(row["value"], row["unit"]),
            _interval(row["low"], row["high"], row["unit"]),
            _figure(before.get(row["metric_code"], {}).get("value"), row["unit"]),
            Cell(str(_change(row, before.get(row["metric_code"])))),
        )
        for row in answers.headlines
        if row["cohort_on"] == answers.period_from
    )
    return Section(
        "headlines",
        Words("Key figures of what was decided in the week", "本周决定的关键指标"),
        _none_if_empty(rows, Words("Nothing was decided in the week.", "本周无决定。")),
        table=Table(_RATE_COLUMNS, rows) if rows else None,
    )


_RATE_COLUMNS = (
    Words("figure", "指标"),
    Words("numerator", "分子"),
    Words("denominator", "分母"),
    Words("value", "数值"),
    Words("95 % interval", "95%区间"),
    Words("week before", "上周"),
    Words("change", "变化"),
)


def _find_rates(answers: Answers) -> Section | None:
    series = []
    for selected_by, name in _SELECTED.items():
        told = {r["cohort_on"]: r for r in answers.find_rates if r["selected_by"] == selected_by}
        if told:
            series.append(_series(name, [told.get(week) for week in answers.weeks]))
    if not series:
        return None
    title = Words("Find rate by week of decision", "按决定周的查获率")
    chart = Chart("lines", title, _labels(answers.weeks), tuple(series))
    return Section("find_rates", title, chart=chart)


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
        "lines", title, _labels(answers.weeks), (_series(Words("find rate", "查获率"), rates),)
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
                _count(found[week, code]),
                _count(inspections[week]),
                _figure(rate["value"], "share"),
                _interval(rate["low"], rate["high"], "share"),
                _figure(last["value"], "share"),
                Cell(str(_change(rate, last))),
                _count(revenue[week, code]),
            )
        )
    columns = (*_RATE_COLUMNS, Words("revenue, CNY", "补税（元）"))
    labels = tuple(str(name.zh) for name in names.values())
    has_rates = bool(inspections[week] and names)
    return Section(
        key,
        title,
        ()
        if has_rates
        else (Words("No result became known in the week.", "本周无相应查验结果。"),),
        Chart("bars", title, labels, (_series(Words("find rate", "查获率"), rates),))
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
                    _count(sum(row[column] for row in of_feed))
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
    return Section(
        "signals",
        Words("Risk information received", "收集的风险信息"),
        _none_if_empty(rows, Words("None was received.", "本期无新增。")),
        table=Table(columns, tuple(rows)) if rows else None,
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
    return Section(
        "changes",
        Words("What changed", "变化"),
        _none_if_empty(rows, Words("Nothing left its own past.", "无偏离自身历史的事项。")),
        table=Table(columns, rows) if rows else None,
    )


def _warnings(answers: Answers, domain: str) -> Section:
    told = [row for row in answers.warnings if _is_of(row, domain)]
    counted = ("drafted", "issued", "lifted", "standing", "recipients", "receipts")
    rows = tuple(
        (
            Cell(str(name)),
            *(
                _count(sum(row[column] for row in told if row["release_class"] == code))
                for column in counted
            ),
        )
        for code, name in _CLASSES.items()
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


def _decisions(answers: Answers, domain: str) -> Section:
    rows = []
    for row in answers.decisions:
        if not _is_of(row, domain):
            continue
        kind, _, detail = row["what"].partition(":")
        name = _WAITING[kind]
        of = f" {DOMAINS[row['risk_domain']].zh}" if row["risk_domain"] in DOMAINS else ""
        rows.append(
            (
                Cell(f"{name}{f' ({detail})' if detail else ''}{of}"),
                _count(row["waiting"]),
                Cell(f"{row['since'].astimezone(settings().zone):%Y-%m-%d}"),
                _count(row["overdue"]),
            )
        )
    columns = (
        Words("what", "事项"),
        Words("waiting", "待处理"),
        Words("oldest since", "最早"),
        Words("overdue", "逾期"),
    )
    return Section(
        "decisions",
        Words("What needs a decision", "需要决策的事项"),
        _none_if_empty(rows, Words("Nothing waits for a decision.", "无待决事项。")),
        table=Table(columns, tuple(rows)) if rows else None,
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


def _series(name: Words, rates: Iterable[dict[str, Any] | None]) -> Series:
    told = [rate or {} for rate in rates]
    columns = (tuple(rate.get(end) for rate in told) for end in ("value", "low", "high"))
    return Series(name, *columns)


def _labels(weeks: Iterable[date]) -> tuple[str, ...]:
    return tuple(f"{week:%m-%d}" for week in weeks)


def _change(now: dict[str, Any], before: dict[str, Any] | None) -> Words:
    """Return how a figure moved: it rose or fell if the two intervals have nothing in common."""
    if not before or before["value"] is None or now["value"] is None:
        return _NEW
    if None in (now["low"], now["high"], before["low"], before["high"]):
        return _SAME
    if now["low"] > before["high"]:
        return _ROSE
    return _FELL if now["high"] < before["low"] else _SAME


def _count(value: float | None) -> Cell:
    if value is None:
        return Cell("–")
    text = f"{value:,.0f}" if float(value).is_integer() or value >= 1000 else f"{value:,.2f}"
    return Cell(text, float(value))


def _figure(value: float | None, unit: str) -> Cell:
    return Cell("–") if value is None else Cell(_said(value, unit), float(value))


def _interval(low: float | None, high: float | None, unit: str) -> Cell:
    if low is None or high is None:
        return Cell("–")
    return Cell(f"{_said(low, unit)} – {_said(high, unit)}")


def _said(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _none_if_empty(rows: Any, words: Words) -> tuple[Words, ...]:
    return () if rows else (words,)
