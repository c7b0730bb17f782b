"""The monthly report from given answers: what it says on the page and in print."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import lxml.html
from pypdf import PdfReader

from customs_risk.treat.reports import charts, page, printed
from customs_risk.treat.reports.content import Report
from customs_risk.treat.reports.monthly import monthly_report
from customs_risk.treat.reports.monthly_queries import MonthAnswers

MONTH, BEFORE = date(2026, 6, 1), date(2026, 5, 1)


def rate(month: date, value: float, **told: object) -> dict[str, object]:
    return {
        "metric_code": "find_rate", "name_en": "Find rate", "name_zh": "查获率", "unit": "share",
        "cohort_on": month, "numerator": 1000 * value, "denominator": 1000.0, "value": value,
        "low": value - 0.02, "high": value + 0.02, **told,
    }  # fmt: skip


ANSWERS = MonthAnswers(
    period_from=MONTH,
    as_of=datetime(2026, 7, 8, 1, tzinfo=UTC),
    headlines=[rate(BEFORE, 0.1), rate(MONTH, 0.2)],
    find_rates=[
        rate(month, 0.2, selected_by=told)
        for told in ("targeted", "random")
        for month in (BEFORE, MONTH)
    ],
    by_method=[
        rate(BEFORE, 0.3, selected_by="targeted"),
        rate(MONTH, 0.31, selected_by="targeted"),
        rate(MONTH, 0.07, selected_by="random"),
        rate(
            MONTH, 512.0, selected_by="random", metric_code="revenue_per_officer_hour",
            unit="CNY per hour",
        ),
    ],
    leakage=[
        {
            "period_from": MONTH, "sampled": 400, "compliance_rate": 0.931,
            "compliance_rate_low": 0.92, "compliance_rate_high": 0.94, "leaked_violations": 1234.0,
            "leaked_violations_low": 1000.0, "leaked_violations_high": 1500.0,
            "leaked_revenue_cny": None, "leaked_revenue_cny_low": None,
            "leaked_revenue_cny_high": None,
        }
    ],
    calibration=[
        {
            "likelihood_from": 0.1, "likelihood_to": 0.2, "inspections": 77,
            "mean_likelihood": 0.142, "find_rate": 0.155, "find_rate_low": 0.1,
            "find_rate_high": 0.21,
        }
    ],
    offices=[
        {
            "office_code": "2201", "inspections": 300, "findings": 60,
            "expected_as_selected": 33.3, "relative_find_rate": 1.7, "relative_find_rate_low": 1.2,
            "relative_find_rate_high": 2.1, "standing": "above",
        }
    ],
    reviewed=[
        {"subject_kind": "parameter", "verdict": "drop", "status": "refused", "reviews": 1},
        {"subject_kind": "measure", "verdict": "keep", "status": "kept", "reviews": 12},
    ],
    reviews=[
        {
            "subject_kind": "parameter", "subject_id": "WINE", "version": 2, "verdict": "drop",
            "reason_en": "41 inspected hits and no finding", "reason_zh": "查验命中41份，无查获",
            "status": "refused", "hits": 41, "inspected": 41, "findings": 0,
            "expected_precision": 0.0, "precision_low": 0.0, "precision_high": 0.086,
            "random_rate": 0.07,
        }
    ],
    feeds=[
        {"feed": "declarations", "accurate": 0.998, "complete": 1.0, "timely": None, "rows": 9999.0}
    ],
    decisions=[
        {
            "risk_domain": "none", "what": "approval:review", "waiting": 3,
            "since": datetime(2026, 7, 8, tzinfo=UTC), "overdue": 1,
        }
    ],
)  # fmt: skip
EMPTY = replace(
    ANSWERS,
    **{name: [] for name, value in vars(ANSWERS).items() if isinstance(value, list)},
)


def drawn(report: Report) -> dict[str, str]:
    return {each.key: charts.draw(each.chart, each.key) for each in report.sections if each.chart}


def said(report: Report) -> dict[str, dict[str, list[str]]]:
    """Return what the page says: by section, rows by their first cell."""
    tree = lxml.html.fromstring(page.page(report, drawn(report)).decode())
    return {
        section.get("id"): {
            row[0].text_content(): [cell.text_content() for cell in row[1:]]
            for row in section.xpath(".//tbody/tr")
        }
        for section in tree.xpath("//section")
    }


def printed_text(report: Report) -> str:
    reader = PdfReader(io.BytesIO(printed.printed(report, drawn(report))))
    text = "".join(sheet.extract_text() for sheet in reader.pages)
    # this reader tells the two bytes of a letter apart; cells break lines where they are full
    return "".join(text.replace("\x00", "").split())


def test_it_says_what_it_is_told_with_intervals() -> None:
    told = said(monthly_report(ANSWERS))
    assert told["headlines"]["查获率 Find rate"] == [
        "200", "1,000", "20.0 %", "18.0 % – 22.0 %", "10.0 %", "上升 rose",
    ]  # fmt: skip
    assert told["find_rates"]["模型 model"][2:] == [
        "31.0 %", "29.0 % – 33.0 %", "30.0 %", "不明显 not clear",
    ]  # fmt: skip
    assert told["find_rates"]["随机 random"][-1] == "无上期数 no figure before"
    assert told["revenue"] == {
        "随机 random": [
            "512,000",
            "1,000",
            "512",
            "512 – 512",
            "–",
            "无上期数 no figure before",
        ]
    }
    assert told["leakage"]["漏检违规数 violations that slipped through"] == [
        "400", "1,234", "1,000 – 1,500",
    ]  # fmt: skip
    assert told["leakage"]["漏检税款（元） revenue that slipped through, CNY"][1:] == ["–", "–"]
    assert told["calibration"] == {"10–20 %": ["77", "14.2 %", "15.5 %", "10.0 % – 21.0 %"]}
    assert told["offices"]["2201"][-1] == "高于应有 above"
    assert told["feeds"] == {"declarations": ["9,999", "99.8 %", "100.0 %", "–"]}
    ((why, figures),) = told["reviews"].items()
    assert "WINE v2" in why and "无查获" in why and "no finding" in why
    assert figures[:4] == ["41", "41", "0", "0.0 %"] and figures[-1] == "未批准 refused"
    assert told["decisions"] == {"待审批 approval (review)": ["3", "2026-07-08", "1"]}


def test_a_month_of_nothing_says_so() -> None:
    report = monthly_report(EMPTY)
    assert (report.report_id, report.kind) == ("R2026M06-all", "monthly")
    assert (report.period_from, report.period_to) == (MONTH, date(2026, 6, 30))
    assert all(not rows for rows in said(report).values())
    tree = lxml.html.fromstring(page.page(report, drawn(report)).decode())
    silent = [
        section.get("id")
        for section in tree.xpath("//section")
        if not section.xpath(".//p") and section.get("id") != "find_rates"
    ]
    assert not silent


def test_the_print_holds_the_same_figures_and_is_the_same_each_time() -> None:
    report = monthly_report(ANSWERS)
    text = printed_text(report)
    for words in (
        "风险管理月报2026年6月", "Monthlyreportonriskmanagement", "20.0%", "18.0%–22.0%", "31.0%",
        "1,234", "1,000–1,500", "93.1%", "14.2%", "高于应有", "9,999", "未批准", "0.0%–8.6%",
    ):  # fmt: skip
        assert words in text, words
    again = monthly_report(replace(ANSWERS, as_of=datetime(2026, 7, 9, tzinfo=UTC)))
    assert again.content_sha256 == report.content_sha256
    assert printed.printed(report, drawn(report)) == printed.printed(report, drawn(report))


def test_charts_go_a_year_back_as_far_as_anything_is_known() -> None:
    assert ANSWERS.months == (BEFORE, MONTH) and EMPTY.months == (MONTH,)
    long_ago = [rate(date(2020, 1, 1), 0.1, selected_by="random")]
    january = replace(ANSWERS, period_from=date(2026, 1, 1), find_rates=long_ago)
    assert len(january.months) == 12 and january.months[0] == date(2025, 2, 1)
    assert january.period_to == date(2026, 1, 31)
