"""Risk signals on a real PostgreSQL: all feeds in one model, versions, subjects, duplicates."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import PROJECT, dbt

pytestmark = pytest.mark.timeout(900)

_GAPS = Path(__file__).with_name("rows_with_gaps.sql")
SIGNALS = PROJECT / "models" / "intermediate" / "signals"
FIRM, SELLER = "91310000000000001X", "DE77"
COLUMNS = """
    signal_id text, feed text, channel integer, risk_domain text, subject_type text,
    mention_kind text, mention_name text, mention_aliases ARRAY, mention_identifiers ARRAY,
    country text, hs text, title text, severity text, is_adverse boolean, reliability text,
    confidentiality text, valid_from date, valid_to date, is_in_force boolean, happened_on date,
    event_key text, legal_basis text, source_ref text, batch_id text, row_no bigint,
    is_backfill boolean, known_at timestamp with time zone, known_on date
"""


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse whose raw tables take rows with gaps."""
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute(_GAPS.read_text())
        yield opened


def rows(connection: psycopg.Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values or None).fetchall()


def deliver(
    connection: psycopg.Connection, feed: str, sent_at: str, *records: dict[str, Any]
) -> str:
    """Load records of a feed as one delivery, known when it was sent; return its batch."""
    batch = f"{feed} {sent_at}"
    connection.execute(
        """insert into ops.batches (
            batch_id, feed, sha256, file_name, sent_at, finished_at, is_backfill, status,
            received, loaded, quarantined, duplicate)
        values (%s, %s, %s, %s, %s, now(), false, 'loaded', %s, %s, 0, 0)""",
        [batch, feed, batch, batch, sent_at, len(records), len(records)],
    )
    for number, record in enumerate(records, start=1):
        names = [*record, "batch_id", "row_no", "is_backfill", "known_at"]
        places = ", ".join(["%s"] * len(names))
        told = [json.dumps(v) if isinstance(v, dict | list) else v for v in record.values()]
        connection.execute(
            f"insert into raw.{feed} ({', '.join(names)}) values ({places})",
            [*told, batch, number, False, sent_at],
        )
    return batch


def build(*, full_refresh: bool = False) -> None:
    flags = ("--full-refresh",) if full_refresh else ()
    dbt(
        "build", "--select", "+risk_signals", "int_mentions", "int_subjects", "+int_signals",
        "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", *flags,
    )  # fmt: skip


def notice(ref_no: str, msg_type: str = "tax_arrears", **other: Any) -> dict[str, Any]:
    return {
        "message_id": f"M{ref_no}{other.get('status', 'active')}",
        "agency": "tax",
        "msg_type": msg_type,
        "subject_uscc": FIRM,
        "ref_no": ref_no,
        "valid_from": "2026-06-01",
        "status": "active",
        "issued_at": "2026-06-01 09:00+08",
        **other,
    }


def sample(number: int, day: str, *, fails: bool) -> dict[str, Any]:
    return {
        "sample_id": f"S{number}",
        "plan_id": "PLAN-2026",
        "point_id": "P1",
        "sampled_on": day,
        "hs6": "020714",
        "origin_country": "BR",
        "analyte": "lead",
        "result_value": 2 if fails else 0.1,
        "limit_value": 0.5,
        "unit": "mg/kg",
        "is_compliant": not fails,
    }


def recalled(reference: str, day: str, country: str = "BR") -> dict[str, Any]:
    return {
        "notif_id": reference,
        "notification_reference": reference,
        "validated_at": f"{day} 12:00+08",
        "notification_subject": "Salmonella in chicken",
        "product_category": "poultry meat and poultry meat products",
        "risk_decision": "serious",
        "origin_countries": [{"isoCode": country}],
    }


def declaration(number: int, **told: Any) -> dict[str, Any]:
    return {
        "declaration_id": f"D{number}",
        "importer_id": FIRM,
        "importer_name": "上海华远食品有限公司",
        "seller_id": SELLER,
        "seller_name": "Northwind Foods GmbH",
        "conveyance_id": "9074729",
        "conveyance_name": "EVER GIVEN",
        "container_numbers": "CSQU3054383;MSKU1234565",
        "hs6": "020714",
        "goods_name": "冻鸡块",
        "origin_country": "BR",
        "net_mass_kg": 100,
        "declared_value_cny": 1000,
        "declared_at": "2026-06-01 10:00+08",
        **told,
    }


@pytest.fixture(scope="module")
def told(connection: psycopg.Connection) -> psycopg.Connection:
    """Deliver and build twice, with subjects matched between."""
    deliver(connection, "declarations", "2026-06-01 17:00+08", declaration(1), declaration(2))
    deliver(
        connection, "enterprise_status", "2026-06-01 18:00+08", notice("1"), notice("2"),
        notice("3", "licence_revoked"),
    )  # fmt: skip
    deliver(
        connection, "monitoring_samples", "2026-06-02 08:00+08",
        sample(1, "2026-05-30", fails=True), sample(2, "2026-05-31", fails=False),
        sample(3, "2026-03-01", fails=True),
    )  # fmt: skip
    build()
    # a notice is withdrawn, another department tells of one of them, and Europe of the goods
    deliver(
        connection, "enterprise_status", "2026-06-03 18:00+08",
        notice("2", status="withdrawn"),
    )  # fmt: skip
    deliver(connection, "department_notices", "2026-06-03 19:00+08", notice("1", "tax_fraud"))
    deliver(
        connection, "rasff_notifications", "2026-06-04 08:00+08", recalled("2026.1", "2026-06-03"),
        recalled("2026.2", "2026-06-03", "PL"),
    )  # fmt: skip
    deliver(
        connection, "declarations", "2026-06-04 17:00+08",
        declaration(3, goods_name="冻鸡翅", seller_name=None),
    )  # fmt: skip
    build()
    for kind, identifier, subject in (
        ("party", FIRM, FIRM), ("commodity", "020714", "020714"), ("commodity", "0207", "020714"),
    ):  # fmt: skip
        connection.execute(
            """insert into ops.subject_matches (
                mention_id, subject_kind, subject_id, method, matched_on, score, status,
                method_version, resolved_at)
            select mention_id, %s, %s, 'identifier', %s, 1, 'matched', 'test', now()
            from intermediate.int_mentions
            where mention_kind = %s and %s = any(mention_identifiers)
            on conflict do nothing""",
            [kind, subject, identifier, kind, identifier],
        )
    return connection


def test_every_feed_that_carries_signals_is_in_the_one_model() -> None:
    macro = (PROJECT / "macros" / "risk_signals.sql").read_text(encoding="utf-8")
    listed = re.findall(r"^ {8}'(\w+)',$", macro.split("endmacro")[0], re.MULTILINE)
    views = {path.stem.removeprefix("signals_") for path in SIGNALS.glob("signals_*.sql")}
    assert set(listed) == views
    assert listed == sorted(listed)


def test_each_view_has_the_same_columns(told: psycopg.Connection) -> None:
    expected = [tuple(each.split(maxsplit=1)) for each in " ".join(COLUMNS.split()).split(",")]
    for path in SIGNALS.glob("signals_*.sql"):
        found = rows(
            told,
            "select column_name, data_type from information_schema.columns"
            " where table_name = %s order by ordinal_position",
            path.stem,
        )
        assert found == expected, path.stem


def test_the_latest_version_is_shown_and_the_earlier_ones_stay(told: psycopg.Connection) -> None:
    shown = rows(
        told,
        """select source_ref, is_in_force, versions, first_known_at < known_at
        from core.risk_signals where feed = 'enterprise_status' order by 1""",
    )
    assert shown == [
        ("tax 1", True, 1, False),
        ("tax 2", False, 2, True),
        ("tax 3", True, 1, False),
    ]
    assert rows(told, "select count(*) from intermediate.int_risk_signals"
                " where source_ref = 'tax 2'") == [(2,)]  # fmt: skip


def test_no_signal_is_missing_and_none_doubled(told: psycopg.Connection) -> None:
    assert rows(told, "select count(distinct signal_id) from intermediate.int_risk_signals") == (
        rows(told, "select count(distinct signal_id) from core.risk_signals")
    )
    doubled = """select signal_id, subject_kind, subject_id from core.risk_signals
        group by 1, 2, 3 having count(*) > 1"""
    assert rows(told, doubled) == []


def duplicates(connection: psycopg.Connection) -> dict[str, str]:
    return dict(
        rows(
            connection,
            "select signal_id, duplicate_of from core.risk_signals where duplicate_of is not null",
        )
    )


def test_what_two_feeds_tell_counts_once(told: psycopg.Connection) -> None:
    found = duplicates(told)
    # one event under one key: equally reliable, so the one that was known first counts
    (again,) = [one for one in found if one.startswith("department_notices")]
    assert found[again].startswith("enterprise_status|tax|tax_arrears|") and "|1|" in found[again]
    # the same goods and domain within thirty days, from the same country
    (poultry,) = [one for one in found if one.startswith("rasff_notifications")]
    assert "|BR|" in poultry
    assert found[poultry] == "monitoring_samples|S1"
    # neither March's sample, nor the one that kept the limit, nor Poland's chicken
    assert len(found) == 2


def test_an_event_without_a_subject_is_told_by_the_feed_that_names_one(
    told: psycopg.Connection,
) -> None:
    for number, (feed, subject) in enumerate(
        [("disease_outbreak_news", None), ("wahis_events", "020714"), ("seizure_reports", None)]
    ):
        signal = {
            "signal_id": f"{feed}|flu", "feed": feed, "channel": 4, "risk_domain": "port_health",
            "mention_id": f"flu in {subject}", "is_adverse": True, "is_in_force": True,
            "reliability": "BCA"[number], "event_key": "outbreak|flu", "happened_on": "2026-06-02",
            "first_known_at": "2026-06-03", "versions": 1,
        }  # fmt: skip
        told.execute(
            f"insert into intermediate.int_latest_signals ({', '.join(signal)})"
            f" values ({', '.join(['%s'] * len(signal))})",
            [*signal.values()],
        )
    told.execute(
        """insert into ops.subject_matches (
            mention_id, subject_kind, subject_id, method, matched_on, score, status, method_version)
        values ('flu in 020714', 'commodity', '020714', 'code', '0207', 1, 'matched', 'test')"""
    )
    found = {one: other for one, other in duplicates(told).items() if one.endswith("|flu")}
    told.execute("delete from intermediate.int_latest_signals where event_key = 'outbreak|flu'")
    # the least reliable one, since an analyst who asks for the goods must find it
    assert found == {
        "disease_outbreak_news|flu": "wahis_events|flu",
        "seizure_reports|flu": "wahis_events|flu",
    }


def test_a_duplicate_is_never_the_duplicate_of_a_duplicate(told: psycopg.Connection) -> None:
    found = duplicates(told)
    assert not found.keys() & set(found.values())


def test_the_state_of_a_match_is_shown(told: psycopg.Connection) -> None:
    states = "select distinct match_state from core.risk_signals where feed = %s"
    assert rows(told, states, "enterprise_status") == [("matched",)]
    (mention,) = rows(
        told, "select distinct mention_id from core.risk_signals where feed = 'enterprise_status'"
    )[0]
    told.execute(
        """insert into ops.match_reviews (
            mention_id, subject_kind, subject_id, verdict, reviewer, reason, reviewed_at)
        values (%s, 'party', %s, 'same', 'officer', 'register', now())""",
        [mention, FIRM],
    )
    assert rows(told, states, "enterprise_status") == [("confirmed",)]
    told.execute(
        "update ops.subject_matches set status = 'review' where mention_id = %s", [mention]
    )
    waiting = """select distinct match_state, subject_id, candidates_in_review
        from core.risk_signals where feed = 'enterprise_status'"""
    assert rows(told, waiting) == [("in_review", None, 1)]
    told.execute("update ops.subject_matches set status = 'matched'")


def test_equal_mentions_are_one(told: psycopg.Connection) -> None:
    (mentions,) = rows(
        told, "select count(*) from intermediate.int_mentions where %s = any(mention_identifiers)",
        FIRM,
    )[0]  # fmt: skip
    assert mentions == 1
    assert rows(told, "select count(*) from intermediate.int_mentions") == rows(
        told, "select count(distinct mention_id) from intermediate.int_risk_signals"
    )


def test_subjects_gather_the_names_they_are_declared_under(told: psycopg.Connection) -> None:
    subjects = {
        (kind, subject): names
        for kind, subject, names in rows(
            told, "select subject_kind, subject_id, subject_names from intermediate.int_subjects"
        )
    }
    assert subjects == {
        ("party", FIRM): ["上海华远食品有限公司"],
        ("party", SELLER): ["Northwind Foods GmbH"],
        ("commodity", "020714"): ["冻鸡块", "冻鸡翅"],
        ("vessel", "9074729"): ["EVER GIVEN"],
        ("container", "CSQU3054383"): [],
        ("container", "MSKU1234565"): [],
    }
    # only the one that gained a name is new to whoever reads new rows
    newest = """select subject_id from intermediate.int_subjects
        where recorded_at = (select max(recorded_at) from intermediate.int_subjects)"""
    assert rows(told, newest) == [("020714",)]


def test_building_again_changes_nothing_and_in_bulk_it_is_the_same(
    told: psycopg.Connection,
) -> None:
    def content() -> list[list[tuple[Any, ...]]]:
        return [
            rows(told, f"select {columns} from intermediate.{table} order by {columns}")
            for table, columns in (
                ("int_risk_signals", "signal_id, batch_id, row_no, mention_id, known_at"),
                ("int_mentions", "mention_id, mention_names, mention_identifiers"),
                ("int_subjects", "subject_kind, subject_id, subject_names, country"),
            )
        ]

    before = content()
    build()
    assert content() == before
    build(full_refresh=True)
    assert content() == before


def test_rows_released_later_are_taken_in(told: psycopg.Connection) -> None:
    batch = "monitoring_samples 2026-06-02 08:00+08"
    told.execute(
        """insert into raw.monitoring_samples (
            sample_id, hs6, origin_country, is_compliant, sampled_on, batch_id, row_no, is_backfill,
            known_at)
        values ('S9', '020714', 'BR', true, '2026-05-30', %s, 9, false, '2026-06-02 08:00+08')""",
        [batch],
    )
    told.execute("update ops.batches set loaded = 4, received = 4 where batch_id = %s", [batch])
    build()
    released = "select count(*) from core.risk_signals where signal_id = 'monitoring_samples|S9'"
    assert rows(told, released) == [(1,)]
    assert rows(told, "select count(*) from intermediate.int_risk_signals"
                " where batch_id = %s", batch) == [(4,)]  # fmt: skip
