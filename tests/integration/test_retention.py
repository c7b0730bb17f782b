"""Retention on a real PostgreSQL: what is over its time goes, what is younger stays as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.access.retention import Act, retain
from customs_risk.collect import UnknownBatch, again
from customs_risk.settings import Settings, settings
from tests.integration.access_stage import build, values

pytestmark = pytest.mark.timeout(900)

_HERE = Path(__file__).parent
# the present is when the newest delivery was sent
PRESENT = "2026-01-31 12:00+08"
OLD, MIDDLE, YOUNG = "2014-06-01 12:00+08", "2019-06-01 12:00+08", "2025-06-01 12:00+08"


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute((_HERE / "rows_with_gaps.sql").read_text())
        yield opened


def deliver(
    connection: psycopg.Connection, feed: str, sent_at: str, *rows: dict[str, Any], file: str = ""
) -> str:
    """Enter a delivery with its landed file, and load its rows as known when it was sent."""
    batch = f"{feed} {sent_at} {file}"
    sha256 = (file or batch).encode().hex().ljust(64, "0")[:64]
    landed(sha256).parent.mkdir(parents=True, exist_ok=True)
    landed(sha256).write_text("bytes")
    connection.execute(
        """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill, status,
            received, loaded, quarantined, duplicate, corrected)
        values (%s, %s, %s, %s, %s, false, 'loaded', %s, %s, 1, 0, 0)""",
        [batch, feed, sha256, batch, sent_at, len(rows) + 1, len(rows)],
    )
    for number, row in enumerate(rows, start=1):
        kept = {**row, "batch_id": batch, "row_no": number, "is_backfill": False,
                "known_at": sent_at}  # fmt: skip
        connection.execute(
            f"insert into raw.{feed} ({', '.join(kept)}) values ({', '.join(['%s'] * len(kept))})",
            list(kept.values()),
        )
    connection.execute(
        """insert into ops.quarantine (batch_id, feed, row_no, "row", broken)
        values (%s, %s, %s, '{}', '{x}')""",
        [batch, feed, len(rows) + 1],
    )
    return batch


def landed(sha256: str) -> Path:
    return settings().landing / sha256[:2] / sha256


def declaration(at: str) -> dict[str, Any]:
    return {
        "declaration_id": f"D{at[:4]}",
        "declared_at": at,
        "office_code": "2200",
        "importer_id": "importer",
        "hs6": "010121",
        "origin_country": "AU",
        "net_mass_kg": 1,
        "declared_value_cny": 1,
    }


def result(name: str, at: str) -> dict[str, Any]:
    return {
        "result_id": f"{name}-{at[:4]}",
        "declaration_id": f"D{at[:4]}",
        "officer_id": "officer",
        "office_code": "2200",
        "reported_at": at,
        "inspected_at": at,
        "has_finding": False,
        "selected_by": "random",
    }


def report(number: str, subject: str, at: str) -> dict[str, Any]:
    return {
        "report_id": number,
        "reporter_name": "somebody",
        "subject_name": subject,
        "risk_domain": "food_safety",
        "subject_type": "goods",
        "narrative": "told",
        "received_at": at,
    }


def traveller(at: str) -> dict[str, Any]:
    return {
        "flight_no": "XX1",
        "departs_on": at[:10],
        "travel_document_no": f"P{at[:4]}",
        "family_name": "Doe",
        "prepared_at": at,
    }


@pytest.fixture(scope="module")
def retained(connection: psycopg.Connection) -> dict[str, Any]:
    """Deliver, build, try, apply and apply again; return what each of the runs told."""
    for at in (OLD, MIDDLE, YOUNG):
        deliver(connection, "declarations", at, declaration(at))
        deliver(connection, "inspection_results", at, result("R", at))
        deliver(connection, "passenger_lists", at, traveller(at))
    once, twice = (report("P1", "Long Ago Ltd", MIDDLE), report("P2", "Ever Again Ltd", MIDDLE))
    deliver(connection, "party_reports", MIDDLE, once, twice)
    deliver(connection, "party_reports", YOUNG, report("P3", "Ever Again Ltd", YOUNG))
    deliver(connection, "ofac_sdn", MIDDLE, {"ent_num": "1", "sdn_name": "Listed"})
    # the same bytes were sent again, later
    deliver(connection, "manifests", OLD, file="same")
    deliver(connection, "manifests", YOUNG, file="same")
    waiting = deliver(connection, "wahis_events", OLD)
    connection.execute("update ops.batches set status = 'landed' where batch_id = %s", [waiting])
    deliver(connection, "exchange_rates", PRESENT)
    build("+int_inspections", "+int_risk_signals", "+int_mentions", "+int_latest_signals")
    for mention in values(connection, "select mention_id from intermediate.int_mentions"):
        connection.execute(
            """insert into ops.subject_matches (mention_id, subject_kind, subject_id, method,
                matched_on, score, status, method_version)
            values (%s, 'party', 'S', 'name', 'x', 1, 'matched', '1')""",
            [mention],
        )
    before = fingerprint(connection)
    tried = retain(dry_run=True)
    assert fingerprint(connection) == before
    return {"tried": tried, "done": retain(), "again": retain()}


def fingerprint(connection: psycopg.Connection) -> list[Any]:
    """Return all that stands in the tables that retention touches, and the landed files."""
    tables = ("raw.inspection_results", "raw.party_reports", "raw.passenger_lists",
              "ops.quarantine", "ops.expired_batches", "ops.retention_log", "ops.subject_matches",
              "intermediate.int_mentions", "intermediate.int_inspection_versions")  # fmt: skip
    rows = [values(connection, f"select t::text from {table} as t order by 1") for table in tables]
    return [*rows, sorted(settings().landing.rglob("*"))]


def acts(told: list[Act]) -> dict[tuple[str, str], int]:
    return {(act.relation, act.act): act.rows for act in told}


def test_a_dry_run_tells_what_the_run_does_and_a_second_run_finds_nothing(
    retained: dict[str, Any], connection: psycopg.Connection
) -> None:
    assert acts(retained["tried"]) == acts(retained["done"])
    assert retained["again"] == []
    noted = connection.execute('select relation, act, "rows" from ops.retention_log').fetchall()
    assert {(relation, act): rows for relation, act, rows in noted} == acts(retained["done"])


def test_rows_go_after_the_years_of_their_feed(
    retained: dict[str, Any], connection: psycopg.Connection
) -> None:
    for table in ("raw.inspection_results", "intermediate.int_inspection_versions"):
        assert values(connection, f"select result_id from {table} order by 1") == [
            "R-2019",
            "R-2025",
        ], table
    # a traveller's key is personal: the row goes
    assert values(connection, "select travel_document_no from raw.passenger_lists") == ["P2025"]


def test_persons_are_cleared_after_the_years_of_their_class(
    retained: dict[str, Any], connection: psycopg.Connection
) -> None:
    for table in ("raw.inspection_results", "intermediate.int_inspection_versions"):
        officers = dict(connection.execute(f"select result_id, officer_id from {table}").fetchall())
        assert officers == {"R-2019": None, "R-2025": "officer"}
    reports = connection.execute(
        "select report_id, reporter_name, subject_name, narrative from raw.party_reports order by 1"
    ).fetchall()
    assert reports == [
        ("P1", None, None, "told"),
        ("P2", None, None, "told"),
        ("P3", "somebody", "Ever Again Ltd", "told"),
    ]


def test_a_party_is_forgotten_when_nothing_young_mentions_it(
    retained: dict[str, Any], connection: psycopg.Connection
) -> None:
    names = values(
        connection,
        "select mention_names from intermediate.int_mentions where mention_kind = 'party'",
    )
    assert ["Ever Again Ltd"] in names
    assert not any("Long Ago Ltd" in name for name in names)
    orphans = """select count(*) from ops.subject_matches
        where mention_id not in (select mention_id from intermediate.int_mentions)"""
    assert values(connection, orphans) == [0]


def test_a_list_in_force_keeps_its_names(
    retained: dict[str, Any], connection: psycopg.Connection
) -> None:
    assert values(connection, "select sdn_name from raw.ofac_sdn") == ["Listed"]


def test_the_ledger_still_adds_up(retained: dict[str, Any], connection: psycopg.Connection) -> None:
    for feed in (
        "declarations",
        "inspection_results",
        "passenger_lists",
        "party_reports",
        "ofac_sdn",
    ):
        wrong = connection.execute(
            f"""select batch_id from ops.batches left join ops.expired_batches as expired
                using (batch_id)
            where feed = %s and (
                batches.loaded <> coalesce(expired.loaded, 0)
                    + (select count(*) from raw.{feed} as r where r.batch_id = batches.batch_id)
                or batches.quarantined <> coalesce(expired.quarantined, 0) + (
                    select count(*) from ops.quarantine as q where q.batch_id = batches.batch_id)
            )""",
            [feed],
        ).fetchall()
        assert not wrong
    assert values(connection, "select sum(loaded) from ops.expired_batches") == [4]


def test_bytes_go_unless_a_younger_delivery_has_them_too(
    retained: dict[str, Any], connection: psycopg.Connection
) -> None:
    kept = connection.execute("select batch_id, sha256, feed, sent_at from ops.batches").fetchall()
    there = {batch: landed(sha256).exists() for batch, sha256, _, _ in kept}
    assert not there[f"inspection_results {OLD} "]
    # its officers' names are over their time, so are the bytes that hold them
    assert not there[f"inspection_results {MIDDLE} "]
    assert there[f"inspection_results {YOUNG} "]
    assert there[f"manifests {OLD} same"]
    # nobody has judged it yet
    assert there[f"wahis_events {OLD} "]
    with pytest.raises(UnknownBatch):
        again("inspection_results", f"inspection_results {OLD} ")
