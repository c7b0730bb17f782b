"""The command that people run, on a small world: history, a kill in the middle of a day, the rest.

Everything is real: PostgreSQL, Airflow with its scheduler, Great Expectations, dbt, XGBoost, and in
the end a browser that reads the pages on what the run has left.
"""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser
from psycopg import sql

from customs_risk import clock, steps
from customs_risk.embedded import guard, postgres
from customs_risk.sandbox.world import World
from customs_risk.settings import settings
from customs_risk.treat.parameters import impact, store
from tests.end_to_end.browser import Pages, Visitor, chromium, logged_in, served, window
from tests.end_to_end.soundness import assert_sound
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(1500)

PROGRAM = str(Path(sys.executable).with_name("customs-risk"))
RUN = [PROGRAM, "run", "--days", "1", "--declarations", "300", "--exit"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("run")
    yield home
    postgres.stop(home)


def start(home: Path) -> subprocess.Popen[str]:
    """Start `customs-risk run` as the leader of a process group."""
    environment = os.environ | {"CUSTOMS_RISK_HOME": str(home), "COLUMNS": "160"}
    environment.pop("CUSTOMS_RISK_DATABASE_URL", None)
    return subprocess.Popen(
        RUN,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(home: Path) -> str:
    process = start(home)
    output, _ = process.communicate(timeout=1200)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def killed_run(home: Path) -> None:
    """Let a run answer the history, and kill it and its leader in the middle of the first day."""
    process = start(home)
    assert process.stdout
    for line in process.stdout:
        if line.startswith("day 1 of 1"):
            break
    # the morning's feeds are collected, the declarations have just come
    wait_for(lambda: any((home / "inbox" / "declarations").glob("*.csv")), seconds=600)
    record = home / "airflow" / "sessions.json"
    leaders = [guard.Leader.parse(text) for text in json.loads(record.read_text()).values()]
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    # what it had started ends by itself
    wait_for(lambda: not any(map(guard.members, leaders)), seconds=240)


@pytest.fixture(scope="module")
def run(home: Path, killed_run: None) -> str:
    """Go on with the run that was killed."""
    return finish(home)


def test_it_goes_on_where_it_was_killed_and_ends_with_its_table(run: str) -> None:
    assert "2026-06-30" in run
    assert "psql" in run


def test_nothing_is_lost_or_doubled_and_every_run_succeeded(home: Path, run: str) -> None:
    assert_sound(home)


# -- the pages -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(home: Path, run: str) -> Iterator[Pages]:
    if not os.environ.get("CHROMIUM"):
        pytest.skip(
            "on demand, in a browser: make test ONLY=tests/end_to_end/test_airflow.py CHROMIUM=1"
        )
    # a second day, so that rates of one day can be held against those of another
    assert "2026-07-01" in finish(home)
    command = [PROGRAM, "pages", "--home", str(home)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUSTOMS_RISK_HOME", str(home))
        patch.setenv("CUSTOMS_RISK_SCHEDULES", "off")
        patch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
        settings.cache_clear()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield served(home, process)
        finally:
            process.terminate()
            process.communicate(timeout=60)
    settings.cache_clear()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def answered(pages: Pages) -> None:
    """Let the inspectors' results of the next days come, so that there are find rates by day."""
    world = World(pages.home, declarations_per_day=300)
    for day in world.live_days(3, date(2026, 7, 1)):
        world.deliver_day(day, ("inspection_results",))
    steps.collect("inspection_results")
    steps.prepare()
    steps.feed_back()


@contextmanager
def sql_as(pages: Pages, login: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.url(pages.home)) as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(login)))
        yield connection


def test_every_page_opens_in_both_languages_to_everybody(
    pages: Pages, answered: None, browser: Browser
) -> None:
    from customs_risk.web.pages import PAGES

    wrong: dict[str, list[str]] = {}
    for language in ("zh", "en"):
        with logged_in(browser, pages, "admin") as visitor:
            for page in PAGES:
                visitor.open(page.name, language)
                wrong[f"{page.name} {language}"] = looked_at(visitor, page.name, language)
                if page.title.said(language) not in visitor.page.title():
                    wrong[f"{page.name} {language}"].append(f"called {visitor.page.title()}")
                # a page that lists things has a page for each, or a document
                one = visitor.page.locator(
                    f"main td a[href^='/customs-risk/{page.name}/']:not([href*='/docs/'])"
                )
                if one.count():
                    address = one.first.get_attribute("href") or ""
                    visitor.open(address.removeprefix("/customs-risk/"), language)
                    name = f"{page.name}-one"
                    wrong[f"{name} {language}"] = looked_at(visitor, name, language)
    assert {place: faults for place, faults in wrong.items() if faults} == {}


def looked_at(visitor: Visitor, name: str, language: str) -> list[str]:
    """Keep a picture of what is open, and return what is wrong with it."""
    visitor.keep(f"{name}-{language}")
    page = visitor.page
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
    faults = visitor.barriers()
    if page.locator("h1").count() != 1:
        faults.append("it has not one heading")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append("it is wider than a laptop's screen")
    if page.locator("a.files").count() != page.locator("a.files[href]").count():
        faults.append("a file has no address")
    return faults


def test_from_a_falling_find_rate_to_the_declarations_behind_it(
    pages: Pages, answered: None, browser: Browser
) -> None:
    with logged_in(browser, pages, "analyst") as visitor:
        visitor.open("performance?cohort=day&dimension=office")
        rates = visitor.table("find-rates")
        place, falling = next(
            (place, row)
            for place, row in enumerate(rates)
            for earlier in rates[place + 1 :]
            if row["dimension_value"] == earlier["dimension_value"]
            and share(row["value"]) < share(earlier["value"])
        )
        link = f"table#find-rates tbody tr:nth-child({place + 1}) td[data-name=completed] a"
        visitor.follow(link)
        behind = visitor.table("inspections")
        assert len([row for row in behind if row["outcome"] != "pending"]) == int(
            falling["completed"]
        )
        assert {row["office_code"] for row in behind} == {falling["dimension_value"]}
        assert {row["decided_on"] for row in behind} == {falling["cohort_on"]}

        visitor.follow("td[data-name=declaration_id] a")
        declaration = behind[0]["declaration_id"]
        told = visitor.page.inner_text("main")
        with sql_as(pages, "analyst") as warehouse:
            goods, importer = warehouse.execute(
                "select goods_name, importer_id from core.declarations where declaration_id = %s",
                [declaration],
            ).fetchone() or ("", "")
        assert visitor.page.url.endswith(declaration)
        assert declaration in told and goods in told and importer in told


def share(text: str) -> float:
    """Return what a cell like ``12.34 %`` says; what says nothing is below all others."""
    return float(text.removesuffix(" %")) if text.endswith("%") else -1.0


# counted from decisions and results themselves, not from what the marts make of them
_FIND_RATES = """
    select
        decisions.decided_on::text, decisions.office_code,
        count(*) filter (where inspections.has_finding)::int, count(*)::int
    from treatment.decisions as decisions
    inner join core.inspections as inspections using (importer_id, declaration_id)
    where decisions.selected_by <> 'none'
    group by 1, 2
    order by 1 desc, 2
"""


def code_of(row: dict[str, str]) -> str:
    """Return the code of an office that a page calls by its code and its name."""
    return row["dimension_value"].partition(" ")[0]


@pytest.mark.parametrize("login", ["admin", "officer"])
def test_a_page_shows_what_sql_says_to_the_same_role(
    pages: Pages, answered: None, browser: Browser, login: str
) -> None:
    with sql_as(pages, login) as warehouse:
        counted = warehouse.execute(_FIND_RATES).fetchall()
    assert counted
    offices = {office for _, office, _, _ in counted}
    # an officer of Shanghai sees Shanghai
    assert all(each.startswith("22") for each in offices) == (login == "officer")
    with logged_in(browser, pages, login) as visitor:
        visitor.open("performance?cohort=day&dimension=office")
        rates = visitor.table("find-rates")
        shown = [
            (row["cohort_on"], code_of(row), int(row["findings"]), int(row["completed"]))
            for row in rates
            if int(row["completed"])
        ]
        assert shown == counted
        assert [share(row["value"]) for row in rates if int(row["completed"])] == [
            pytest.approx(100 * findings / completed, abs=0.0051)
            for _, _, findings, completed in counted
        ]
        with visitor.page.expect_download() as download:
            visitor.page.click("section:has(#find-rates) .files a:text('CSV')")
        with download.value.path().open(encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if float(row["completed"])]
        assert [(row["cohort_on"], row["dimension_value"]) for row in rows] == [
            (day, office) for day, office, _, _ in counted
        ]


def test_a_parameter_is_approved_and_activated_by_its_form(pages: Pages, browser: Browser) -> None:
    propose("WINE_OF_SHANGHAI")
    with logged_in(browser, pages, "officer") as visitor:
        # nobody decides on his own proposal, and a page does not get around it
        visitor.open("parameters/WINE_OF_SHANGHAI")
        decide(visitor, "approved", "looks good to me")
        assert "refused" in visitor.page.inner_text("main [role=alert]")
        visitor.complaints.clear()
    assert state_of(pages, "WINE_OF_SHANGHAI") == "proposed"
    with logged_in(browser, pages, "admin") as visitor:
        visitor.open("parameters")
        visitor.follow("a[href$='/WINE_OF_SHANGHAI']")
        decide(visitor, "approved", "vintages were understated twice")
        assert state_of(pages, "WINE_OF_SHANGHAI") == "approved"
        decide(visitor, "activated", "from today")
        assert state_of(pages, "WINE_OF_SHANGHAI") == "activated"
        assert "from today" in visitor.page.inner_text("main")


def propose(name: str) -> None:
    """Let Shanghai's officer propose a parameter, with the analysis that it must have."""
    with psycopg.connect(postgres.url(settings().home)) as warehouse:
        today = clock.business_day(clock.present(warehouse))
    store.propose(
        store.Proposal(
            parameter_id=name,
            condition="hs6 like '2204%'",
            risk_domain="tax",
            what_to_examine_en="labels against the declared vintage",
            what_to_examine_zh="核对酒标与申报年份",
            measure="inspection",
            jurisdiction=("2200",),
            owner_unit="2200",
            legal_basis="Order 271, Article 13 (1)",
            starts_on=today,
            expires_on=today + timedelta(days=90),
            review_on=today + timedelta(days=60),
            reason_en="vintages are understated",
            reason_zh="年份申报不实",
        ),
        by="officer",
    )
    impact.analyse(name, by="officer")


def decide(visitor: Visitor, event: str, reason: str) -> None:
    form = visitor.page.locator(f"form.act:has(button[value={event}])").first
    form.locator("[name=reason]").fill(reason)
    with visitor.page.expect_navigation():
        form.locator(f"button[value={event}]").click()


def state_of(pages: Pages, name: str) -> str:
    with psycopg.connect(postgres.url(pages.home)) as warehouse:
        (state,) = warehouse.execute(
            "select state from ops.parameter_states where parameter_id = %s", [name]
        ).fetchone() or ("",)
    return state


def test_a_keyboard_reaches_the_content_the_menu_and_the_filters(
    pages: Pages, browser: Browser
) -> None:
    with logged_in(browser, pages, "admin") as visitor:
        visitor.open("performance")
        keyboard, focus = visitor.page.keyboard, visitor.page.locator(":focus")
        keyboard.press("Tab")
        assert focus.get_attribute("class") == "skip"
        assert focus.is_visible()
        links = visitor.page.locator("header a")
        for place in range(links.count()):
            keyboard.press("Tab")
            assert focus.get_attribute("href") == links.nth(place).get_attribute("href")
        # then what leads to the parts of a long page, and the first choice
        parts = visitor.page.locator("main a[href^='#']").count()
        first = visitor.page.locator("form.filters").locator("select, input").first
        for _ in range(parts + 1):
            keyboard.press("Tab")
        assert focus.get_attribute("name") == first.get_attribute("name")
        # and the first link of all leads past the menu
        visitor.open("performance")
        keyboard.press("Tab")
        keyboard.press("Enter")
        keyboard.press("Tab")
        assert focus.evaluate("each => document.querySelector('main').contains(each)")


def test_paper_shows_the_figures_without_the_menu(pages: Pages, browser: Browser) -> None:
    with logged_in(browser, pages, "manager") as visitor:
        visitor.open("performance")
        visitor.page.emulate_media(media="print")
        visitor.keep("performance-print")
        assert not visitor.page.locator("header").is_visible()
        assert not visitor.page.locator(".filters").first.is_visible()
        assert visitor.page.locator("h1").is_visible()
        table = visitor.page.locator(".table").first
        assert table.evaluate("each => each.scrollHeight <= each.clientHeight + 1")


def test_who_is_logged_out_or_logs_in_wrongly_sees_nothing(pages: Pages, browser: Browser) -> None:
    with window(browser, pages.url) as visitor:
        visitor.page.goto("/customs-risk/performance")
        assert "/auth/login" in visitor.page.url
        visitor.page.fill("input[name=username]", "admin")
        visitor.page.fill("input[name=password]", "admin")
        visitor.page.keyboard.press("Enter")
        visitor.page.wait_for_load_state("networkidle")
        assert "/auth/login" in visitor.page.url
        assert visitor.page.request.get("/customs-risk/api/find-rates").status == 401
