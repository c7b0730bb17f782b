"""Weekly reports on a real PostgreSQL: what a page says is what the marts say; sent once, kept."""

import csv
import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import lxml.html
import psycopg
import pytest
from typer.testing import CliRunner

from customs_risk import warehouse as doors
from customs_risk.commands.reports import app
from customs_risk.settings import Settings
from customs_risk.treat import outbox
from customs_risk.treat.reports.step import make_reports
from customs_risk.treat.warnings.drafts import draft_warnings
from tests.integration.experts_stage import now_is, rows

pytestmark = pytest.mark.timeout(900)

WORLD = Path(__file__).with_name("warnings_world.sql")
WEEK = date(2026, 6, 24)
REPORTS = 9


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse that has something to report of one week."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute(WORLD.read_text(encoding="utf-8"))
        # nine more inspections, of which two find another violation, and nothing the week before
        opened.execute(
            """insert into intermediate.int_inspection_versions (importer_id, declaration_id,
                result_id, version_no, has_finding, finding_type, additional_duty_cny, is_backfill,
                known_at, known_on, recorded_at, is_latest, batch_id, row_no)
            select '91310000SECRET0001', '220120260000000001', 'X' || n, 1, n < 3,
                case when n < 3 then 'food_safety' end, 100, false, '2026-06-24', '2026-06-24',
                now(), true, 'r', 1 + n
            from generate_series(1, 9) as n"""
        )
        opened.execute(
            """insert into intermediate.int_metric_values (metric_code, cohort_kind, cohort_on,
                cohort_to, dimension, dimension_value, numerator, denominator, value, low, high,
                recorded_at)
            select code, 'week', monday, monday + 6, 'all', 'all', hits, 40, hits / 40.0,
                hits / 50.0, hits / 30.0, now()
            from (values ('find_rate', date '2026-06-22', 12), ('find_rate', date '2026-06-15', 4),
                ('inspection_rate', date '2026-06-22', 7)) as told (code, monday, hits)"""
        )
        now_is(opened, "2026-07-01 09:00+08")
        draft_warnings()
        yield opened


def section(page: Path, key: str) -> dict[str, list[float | None]]:
    """Return the figures of a section of a page by the first cell of each row."""
    tree = lxml.html.fromstring(page.read_text(encoding="utf-8"))
    found: dict[str, list[float | None]] = {}
    for row in tree.xpath(f"//section[@id='{key}']//tbody/tr"):
        data = [cell.find("data") for cell in row[1:]]
        found[row[0].text_content()] = [
            None if figure is None else float(figure.get("value")) for figure in data
        ]
    return found


@pytest.fixture(scope="module")
def files(connection: psycopg.Connection) -> dict[str, Path]:
    """Make the week's reports and return their files by name."""
    return {file.name: file for file in make_reports(WEEK)}


def test_there_is_one_of_all_risks_and_one_per_domain(
    connection: psycopg.Connection, files: dict[str, Path], standing_warehouse: Settings
) -> None:
    assert len(files) == 2 * REPORTS and all(file.exists() for file in files.values())
    told = rows(
        connection,
        """select html_file, html_sha256, pdf_file, pdf_sha256, period_from::text, period_to::text
        from treatment.reports order by report_id""",
    )
    assert len(told) == REPORTS
    for html, html_sha256, pdf, pdf_sha256, *period in told:
        assert period == ["2026-06-22", "2026-06-28"]
        for file, sha256 in ((html, html_sha256), (pdf, pdf_sha256)):
            written = (standing_warehouse.home / file).read_bytes()
            assert hashlib.sha256(written).hexdigest() == sha256


def test_the_page_says_what_the_marts_say(
    connection: psycopg.Connection, files: dict[str, Path]
) -> None:
    page = files["R2026W26-all.v1.html"]
    marts = rows(
        connection,
        """select definitions.name_zh || ' ' || definitions.name_en, metrics.numerator,
            metrics.denominator, metrics.value
        from feedback.metrics inner join feedback.metric_definitions as definitions
            using (metric_code)
        where cohort_kind = 'week' and cohort_on = '2026-06-22' and dimension = 'all'""",
    )
    assert {name: figures[:3] for name, figures in section(page, "headlines").items()} == {
        name: [numerator, denominator, value] for name, numerator, denominator, value in marts
    }
    assert section(page, "headlines")["查获率 Find rate"][4] == 0.1

    ((inspections,),) = rows(
        connection,
        """select count(*) from core.inspections
        where known_on between '2026-06-22' and '2026-06-28'""",
    )
    findings = rows(
        connection,
        """select risk_domain, count(*), sum(additional_duty_cny)::float8 from core.findings
        where known_on between '2026-06-22' and '2026-06-28' group by 1 order by 1""",
    )
    assert (inspections, findings) == (10, [("food_safety", 2, 200.0), ("tax", 1, 900_000.0)])
    said = section(page, "by_domain")
    assert said["食品安全 Food safety"][:3] == [2, 10, 0.2]
    assert said["食品安全 Food safety"][6] == 200
    assert said["税收安全 Tax security"][:3] == [1, 10, 0.1]
    assert said["知识产权 Intellectual property"][:3] == [0, 10, 0]


def test_signals_warnings_and_decisions_are_of_the_domain(
    connection: psycopg.Connection, files: dict[str, Path]
) -> None:
    marts = rows(
        connection,
        """select count(*) filter (where state = 'drafted'), count(*) from treatment.warnings
        where risk_domain = 'food_safety'""",
    )
    page = files["R2026W26-food_safety.v1.html"]
    # drafted in the week after, and waiting now
    assert sum(figures[0] or 0 for figures in section(page, "warnings").values()) == 0
    assert section(page, "decisions") == {
        "待审批 approval (publication) 食品安全": [marts[0][0], None, 0]
    }
    assert "changes" in page.read_text(encoding="utf-8")
    later = {file.name: file for file in make_reports(date(2026, 7, 1))}
    drafted = section(later["R2026W27-food_safety.v1.html"], "warnings")
    assert sum(figures[0] or 0 for figures in drafted.values()) == marts[0][1]


def test_the_same_figures_make_no_new_report_and_others_do(
    connection: psycopg.Connection, files: dict[str, Path]
) -> None:
    before = {name: file.read_bytes() for name, file in files.items()}
    now_is(connection, "2026-07-02 09:00+08")
    assert {file.name: file.read_bytes() for file in make_reports(WEEK)} == before
    connection.execute(
        "update intermediate.int_inspection_versions set additional_duty_cny = 500"
        " where result_id = 'X1'"
    )
    again = {file.name for file in make_reports(WEEK)}
    changed = {"R2026W26-all", "R2026W26-food_safety"}
    assert {name for name in again if ".v2." in name} == {
        f"{report}.v2.{kind}" for report in changed for kind in ("html", "pdf")
    }
    assert {file.name: file.read_bytes() for file in files.values()} == before


def test_each_leaves_once_for_its_reader(
    connection: psycopg.Connection, files: dict[str, Path], standing_warehouse: Settings
) -> None:
    outbox.dispatch()
    sent = [
        line
        for file in (standing_warehouse.outbox / "reports").glob("*.csv")
        for line in csv.DictReader(file.open(encoding="utf-8"))
    ]
    assert len(sent) == len({line["message_id"] for line in sent})
    of_week = {line["report_id"]: line["addressee"] for line in sent if "W26" in line["report_id"]}
    assert len(of_week) == REPORTS
    assert of_week["R2026W26-all"] == "gacc_risk"
    assert of_week["R2026W26-food_safety"] == "gacc_food_safety"
    assert rows(connection, "select count(*) from treatment.reports where received_at is null") == [
        (0,)
    ]


def test_the_command_lists_and_refuses_what_is_no_week(
    connection: psycopg.Connection, files: dict[str, Path]
) -> None:
    runner = CliRunner()
    assert "R2026W26-tax v1" in runner.invoke(app, ["list"]).output
    made = runner.invoke(app, ["make", "--week", "2026-W26"])
    assert made.exit_code == 0 and "R2026W26-all.v2.html" in made.output
    assert runner.invoke(app, ["make", "--week", "soon"]).exit_code == 2
