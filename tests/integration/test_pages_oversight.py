"""Warnings, reports, supervision, models and the law in a browser: what each reader is shown."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import lxml.html
import psycopg
import pytest
from fastapi import FastAPI, Request
from httpx import Response
from starlette.testclient import TestClient

from customs_risk import warehouse as doors
from customs_risk.catalogue.tables import Manifest
from customs_risk.sandbox import people
from customs_risk.settings import Settings
from customs_risk.treat import outbox
from customs_risk.treat.warnings.drafts import draft_warnings
from customs_risk.treat.warnings.issue import issue_warnings
from customs_risk.web import readers
from customs_risk.web.application import application
from customs_risk.web.pages import views
from tests.integration.experts_stage import now_is, rows
from tests.integration.test_warnings import WORLD, answer, number

pytestmark = pytest.mark.timeout(900)

OWN = {"sec-fetch-site": "same-origin"}
NOT_AUDITORS = ("manager", "analyst", "officer")


@dataclass(frozen=True)
class Pages:
    """The pages as one login sees them."""

    client: TestClient

    def get(self, path: str, language: str = "en") -> Response:
        mark = "&" if "?" in path else "?"
        headers = {"accept": "text/html"}
        return self.client.get(f"/{path}{mark}lang={language}", headers=headers)

    def post(self, path: str, own: bool = True, **form: str) -> Response:
        headers = {"accept": "text/html", "accept-language": "en", **(OWN if own else {})}
        return self.client.post(f"/{path}", data=form, headers=headers, follow_redirects=False)

    def menu(self) -> list[str]:
        tree = lxml.html.fromstring(self.get("law").text)
        return [each.get("href").rpartition("/")[2] for each in tree.xpath("//nav//a")]

    def table(self, path: str, name: str) -> list[dict[str, str]]:
        return table(self.get(path), name)


def table(page: Response, name: str) -> list[dict[str, str]]:
    """Return the rows of a page's table by the names of its columns."""
    assert page.status_code == 200, page.text
    return [
        {cell.get("data-name"): cell.text_content() for cell in row.xpath("td")}
        for row in lxml.html.fromstring(page.text).xpath(f"//table[@id='{name}']/tbody/tr")
    ]


As = Callable[[str], Pages]


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse in which warnings were issued and hints were found."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute(WORLD.read_text(encoding="utf-8"))
        now_is(opened, "2026-07-01 09:00+08")
        people.admit()
        draft_warnings()
        answer(opened, "food_alerts", "approve")
        assert issue_warnings() == 3
        assert outbox.dispatch() > 0
        opened.execute(
            """insert into ops.receipts (message_id, receiver)
            select message_id, 'test' from ops.outbox where kind = 'notice'
            on conflict (message_id) do nothing"""
        )
        for place, (rule, officer) in enumerate(
            [("REV01", "O1"), ("REV01", "O2"), ("REV04", "O1")]
        ):
            opened.execute(
                """insert into supervision.int_hints_revenue (hint_id, rule_code, subject_type,
                    subject_key, office_code, case_key, observed, expected, trials,
                    tail_probability, q_value, tested, evidence, words_en, words_zh, first_seen_on,
                    first_seen_at, batch_id, known_at)
                values (%s, %s, 'officer', %s, '2201', '2026Q2', 9, 3.5, 12, 1e-5, 1e-4, 40,
                    '{"lowered": 9, "sources": [{"batch_id": "b", "row_no": 7}]}', 'nine of twelve',
                    '十二次中九次', '2026-06-30', now(), 'b', now())""",
                [f"hint-{place}", rule, officer],
            )
        yield opened


@pytest.fixture(scope="module")
def as_(connection: psycopg.Connection) -> Iterator[As]:
    app: FastAPI = application()

    def client(login: str) -> Pages:
        def reader(request: Request) -> readers.Reader:
            request.state.reader = found = readers.find(login)
            return found

        app.dependency_overrides[readers.reader] = reader
        return Pages(TestClient(app))

    yield client
    app.dependency_overrides.clear()


# -- warnings -------------------------------------------------------------------------------------


def test_warnings_are_those_of_the_mart(as_: As, connection: psycopg.Connection) -> None:
    shown = as_("analyst").table("warnings", "warnings")
    kept = rows(
        connection,
        "select warning_id, recipients::text, receipts::text from treatment.warnings"
        " order by drafted_at desc, warning_id",
    )
    assert [(row["warning_id"], row["recipients"], row["receipts"]) for row in shown] == kept
    notices = as_("analyst").table("warnings?release_class=notice&state=issued", "warnings")
    (each,) = notices
    assert "Poland" in each["title"] and each["state"] == "issued"
    chinese = table(as_("analyst").get("warnings?state=issued", "zh"), "warnings")
    assert {row["state"] for row in chinese} == {"已发布"}
    assert any("波兰" in row["title"] for row in chinese)


def test_each_audience_is_shown_with_what_it_was_told(
    as_: As, connection: psycopg.Connection
) -> None:
    notice = number(connection, "food_alerts", "notice", "0402%")
    page = as_("analyst").get(f"warnings/{notice}")
    told = table(page, "warning-releases")
    assert {row["recipient_id"] for row in told} >= {"public", "91310000SECRET0002"}
    assert all(row["received_at"] != "–" for row in told)
    cards = lxml.html.fromstring(page.text).xpath("//article")
    # parties and the public: the title in both languages, and nothing of what customs knows
    assert len(cards) == 2
    for card in cards:
        said = card.text_content()
        assert "Poland" in said and "波兰" in said and "For customs" not in said
    assert as_("analyst").get("warnings/WN-none").status_code == 404


def test_who_may_lift_a_warning(as_: As, connection: psycopg.Connection) -> None:
    notice = number(connection, "food_alerts", "notice", "0402%")
    path = f"warnings/{notice}"
    # an officer of one district reads it, and decides nothing for all
    for login in ("officer", "analyst", "auditor"):
        assert '<form class="act"' not in as_(login).get(path).text
        refused = as_(login).post(f"{path}/lift", reason_en="over", reason_zh="结束")
        assert refused.status_code == 403
    chief = as_("admin")
    assert (
        chief.post(f"{path}/lift", own=False, reason_en="over", reason_zh="结束").status_code == 403
    )
    assert chief.post(f"{path}/lift", reason_en="over", reason_zh=" ").status_code == 422
    named = chief.post(f"{path}/lift", reason_en="91310000SECRET0002 stopped", reason_zh="停止")
    assert named.status_code == 422 and "these words name" in named.text
    lifted = chief.post(f"{path}/lift", reason_en="no more alerts", reason_zh="预警已消除")
    assert lifted.status_code == 303 and lifted.headers["location"] == f"/customs-risk/{path}"
    ((state, by, why),) = rows(
        connection,
        "select state, lifted_by, lifted_because_zh from treatment.warnings where warning_id = %s",
        notice,
    )
    assert (state, by, why) == ("lifted", "admin", "预警已消除")
    again = chief.get(path)
    assert "no more alerts" in again.text and '<form class="act"' not in again.text


# -- reports --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(connection: psycopg.Connection, standing_warehouse: Settings) -> str:
    """Keep a report as the weekly step does: files below the home, and their marks."""
    folder = standing_warehouse.home / "reports"
    folder.mkdir()
    page, print_ = "<!doctype html><title>周报</title>".encode(), b"%PDF-1.7 made"
    (folder / "2026W26-tax.v1.html").write_bytes(page)
    (folder / "2026W26-tax.v1.pdf").write_bytes(print_)
    connection.execute(
        """insert into ops.reports (report_id, version, kind, risk_domain, period_from, period_to,
            as_of, html_file, html_sha256, pdf_file, pdf_sha256, recipient_id, content_sha256)
        values ('2026W26-tax', 1, 'weekly', 'tax', '2026-06-22', '2026-06-28', now(),
            'reports/2026W26-tax.v1.html', %s, 'reports/2026W26-tax.v1.pdf', %s, 'tax', 'x')""",
        [hashlib.sha256(each).hexdigest() for each in (page, print_)],
    )
    return "2026W26-tax"


def test_managers_read_reports_as_they_were_made(
    as_: As, report: str, standing_warehouse: Settings
) -> None:
    manager = as_("manager")
    (row,) = manager.table("reports?of=tax&day=2026-06-24", "reports")
    assert (row["report_id"], row["risk_domain"], row["kind"]) == (report, "Tax security", "weekly")
    assert not manager.table("reports?day=2026-07-24", "reports")
    assert f"reports/{report}/1.html" in manager.get(f"reports/{report}").text
    page = manager.client.get(f"/reports/{report}/1.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8" and "周报" in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    assert "script-src" not in page.headers["content-security-policy"]
    print_ = manager.client.get(f"/reports/{report}/1.pdf")
    assert print_.headers["content-type"] == "application/pdf" and print_.content[:4] == b"%PDF"
    assert manager.client.get(f"/reports/{report}/2.pdf").status_code == 404
    assert manager.client.get("/reports/..%2F..%2Fetc/1.html").status_code == 404
    file = standing_warehouse.home / "reports" / f"{report}.v1.pdf"
    file.write_bytes(b"%PDF-1.7 forged")
    assert manager.client.get(f"/reports/{report}/1.pdf").status_code == 409


# -- supervision ----------------------------------------------------------------------------------


@pytest.mark.parametrize("login", NOT_AUDITORS)
def test_hints_are_for_auditors_alone(as_: As, login: str) -> None:
    other = as_(login)
    assert "law" in other.menu() and "supervision" not in other.menu()
    for path in ("supervision", "supervision/hint-0"):
        refused = other.get(path)
        assert refused.status_code == 403 and "nine of twelve" not in refused.text
    for view in views():
        if view.reads in {"supervision", "access"}:
            for path in (f"api/{view.name}", f"files/{view.name}.csv", f"files/{view.name}.xlsx"):
                assert other.client.get(f"/{path}?hint_id=hint-0").status_code == 403, path
    said = other.post("supervision/hint-0/review", verdict="dismissed", reason="no")
    assert said.status_code == 403


def test_an_auditor_sees_hints_counts_sources_and_reviews_them(
    as_: As, connection: psycopg.Connection
) -> None:
    auditor = as_("auditor")
    assert "supervision" in auditor.menu()
    assert len(auditor.table("supervision", "hints")) == 3
    one = auditor.table("supervision?rule=REV01&subject=O2&office=22", "hints")
    assert [row["subject_key"] for row in one] == ["O2"] and "Pujiang" in one[0]["office"]
    assert not auditor.table("supervision?office=53", "hints")
    page = auditor.get("supervision/hint-0", "zh")
    assert table(page, "hint-sources")[0]["row_no"] == "7" and "十二次中九次" in page.text

    assert (
        auditor.post("supervision/hint-0/review", verdict="guilty", reason="x").status_code == 422
    )
    done = auditor.post("supervision/hint-0/review", verdict="explained", reason="new on duty")
    assert done.status_code == 303
    counts = {row["rule_code"]: row for row in auditor.table("supervision", "hints-by-rule")}
    told = [counts["REV01"][name] for name in ("hints", "open", "explained", "confirmed_share")]
    assert told == ["2", "1", "1", "0.00 %"] and counts["CTL01"]["hints"] == "0"
    (reviewed,) = auditor.table("supervision/hint-0", "hint-reviews")
    assert (reviewed["reviewed_by"], reviewed["reason"]) == ("auditor", "new on duty")
    assert len(auditor.table("supervision?verdict=open", "hints")) == 2


def test_that_somebody_read_is_shown_to_auditors(as_: As) -> None:
    as_("analyst").get("warnings")
    as_("auditor").get("supervision")
    read = as_("auditor").table("supervision?reader=analyst&mart=treatment.warnings", "readers")
    assert [(row["reader"], row["class"]) for row in read] == [("analyst", "restricted")]
    own = as_("auditor").table("supervision?reader=auditor&mart=supervision.hints", "reads")
    assert own and all(row["application"] == "customs-risk pages" for row in own)


# -- models ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def versions(connection: psycopg.Connection) -> tuple[str, str]:
    """Register one model under two windows: the first serves, the other waits beside it."""
    from ml import registry, train
    from ml.config import BoosterConfig, configured
    from tests.unit.test_ml import world

    small = replace(configured(), booster=BoosterConfig(min_rounds=20, max_rounds=30))
    fitted = train.fit(world(1500, 7), small)
    assert fitted is not None
    model, metrics = fitted
    ends = (date(2026, 6, 2), date(2026, 6, 9))
    first, second = (
        registry.register(model, (date(2026, 4, 1), end), metrics, activate=end == ends[0])
        for end in ends
    )
    measure = {"older": 0.4, "newer": 0.5, "difference": 0.1, "low": 0.05, "high": 0.15}
    registry.note_comparison(
        second,
        first,
        registry.Decision("embedded", "not worse · 不差", True, {
            "labels": 320, "findings": 40, "newer": second, "verdict": "not worse",
            "measures": {"average_precision": measure},
        }),
    )  # fmt: skip
    connection.cursor().executemany(
        """insert into ml.drift (model_version, observed_on, measure, subject, counts, "rows",
            value, threshold, is_beyond, words_en, words_zh)
        values (%s, %s, %s, %s, '{1}', 500, %s, 0.2, %s, %s, %s)""",
        [
            (first, "2026-06-29", "score", "likelihood", 0.1, False, "calm", "平稳"),
            (first, "2026-06-30", "score", "likelihood", 0.3, True, "score moved", "评分偏移"),
            (first, "2026-06-30", "novelty", "route", 0.25, False, "new routes", "新路线"),
            (first, "2026-06-30", "feature", "price_z", 0.4, True, "price moved", "价格偏移"),
        ],
    )
    return first, second


def test_the_registry_the_comparison_and_the_drift_are_shown(
    as_: As, versions: tuple[str, str]
) -> None:
    first, second = versions
    page = as_("analyst").get("models")
    roles = {row["model_version"]: row["role"] for row in table(page, "models")}
    assert roles[first].startswith("champion") and roles[second].startswith("challenger")
    (compared,) = table(page, "model-comparisons")
    sides = [compared[name] for name in ("champion", "champion_value", "challenger_value")]
    # the challenger is the newer one
    assert sides == [first, "0.4", "0.5"] and compared["verdict"] == "the newer is not worse"
    assert [row["value"] for row in table(page, "model-score-drift")] == ["0.3", "0.1"]
    assert table(page, "training-triggers")[0]["words"] == "score moved"
    assert "Training is due: score moved" in page.text
    assert "应重新训练：评分偏移" in as_("analyst").get("models", "zh").text
    assert not as_("analyst").table(f"models?model_version={second}", "model-score-drift")


def test_a_card_is_told_in_the_readers_language(as_: As, versions: tuple[str, str]) -> None:
    english, chinese = (as_("analyst").get(f"models/{versions[0]}", each) for each in ("en", "zh"))
    card = lxml.html.fromstring(english.text).xpath("//article")[0]
    assert "What it is for" in card.xpath("h2")[0].text_content() and card.xpath("table")
    assert "用途" in chinese.text and "What it is for" not in chinese.text
    assert [row["feature"] for row in table(english, "model-feature-drift")] == ["price_z"]
    assert as_("analyst").get("models/20260101-none").status_code == 404


def test_who_may_put_a_model_in_service(
    as_: As, versions: tuple[str, str], connection: psycopg.Connection
) -> None:
    first, second = versions
    active = "select model_version from ml.models where is_active"
    for login in ("analyst", "officer", "auditor"):
        assert as_(login).post(f"models/{second}/promote", reason="better").status_code == 403
        assert as_(login).post("models/roll-back", reason="worse").status_code == 403
    chief = as_("admin")
    assert chief.post(f"models/{second}/promote", reason="").status_code == 422
    said = chief.post(f"models/{first}/promote", reason="again")
    assert said.status_code == 422 and "active one already" in said.text
    assert rows(connection, active) == [(first,)]
    assert chief.post(f"models/{second}/promote", reason="find rates").status_code == 303
    assert rows(connection, active) == [(second,)]
    assert chief.post("models/roll-back", reason="it was not").status_code == 303
    assert rows(connection, active) == [(first,)]
    newest = chief.table("models", "model-events")
    assert {(row["event"], row["decided_by"], row["reason"]) for row in newest[:2]} == {
        ("retired", "admin", "it was not"), ("rolled back to", "admin", "it was not"),
    }  # fmt: skip


# -- the law --------------------------------------------------------------------------------------


def test_every_article_leads_to_its_tables_and_tests(
    as_: As, manifest: Manifest, standing_warehouse: Settings
) -> None:
    target = standing_warehouse.home / "dbt" / "target"
    (target / "manifest.json").unlink(missing_ok=True)
    assert as_("manager").get("law").status_code == 409
    target.mkdir(parents=True, exist_ok=True)
    (target / "manifest.json").write_text(json.dumps(manifest, default=str), encoding="utf-8")
    for login in ("manager", "officer", "auditor"):
        page = as_(login).get("law")
        listed = lxml.html.fromstring(page.text).xpath("//table[@id='articles']/tbody/tr")
        assert page.status_code == 200 and len(listed) == 21
    article = as_("manager").get("law/14").text
    assert 'id="treatment.warning_releases"' in article and "lifting_received_at" in article
    assert "解除通知的回执时间" in as_("manager").get("law/14", "zh").text
    assert as_("manager").get("law/22").status_code == 404


# -- all of them ----------------------------------------------------------------------------------


def test_a_file_and_the_api_have_the_pages_rows(as_: As, connection: psycopg.Connection) -> None:
    client = as_("analyst").client
    kept = {each for (each,) in rows(connection, "select warning_id from treatment.warnings")}
    said = client.get("/api/warnings").json()
    assert {row["warning_id"] for row in said["rows"]} == kept
    text = client.get("/files/warnings.csv").content.decode("utf-8-sig")
    assert {row["warning_id"] for row in csv.DictReader(io.StringIO(text))} == kept
    assert client.get("/files/warnings.xlsx").content[:2] == b"PK"


def test_a_manager_is_shown_reports_and_no_warnings(as_: As) -> None:
    manager = as_("manager")
    menu = manager.menu()
    assert "reports" in menu and "law" in menu
    assert not {"warnings", "supervision", "models"} & set(menu)
    for path in ("warnings", "models", "api/warnings"):
        assert manager.get(path).status_code == 403
