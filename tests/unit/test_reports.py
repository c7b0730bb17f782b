"""Weekly reports from given answers: what they say, and that it is always the same bytes."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import lxml.html
import pytest
from pypdf import PdfReader

from customs_risk.codes import DOMAINS
from customs_risk.treat.reports import charts, contents, page, printed
from customs_risk.treat.reports.content import Report
from customs_risk.treat.reports.queries import Answers

MONDAY = date(2026, 6, 22)
WEEKS = [MONDAY - timedelta(weeks=back) for back in (1, 0)]


def headline(week: date, value: float, low: float, high: float) -> dict[str, object]:
    return {
        "metric_code": "find_rate", "name_en": "Find rate", "name_zh": "查获率", "unit": "share",
        "cohort_on": week, "numerator": 1000 * value, "denominator": 1000.0, "value": value,
        "low": low, "high": high,
    }  # fmt: skip


def found(week: date, domain: str, kind: str, findings: int) -> dict[str, object]:
    return {
        "week_on": week, "risk_domain": domain, "finding_type": kind, "name_en": kind,
        "name_zh": "查获", "findings": findings, "revenue_cny": 1000.0 * findings,
    }  # fmt: skip


ANSWERS = Answers(
    period_from=MONDAY,
    as_of=datetime(2026, 6, 29, 1, tzinfo=UTC),
    headlines=[headline(WEEKS[0], 0.1, 0.08, 0.12), headline(WEEKS[1], 0.2, 0.17, 0.23)],
    find_rates=[
        {"selected_by": told, "cohort_on": week, "value": 0.2, "low": 0.1, "high": 0.3}
        for told in ("targeted", "random")
        for week in WEEKS
    ],
    inspections=[{"week_on": week, "inspections": 50} for week in WEEKS],
    findings=[
        found(WEEKS[0], "tax", "undervaluation", 2),
        found(WEEKS[1], "tax", "undervaluation", 20),
        found(WEEKS[1], "tax", "misclassification", 5),
        found(WEEKS[1], "ipr", "ipr", 1),
        found(WEEKS[1], "uncoded", "uncoded", 3),
    ],
    signals=[
        {
            "risk_domain": "food_safety", "feed": "rasff", "signals": 7, "severe": 2,
            "signals_before": 4,
        }
    ],
    focus=[
        {
            "risk_domain": "tax", "detected_on": MONDAY, "ended_on": None,
            "en": "the <b>price</b> fell", "zh": "价格下降",
        }
    ],
    warnings=[],
    decisions=[
        {
            "risk_domain": "food_safety", "what": "approval:publication", "waiting": 2,
            "since": datetime(2026, 6, 20, tzinfo=UTC), "overdue": 1,
        }
    ],
)  # fmt: skip


def drawn(report: Report) -> dict[str, str]:
    return {each.key: charts.draw(each.chart, each.key) for each in report.sections if each.chart}


def table(report: Report, key: str) -> dict[str, list[tuple[str, float | None]]]:
    """Return a section's rows on the page, by their first cell: text and figure of the others."""
    tree = lxml.html.fromstring(page.page(report, drawn(report)).decode())
    rows = tree.xpath(f"//section[@id='{key}']//tbody/tr")
    return {row[0].text_content(): [_read(cell) for cell in row[1:]] for row in rows}


def _read(cell: lxml.html.HtmlElement) -> tuple[str, float | None]:
    figures = cell.findall("data")
    return cell.text_content(), float(figures[0].get("value")) if figures else None


def test_a_rise_is_one_whose_intervals_have_nothing_in_common() -> None:
    told = table(contents.report(ANSWERS, "all"), "headlines")
    hits, trials, value, interval, before, change = told["查获率 Find rate"]
    assert (hits[1], trials[1], value, before) == (200, 1000, ("20.0 %", 0.2), ("10.0 %", 0.1))
    assert (interval[0], change[0]) == ("17.0 % – 23.0 %", "上升 rose")
    close = replace(ANSWERS, headlines=[ANSWERS.headlines[0], headline(MONDAY, 0.13, 0.11, 0.15)])
    assert table(contents.report(close, "all"), "headlines")["查获率 Find rate"][-1][0].endswith(
        "not clear"
    )


def test_findings_stand_against_all_inspections_of_the_week() -> None:
    told = table(contents.report(ANSWERS, "all"), "by_domain")
    assert len(told) == len(DOMAINS) + 1
    assert [figure for _, figure in told["税收安全 Tax security"][:3]] == [25, 50, 0.5]
    assert told["税收安全 Tax security"][4] == ("4.0 %", 0.04)
    assert told["未编码 not coded"][0] == ("3", 3)
    low, high = contents.wilson(25, 50)
    assert (low, high) == (pytest.approx(0.3664, abs=1e-4), pytest.approx(0.6336, abs=1e-4))
    kinds = table(contents.report(ANSWERS, "tax"), "by_type")
    assert [figures[0][1] for figures in kinds.values()] == [20, 5]


def test_a_domain_is_told_its_own() -> None:
    food, tax = contents.report(ANSWERS, "food_safety"), contents.report(ANSWERS, "tax")
    assert table(food, "signals") == {"rasff": [("7", 7), ("2", 2), ("4", 4)]}
    assert table(food, "decisions")["待审批 approval (publication) 食品安全"][0] == ("2", 2)
    assert not table(tax, "signals") and not table(tax, "decisions")
    assert table(tax, "changes") and not table(food, "changes")


def test_what_others_wrote_is_no_markup() -> None:
    report = contents.report(ANSWERS, "tax")
    written = page.page(report, drawn(report)).decode()
    assert "&lt;b&gt;price" in written and "<b>" not in written


def test_the_page_needs_nothing_else() -> None:
    report = contents.report(ANSWERS, "all")
    written = page.page(report, drawn(report)).decode()
    assert "<script" not in written and "http-equiv" in written
    tree = lxml.html.fromstring(written)
    assert not tree.xpath("//link | //img | //iframe | //@src")
    assert len(tree.xpath("//figure/*[name()='svg']")) == 2
    identifiers = tree.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize("domain", ["all", "tax", "port_health"])
def test_the_same_answers_make_the_same_bytes(domain: str) -> None:
    twice = []
    for _ in range(2):
        charts._register.cache_clear()
        report = contents.report(ANSWERS, domain)
        twice.append((page.page(report, drawn(report)), printed.printed(report, drawn(report))))
    assert twice[0] == twice[1]
    later = replace(ANSWERS, as_of=ANSWERS.as_of + timedelta(days=1))
    assert contents.report(later, domain).content_sha256 == report.content_sha256
    other = replace(ANSWERS, inspections=[{"week_on": MONDAY, "inspections": 51}])
    assert contents.report(other, domain).content_sha256 != report.content_sha256


def test_the_print_holds_its_own_chinese_letters() -> None:
    report = contents.report(ANSWERS, "all")
    reader = PdfReader(io.BytesIO(printed.printed(report, drawn(report))))
    text = "".join(sheet.extract_text() for sheet in reader.pages)
    # this reader tells the two bytes of a letter apart
    text = text.replace("\x00", "").replace(" ", "")
    for words in (
        "风险分析周报",
        "需要决策的事项",
        "税收安全Taxsecurity",
        "17.0%–23.0%",
        "2026-06-29T09:00",
    ):
        assert words in text
    fonts = [font for sheet in reader.pages for font in sheet["/Resources"]["/Font"].values()]
    inner = [font.get_object()["/DescendantFonts"][0].get_object() for font in fonts]
    assert all("/FontFile3" in font["/FontDescriptor"] for font in inner)
