"""Overview, performance, feeds and data: what they show is what the marts say, to whom it may."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import lxml.html
import psycopg
import pytest

from customs_risk import codes
from customs_risk.settings import Settings, settings
from tests.integration.pages_stage import READERS, browser, ten_weeks

pytestmark = pytest.mark.timeout(900)
CHANGED_WEEK = ("2026-06-22", "2026-06-28")


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with ten_weeks() as opened:
        yield opened


def page(login: str, address: str) -> Any:
    """Return a page as an HTML tree."""
    answer = browser(login).get(f"/{address}")
    assert answer.status_code == 200, answer.text
    return lxml.html.fromstring(answer.text)


def table(tree: Any, view: str) -> list[dict[str, str]]:
    """Return a view's table by its columns' names, as text."""
    return [
        {cell.get("data-name"): cell.text_content() for cell in row}
        for row in tree.xpath(f"//table[@id='{view}']/tbody/tr")
    ]


def behind(tree: Any, view: str, place: int, column: str) -> str:
    """Return where a cell leads, below the pages."""
    row = tree.xpath(f"//table[@id='{view}']/tbody/tr")[place]
    (address,) = row.xpath(f"td[@data-name='{column}']/a/@href")
    return address.removeprefix("/customs-risk/")


@pytest.mark.parametrize("login", [*READERS])
@pytest.mark.parametrize("name", ["overview", "performance", "feeds", "data"])
def test_every_page_answers_in_both_languages_or_is_refused(
    connection: psycopg.Connection, login: str, name: str
) -> None:
    for lang, word in (("en", "Your role"), ("zh", "您的角色")):
        answer = browser(login).get(f"/{name}", params={"lang": lang})
        if login == "collector" and name != "feeds":
            assert answer.status_code == 403
            assert "not for your roles · 您的角色无权查看此页" in answer.text
            continue
        assert answer.status_code == 200, answer.text
        assert "Not built yet" not in answer.text and "尚未生成" not in answer.text
        assert (word in answer.text) == (login != "everyone" and name in ("overview", "feeds"))


def test_cards_tell_the_last_days_and_what_is_pending(connection: psycopg.Connection) -> None:
    (declarations, instructions, results, findings) = connection.execute(
        """select sum(declarations), sum(instructions), sum(results), sum(findings)
        from feedback.daily_summary
        where decided_on > (select max(decided_on) - 7 from feedback.daily_summary)"""
    ).fetchone() or (0, 0, 0, 0)
    tree = page("manager", "overview?lang=en")
    week = [
        [part.strip() for part in card.text_content().split("\n") if part.strip()]
        for card in tree.xpath("//ul[@class='cards'][2]/li")
    ]
    told = {card[0]: card[1:] for card in week}
    assert told["Declarations"][0] == f"{declarations:,}"
    assert told["Inspections completed"][0] == f"{results:,}"
    assert told["Findings"][0] == f"{findings:,}"
    assert f"{instructions - results} results pending" in " ".join(told["Findings"])
    assert "not comparable yet" in " ".join(told["Findings"])


def test_what_left_the_weeks_before_is_told_and_what_did_not_is_not(
    connection: psycopg.Connection,
) -> None:
    rows = table(page("manager", "overview?lang=en"), "changes")
    rates = [
        row for row in rows if row["metric"] == "Find rate" and row["dimension_value"] == "all"
    ]
    (found,) = rates
    (before, lowest) = connection.execute(
        """select sum(numerator) / sum(denominator), min(value) from feedback.metrics
        where metric_code = 'find_rate' and cohort_kind = 'week' and dimension = 'all'
            and cohort_on between '2026-04-27' and '2026-06-15'"""
    ).fetchone() or (0, 0)
    assert found["value_before"] == f"{100 * before:.2f} %"
    assert found["lowest_before"] == f"{100 * lowest:.2f} %"
    assert float(found["value"].split()[0]) < float(found["lowest_before"].split()[0])
    # as many are selected as ever
    assert not [row for row in rows if row["metric"] == "Selection rate"]


def test_from_a_fallen_find_rate_to_the_declarations_behind_it(
    connection: psycopg.Connection,
) -> None:
    tree = page("manager", "performance?dimension=selected_by&lang=en")
    rows = table(tree, "find-rates")
    places = [
        place
        for place, row in enumerate(rows)
        if (row["cohort_on"], row["dimension_value"]) == (CHANGED_WEEK[0], "model")
    ]
    (place,) = places
    address = behind(tree, "find-rates", place, "completed")
    shown = table(page("manager", f"{address}&lang=en"), "inspections")
    expected = connection.execute(
        """select declaration_id from treatment.decisions
        where selected_by = 'targeted' and decided_on between %s and %s""",
        CHANGED_WEEK,
    ).fetchall()
    assert {row["declaration_id"] for row in shown} == {each for (each,) in expected}
    assert rows[place]["completed"] == str(len(expected)) == str(len(shown))
    assert {row["outcome"] for row in shown} == {"nothing found"}
    assert {row["selected_by"] for row in shown} == {"model"}


def test_pending_inspections_are_those_without_a_result(connection: psycopg.Connection) -> None:
    tree = page("manager", "performance?dimension=all&lang=en")
    newest = table(tree, "find-rates")[0]
    shown = table(page("manager", behind(tree, "find-rates", 0, "pending")), "inspections")
    (pending,) = connection.execute(
        """select count(*) from treatment.instructions
        where decided_on between '2026-06-29' and '2026-07-05' and not exists (
            select from core.inspections
            where inspections.declaration_id = instructions.declaration_id)"""
    ).fetchone() or (0,)
    assert newest["cohort_on"] == "2026-06-29" and newest["value"] == "–"
    assert newest["pending"] == str(pending) == str(len(shown)) != "0"


def test_a_district_sees_its_own_offices(connection: psycopg.Connection) -> None:
    rates = table(page("shanghai", "performance?lang=en"), "find-rates")
    assert {row["dimension_value"] for row in rates} == {"2201 Pujiang Customs"}
    mine = table(
        page("shanghai", "performance/inspections?from_on=2026-06-01&to_on=2026-06-28"),
        "inspections",
    )
    assert {row["office_code"] for row in mine} == {"2201 Pujiang Customs"}
    assert not table(page("shanghai", "performance?dimension=all"), "find-rates")


def test_a_file_and_the_api_hold_what_the_page_shows(connection: psycopg.Connection) -> None:
    asked = "dimension=office&from_on=2026-06-01"
    shown = table(page("manager", f"performance?{asked}&lang=en"), "find-rates")
    content = browser("manager").get(f"/files/find-rates.csv?{asked}").content
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    rows = browser("manager").get(f"/api/find-rates?{asked}").json()["rows"]
    assert len(shown) == len(lines) == len(rows) > 0
    for page_row, line, row in zip(shown, lines, rows, strict=True):
        assert page_row["cohort_on"] == line["cohort_on"] == row["cohort_on"]
        assert page_row["pending"] == f"{row['pending']:,.0f}"
        if row["value"] is None:  # nothing is back yet
            assert (page_row["value"], line["value"]) == ("–", "")
            continue
        assert page_row["completed"] == f"{row['completed']:,.0f}"
        assert float(line["value"]) == row["value"]
        assert page_row["value"] == f"{100 * row['value']:.2f} %"


def test_the_data_page_tells_every_view_that_the_reader_reads(
    connection: psycopg.Connection,
) -> None:
    from customs_risk.web.pages import views

    told = {each.reads: each for each in views()}
    assert {"feedback", "treatment", "ops"} <= set(told)
    names = {code.text for code in page("manager", "data?lang=en").xpath("//h3/code")}
    assert names == {each.name for each in views() if each.reads == "feedback"}
    described = browser("manager").get("/openapi.json").json()
    paths = set(described["paths"])
    for each in views():
        assert {f"/api/{each.name}", f"/files/{each.name}.csv"} <= paths
        assert browser("everyone").get(f"/files/{each.name}.xlsx").status_code == 200, each.name
    refused = browser("manager").get("/api/decisions-needed", headers={"accept": "*/*"})
    assert refused.status_code == 403 and "do not read this" in refused.json()["detail"]


def test_quarantine_is_counted_for_all_and_shown_to_few(connection: psycopg.Connection) -> None:
    connection.execute(
        """insert into ops.quarantine (batch_id, feed, row_no, "row", broken)
        values ('b', 'declarations', 1, '{"hs6": "??"}', '{hs6.known_code,hs6.present}'),
            ('b', 'declarations', 2, '{"hs6": "!!"}', '{hs6.known_code}')
        on conflict do nothing"""
    )
    tree = page("manager", "feeds?feed=declarations&lang=en")
    waiting = {row["rule"]: row["waiting"] for row in table(tree, "quarantine")}
    assert waiting == {"hs6.known_code": "2", "hs6.present": "1"}
    assert not table(tree, "quarantined-rows") and "??" not in tree.text_content()
    rows = table(page("collector", "feeds?feed=declarations&lang=en"), "quarantined-rows")
    assert {row["delivered"] for row in rows} == {"hs6: ??", "hs6: !!"}


def test_how_a_delivery_met_its_contract_is_shown_to_whoever_may_see_its_rows(
    connection: psycopg.Connection,
) -> None:
    feed, batch_id = "declarations", "declarations-1"
    kept = settings().data_docs / feed / f"{batch_id}.broken.html"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("<p>hs6: ??</p>", encoding="utf-8")
    address = f"/feeds/docs/{feed}/{batch_id}"
    shown = browser("collector").get(address)
    assert shown.status_code == 200 and "hs6: ??" in shown.text
    assert "sandbox" in shown.headers["content-security-policy"]
    refused = browser("manager").get(address)
    assert refused.status_code == 403 and "??" not in refused.text
    missing = browser("collector").get(f"{address}-other")
    assert missing.status_code == 404 and "no Data Docs are kept" in missing.text


def test_each_channel_tells_what_it_brought(connection: psycopg.Connection) -> None:
    told = {
        row["channel"]: row["received"]
        for row in table(page("manager", "feeds?from_on=2026-01-01&lang=en"), "feed-channels")
    }
    brought = connection.execute(
        """select coalesce(channel, 'own'), sum(received) from feedback.feed_quality
        where delivered_on >= '2026-01-01' group by channel"""
    ).fetchall()
    assert told == {codes.CHANNELS[channel].en: f"{rows:,}" for channel, rows in brought}
    assert len(told) == 3


def test_what_is_not_there_and_what_cannot_be_read_is_said(connection: psycopg.Connection) -> None:
    asks = browser("manager")
    missing = asks.get("/no-such-page")
    assert missing.status_code == 404 and "此地址无内容" in missing.text
    unread = asks.get("/performance?from_on=yesterday")
    assert unread.status_code == 422 and "&#39;yesterday&#39; is no date" in unread.text
    head = asks.head("/performance")
    assert head.status_code == 200 and not head.content
    assert head.headers["content-type"].startswith("text/html")
