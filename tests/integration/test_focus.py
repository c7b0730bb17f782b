"""Dynamic focus on a real PostgreSQL: from results to an episode, and from that to a signal."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import dbt
from ml.focus.step import find_focus

pytestmark = pytest.mark.timeout(900)

_WORLD = Path(__file__).with_name("test_focus_world.sql")

# as the world has it
FIRST = date(2026, 3, 2)
BAD_FROM, BAD_UNTIL, DAYS = 60, 72, 80
ROUTE = "850700|VN|CN|A"


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse with the world's facts, known day by day."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute(_WORLD.read_text(encoding="utf-8"))
        yield opened


@pytest.fixture(scope="module")
def told(connection: psycopg.Connection) -> dict[int, int]:
    """Look on the morning of every day from the 58th; return how many changes each brought."""
    return {day: look(connection, day) for day in range(58, DAYS)}


def look(connection: psycopg.Connection, day: int) -> int:
    """Let a morning come, and find what is in focus."""
    batch = f"morning {day}"
    connection.execute(
        """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill, status,
            received, loaded, quarantined, duplicate)
        values (%s, 'declarations', %s, %s, %s::date + time '08:00', false, 'loaded', 0, 0, 0, 0)
        on conflict do nothing""",
        [batch, batch, batch, FIRST + timedelta(day)],
    )
    return find_focus()


def build(*models: str) -> None:
    """Build what the day's look is new to."""
    dbt("build", "--select", *models, "--exclude-resource-type", "test",
        "--exclude-resource-type", "unit_test")  # fmt: skip


def rows(connection: psycopg.Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values or None).fetchall()


def test_a_route_that_turned_bad_is_in_focus_within_five_days(
    connection: psycopg.Connection, told: dict[int, int]
) -> None:
    assert not any(found for day, found in told.items() if day <= BAD_FROM)
    ((since_on, detected_on, before, after, is_adverse, en, zh),) = rows(
        connection,
        """select since_on, detected_on, level_before, level_after, is_adverse, en, zh
        from assessment.focus where subject_kind = 'route'""",
    )
    turned = FIRST + timedelta(BAD_FROM)
    assert abs((since_on - turned).days) <= 2
    assert 1 <= (detected_on - turned).days <= 5
    assert before < 0.1 < 0.2 < after and is_adverse
    assert "850700 from CN by way of VN" in en and "自VN启运、原产CN的商品850700" in zh
    # it is the same goods under wider names, and nothing else
    kinds = "select distinct subject_kind, subject_key from assessment.focus where measure = %s"
    assert set(rows(connection, kinds, "find_rate")) == {
        ("route", ROUTE), ("hs6_origin", "850700|CN"), ("hs6", "850700"),
    }  # fmt: skip


def test_it_ends_when_the_route_is_good_again(
    connection: psycopg.Connection, told: dict[int, int]
) -> None:
    ((status, because, until_on),) = rows(
        connection,
        "select status, ended_because, until_on from assessment.focus where subject_kind = 'route'",
    )
    assert (status, because) == ("ended", "returned")
    assert abs((until_on - FIRST).days - BAD_UNTIL) <= 4


def test_an_indicator_that_rises_is_in_focus(
    connection: psycopg.Connection, told: dict[int, int]
) -> None:
    found = rows(
        connection,
        """select distinct subject_key, direction, status, zh like '%通报数%'
        from assessment.focus where measure = 'FS05'""",
    )
    assert found == [("020110|BR", "rising", "in_focus", True)]
    counted = "select count(*) from ml.focus_days where subject_key = %s"
    assert rows(connection, counted, "020199|BR") == [(0,)]


def test_a_day_is_looked_at_once_and_its_own_facts_are_not_known_yet(
    connection: psycopg.Connection, told: dict[int, int]
) -> None:
    stored = "select * from ml.focus order by focus_id"
    before = rows(connection, stored)
    assert find_focus() == 0
    assert rows(connection, stored) == before
    ((last, days, config),) = rows(
        connection,
        """select (select max(counted_on) from ml.focus_days), count(*), count(distinct config_hash)
        from ml.focus_runs""",
    )
    assert last == FIRST + timedelta(DAYS - 2)
    assert (days, config) == (len(told), 1)


def test_a_correction_counts_on_its_own_day(
    connection: psycopg.Connection, told: dict[int, int]
) -> None:
    """On day 63 all were reported without a finding; day 65 takes that back and tells them."""
    ((units, events),) = rows(
        connection,
        """select sum(units), sum(events) from ml.focus_days
        where measure = 'find_rate' and subject_kind = 'route' and subject_key = %s
            and counted_on = %s""",
        ROUTE, FIRST + timedelta(63),
    )  # fmt: skip
    assert (units, events) == (12, 0)
    ((late,),) = rows(connection, "select count(*) from world where day = 63 and has_finding")
    ((own,),) = rows(connection, "select count(*) from world where day = 65 and has_finding")
    counted = rows(
        connection,
        """select sum(units), sum(events) from ml.focus_days
        where measure = 'find_rate' and subject_kind = 'route' and counted_on = %s""",
        FIRST + timedelta(65),
    )
    assert counted == [(20 * 12, own + late)]


def test_what_rises_becomes_a_signal_and_is_withdrawn_with_its_episode(
    connection: psycopg.Connection, told: dict[int, int]
) -> None:
    build("int_batches", "int_risk_signals", "int_latest_signals", "int_mentions", "int_subjects")
    steps.resolve()
    signals = rows(
        connection,
        """select channel, subject_kind, subject_id, country, severity, is_in_force, versions,
            first_known_at < known_at, match_state
        from core.risk_signals where feed = 'focus' and source_ref like 'find_rate|route|%'""",
    )
    assert signals == [(1, "commodity", "850700", "CN", "high", False, 2, True, "matched")]
    # an indicator is made of signals already
    assert rows(
        connection,
        "select count(*) from core.risk_signals where feed = 'focus' and source_ref like 'FS05%'",
    ) == [(0,)]
    build("int_batches", "int_risk_signals")
    ((recorded,),) = rows(
        connection, "select count(*) from intermediate.int_risk_signals where feed = 'focus'"
    )
    ((episodes,),) = rows(
        connection,
        """select count(*) + count(ended_on) from ml.focus
        where is_adverse and measure in ('find_rate', 'volume', 'price')""",
    )
    assert recorded == episodes


def test_what_no_past_needs_is_forgotten(
    connection: psycopg.Connection, told: dict[int, int]
) -> None:
    look(connection, 200)
    ((first,),) = rows(connection, "select min(counted_on) from ml.focus_days")
    assert first == FIRST + timedelta(200 - 126)
    still = "select count(*) from assessment.focus where status = 'in_focus'"
    assert rows(connection, still) == [(0,)]


def test_history_that_is_loaded_later_is_counted_then(
    connection: psycopg.Connection, told: dict[int, int]
) -> None:
    counted = """select coalesce(sum(events), 0) from ml.focus_days
        where measure = 'volume' and subject_kind = 'importer' and subject_key = 'late'"""
    assert rows(connection, counted) == [(0,)]
    connection.execute(
        """insert into intermediate.int_declarations
            (importer_id, declaration_id, known_at, known_on, is_backfill, recorded_at)
        values ('late', 'late', %(day)s, %(day)s, true, clock_timestamp())""",
        {"day": FIRST + timedelta(100)},
    )
    look(connection, 201)
    assert rows(connection, counted) == [(1,)]
