"""The pages' own words, files, charts and forms, without a server or a warehouse."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi import HTTPException, Request
from python_calamine import CalamineWorkbook

from customs_risk import codes
from customs_risk.codes import Codes
from customs_risk.transform import PROJECT
from customs_risk.web import files, rendering
from customs_risk.web.charts import Chart
from customs_risk.web.forms import same_origin
from customs_risk.web.views import Column, Filter, Unreadable, View, completed
from customs_risk.words import Words, told, wanted

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1"]
VIEW = View(
    name="things",
    title=Words("Things: of [all]", "事物"),
    reads="feedback",
    query="select 1",
    columns=(
        Column("thing_id", Words("Thing", "事物"), link="things/{thing_id}"),
        Column("kind", Words("Kind", "种类"), is_bilingual=True),
        Column("lane", Words("Lane", "通道"), codes=codes.LANES),
        Column("share", Words("Share", "比例"), "share"),
        Column("value_cny", Words("Value", "金额"), "yuan"),
        Column("seen_at", Words("Seen", "时间"), "time"),
        Column("tags", Words("Tags", "标签"), "list"),
    ),
)


def row(**changes: Any) -> dict[str, Any]:
    return {
        "thing_id": "T1", "kind_en": "one", "kind_zh": "一", "lane": "high", "share": 0.125,
        "value_cny": Decimal("1234567.5"), "seen_at": datetime(2026, 7, 1, 16, tzinfo=UTC),
        "tags": ["a", "b"], **changes,
    }  # fmt: skip


def test_a_language_is_chosen_then_kept_then_asked_for() -> None:
    assert wanted("en", "zh", "zh-CN") == "en"
    assert wanted(None, "en", "zh-CN") == "en"
    assert wanted("fr", None, "en-GB,en;q=0.9") == "en"
    assert wanted(None, None, None) == "zh"
    assert told({"name_en": "x", "name_zh": None}, "name", "zh") == "x"


def test_codes_are_called_what_the_seeds_call_them() -> None:
    def named(seed: str, code: str, **where: str) -> dict[str, Words]:
        with (PROJECT / "seeds" / seed).open(encoding="utf-8") as lines:
            return {
                each[code]: Words(each["name_en"], each["name_zh"])
                for each in csv.DictReader(lines)
                if all(each[name] == value for name, value in where.items())
            }

    assert dict(codes.DOMAINS) == named("code_lists.csv", "code", list_name="risk_domain")
    tiers = named("credit_tier_schemes.csv", "tier_code", valid_to="")
    assert {**tiers, "not stated": codes.CREDIT_TIERS["not stated"]} == dict(codes.CREDIT_TIERS)


def test_a_code_is_told_in_words_and_an_unknown_one_as_it_is() -> None:
    lane = VIEW.by_name["lane"]
    assert lane.told(row(), "en") == codes.LANES["high"].en
    assert lane.told(row(lane="purple"), "zh") == "purple"
    assert lane.told(row(lane=None), "zh") is None
    assert lane.told(row(lane=["low", "high"]), "zh") == [
        codes.LANES["low"].zh, codes.LANES["high"].zh,
    ]  # fmt: skip


def test_no_list_of_dimension_values_gives_a_code_two_meanings() -> None:
    lists: list[Codes] = [codes.LANES, codes.METHODS, codes.DOMAINS, codes.CREDIT_TIERS]
    assert len({code for each in lists for code in each}) == sum(map(len, lists))


def test_a_cell_is_written_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    def cells(language: Any, **changes: Any) -> list[str]:
        return [str(rendering.cell(each, row(**changes), language)) for each in VIEW.columns]

    assert cells("en") == [
        '<a href="/customs-risk/things/T1">T1</a>', "one", codes.LANES["high"].en, "12.50 %",
        "¥1,234,568", "2026-07-02 00:00", "a, b",
    ]  # fmt: skip
    assert cells("zh")[-1] == "a、b"
    assert cells("en", share=None, value_cny=None)[3:5] == ["–", "–"]


def test_a_link_holds_no_more_than_its_value() -> None:
    cell = rendering.cell(VIEW.columns[0], row(thing_id='a/b?c="><script>'), "en")
    assert str(cell) == (
        '<a href="/customs-risk/things/a%2Fb%3Fc%3D%22%3E%3Cscript%3E">'
        "a/b?c=&#34;&gt;&lt;script&gt;</a>"
    )
    whole = Column("n", Words("n", "n"), "count", link="{behind}")
    assert 'href="/customs-risk/x?a=1&amp;b=2"' in str(
        rendering.cell(whole, {"n": 1, "behind": "x?a=1&b=2"}, "en")
    )
    assert rendering.cell(whole, {"n": 1, "behind": None}, "en") == "1"


def test_a_row_may_tell_its_own_kind() -> None:
    column = Column("value", Words("v", "v"), "number", kind_from="unit")
    assert rendering.cell(column, {"value": 0.5, "unit": "share"}, "en") == "50.00 %"
    assert rendering.cell(column, {"value": 1500.0, "unit": "yuan"}, "en") == "¥1,500"


def test_what_is_embedded_ends_no_script() -> None:
    text = str(rendering.embedded({"x": "</script><script>alert(1)//&", "d": date(2026, 7, 1)}))
    assert "<" not in text and "&" not in text
    assert json.loads(text) == {"x": "</script><script>alert(1)//&", "d": "2026-07-01"}


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_file_holds_a_formula(formula: str) -> None:
    rows = [row(thing_id=formula, share=-0.5)]
    content = files.as_csv(VIEW, rows).decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(content, newline=""))
    assert line["thing_id"] == f"'{formula}"
    assert line["tags"] == '["a", "b"]'
    assert line["share"] == "-0.5" and line["kind_zh"] == "一" and line["lane"] == "high"
    book = files.as_xlsx(VIEW, rows, "en")
    assert b"<f>" not in _sheet(book)


def test_negative_numbers_told_as_text_stay_numbers() -> None:
    (line,) = csv.DictReader(
        io.StringIO(files.as_csv(VIEW, [row(thing_id="-12.5")]).decode("utf-8-sig"))
    )
    assert line["thing_id"] == "-12.5"


def test_a_workbook_holds_the_rows() -> None:
    content = files.as_xlsx(VIEW, [row(), row(thing_id="=2", tags=None, share=None)], "zh")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["事物"]
    heading, first, second = book.get_sheet_by_index(0).to_python()
    assert heading == ["事物", "种类 (en)", "种类 (zh)", "通道", "比例", "金额", "时间", "标签"]
    assert first[:6] == ["T1", "one", "一", codes.LANES["high"].zh, 0.125, 1234567.5]
    # midnight at home; calamine tells it as a day
    assert first[6] == date(2026, 7, 2) and first[7] == "a, b"
    assert second[0] == "=2" and second[4] == ""
    english = CalamineWorkbook.from_filelike(io.BytesIO(files.as_xlsx(VIEW, [], "en")))
    assert english.sheet_names == ["Things  of  all "]


def test_a_chart_draws_each_series_with_its_interval() -> None:
    view = View(
        name="v", title=Words("v", "v"), reads="feedback", query="select 1",
        columns=(
            Column("day", Words("d", "d"), "date"),
            Column("lane", Words("l", "l"), codes=codes.LANES),
        ),
    )  # fmt: skip
    chart = Chart(
        title=Words("Rate", "率"), x="day", y="value", low="low", high="high", by="lane",
        x_title=Words("day", "日"), y_title=Words("share", "比例"), is_share=True, diagonal=True,
    )  # fmt: skip
    day = date(2026, 7, 1)
    rows = [
        {"day": day, "lane": "low", "value": Decimal("0.2"), "low": 0.1, "high": 0.5},
        {"day": day, "lane": "high", "value": 0.4, "low": None, "high": 0.6},
        {"day": day, "lane": "high", "value": None, "low": None, "high": None},
    ]
    figure = chart.figure(view, rows, "zh")
    low, high, diagonal = figure["data"]
    assert (low["name"], low["x"], low["y"]) == (codes.LANES["low"].zh, ["2026-07-01"], [0.2])
    assert low["error_y"]["array"] == pytest.approx([0.3])
    assert low["error_y"]["arrayminus"] == pytest.approx([0.1])
    assert high["y"] == [0.4] and high["error_y"]["arrayminus"] == [0.0]
    assert diagonal["x"] == diagonal["y"] == [0, 1]
    assert figure["layout"]["showlegend"] and figure["layout"]["title"]["text"] == "率"
    json.dumps(figure)


def test_office_codes_are_no_numbers_on_an_axis() -> None:
    chart = Chart(
        title=Words("t", "t"), x="office_code", y="n", x_title=Words("o", "o"),
        y_title=Words("n", "n"), form="bar",
    )  # fmt: skip
    figure = chart.figure(VIEW, [{"office_code": "0100", "n": 1}], "en")
    assert figure["layout"]["xaxis"]["type"] == "category"


def test_a_filter_reads_what_it_is_given_or_says_why_not() -> None:
    day = Filter("from_on", Words("From", "起始日"), kind="date")
    most = Filter("level", Words("Level", "级"), kind="number", default="3")
    assert day.read(" 2026-07-01 ") == date(2026, 7, 1) and day.read("") is None
    assert most.read(None) == 3 and most.read("7") == 7
    with pytest.raises(Unreadable, match="from_on: 'yesterday' is no date"):
        day.read("yesterday")
    with pytest.raises(Unreadable, match="level: 'x' is no number"):
        most.read("x")


def test_what_is_chosen_stands_before_the_default() -> None:
    # no connection is asked when each filter has its value
    filters = (Filter("x", Words("x", "x"), default_query="select 1"),)
    assert completed(filters, None, {"x": 5}) == {"x": 5}  # type: ignore[arg-type]


def asking(**headers: str) -> Request:
    """Return a request with these headers, sent to customs.example."""
    told = {"host": "customs.example", **headers}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()]
    return Request({"type": "http", "method": "POST", "headers": pairs})


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"origin": "https://customs.example"},
        {"referer": "https://customs.example/customs-risk/queue"},
    ],
)
def test_a_form_of_these_pages_is_taken(headers: dict[str, str]) -> None:
    same_origin(asking(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "https://evil.customs.example"},
        {"origin": "https://evil.example", "referer": "https://customs.example/"},
        {"referer": "https://evil.example/https://customs.example/"},
        {"origin": "null"},
    ],
)
def test_a_form_of_another_site_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(HTTPException, match="not sent from these pages"):
        same_origin(asking(**headers))


def _sheet(book: bytes) -> bytes:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")
