"""Alarms, information requests and feed quality on a real PostgreSQL, on the sandbox's clock."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.oversight.alarms import raise_alarms
from customs_risk.oversight.requests import UnusableRequest, ask, close
from customs_risk.settings import Settings
from customs_risk.transform import dbt
from customs_risk.treat import outbox

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to an empty warehouse whose clock is the sandbox's."""
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        yield opened


def rows(connection: psycopg.Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values or None).fetchall()


def deliver(
    connection: psycopg.Connection,
    feed: str,
    sent_at: str,
    *,
    status: str = "loaded",
    warnings: tuple[str, ...] = (),
    loaded: int = 0,
    **ledger: int,
) -> str:
    """Enter one delivery into the ledger and return its batch."""
    batch = f"{feed} {sent_at}"
    counts = {"quarantined": 0, "duplicate": 0, "corrected": 0, "released": 0, **ledger}
    received = loaded + counts["quarantined"] + counts["duplicate"]
    connection.execute(
        """insert into ops.batches (
            batch_id, feed, sha256, file_name, sent_at, landed_at, finished_at, is_backfill, status,
            reason, received, loaded, quarantined, duplicate, corrected, released, warnings)
        values (%s, %s, %s, %s, %s, now(), now() + interval '90 seconds', false, %s, %s,
            %s, %s, %s, %s, %s, %s, %s)""",
        [batch, feed, batch, f"{feed}.csv", sent_at, status,
         "file.readable: broken" if status == "refused" else None,
         received, loaded, *(counts[name] for name in ("quarantined", "duplicate", "corrected",
                                                        "released")),
         json.dumps(warnings)],
    )  # fmt: skip
    return batch


def insert(connection: psycopg.Connection, feed: str, batch: str, *records: dict[str, Any]) -> None:
    """Load rows of a batch into the feed's raw table, known when the batch was sent."""
    for number, record in enumerate(records, start=1):
        names = [*record, "batch_id", "row_no", "is_backfill", "known_at"]
        places = ", ".join(["%s"] * len(record))
        connection.execute(
            f"""insert into raw.{feed} ({", ".join(names)})
            select {places}, batch_id, %s, false, sent_at from ops.batches where batch_id = %s""",
            [*record.values(), number, batch],
        )


def sample(number: int, point: str, day: str, *, fails: bool = False) -> dict[str, Any]:
    return {
        "sample_id": f"S{number}",
        "plan_id": "PLAN-2026",
        "point_id": point,
        "sampled_on": day,
        "reported_at": f"{day} 18:00+08",
        "hs6": "020130",
        "origin_country": "BR",
        "analyte": "lead",
        "result_value": 2 if fails else 0.1,
        "limit_value": 0.5,
        "unit": "mg/kg",
        "is_compliant": not fails,
    }


def line(point: str, *, monthly: int, silence: int) -> dict[str, Any]:
    return {
        "plan_id": "PLAN-2026",
        "point_id": point,
        "point_name": f"point {point}",
        "office_code": "2200",
        "target_hs": "0201",
        "analyte": "lead",
        "planned_samples_per_month": monthly,
        "longest_silence_days": silence,
        "valid_from": "2026-05-01",
        "valid_to": "2026-12-31",
        "approved_at": "2026-04-20 10:00+08",
    }


@pytest.fixture(scope="module")
def june(connection: psycopg.Connection) -> psycopg.Connection:
    """Deliver May and June of a small programme; the newest known day is the 30th of June."""
    plan = deliver(connection, "monitoring_plans", "2026-04-30 08:00+08", loaded=3)
    insert(
        connection, "monitoring_plans", plan,
        line("P1", monthly=4, silence=7), line("P2", monthly=2, silence=7),
        line("P3", monthly=1, silence=40),
    )  # fmt: skip
    may = deliver(connection, "monitoring_samples", "2026-05-20 08:00+08", loaded=3)
    insert(
        connection, "monitoring_samples", may,
        sample(1, "P1", "2026-05-10"), sample(2, "P1", "2026-05-18", fails=True),
        sample(3, "P2", "2026-05-19"),
    )  # fmt: skip
    late = deliver(connection, "monitoring_samples", "2026-06-29 08:00+08", loaded=1, corrected=0)
    insert(connection, "monitoring_samples", late, sample(4, "P1", "2026-06-28"))
    deliver(connection, "declarations", "2026-06-29 17:00+08", loaded=0)
    deliver(connection, "declarations", "2026-06-30 19:00+08", loaded=0)
    dbt("build", "--select", "+monitoring_coverage", "+information_requests", *_PLAIN)
    return connection


_PLAIN = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


def test_coverage_tells_planned_against_achieved(june: psycopg.Connection) -> None:
    covered = rows(
        june,
        """select point_id, month_from::text, planned_samples::float8, achieved_samples,
            noncompliant_samples, days_silent, is_silent
        from core.monitoring_coverage order by 1, 2""",
    )
    assert covered == [
        ("P1", "2026-05-01", 4.0, 2, 1, 13, True),
        ("P1", "2026-06-01", 4.0, 1, 0, 2, False),
        ("P2", "2026-05-01", 2.0, 1, 0, 12, True),
        ("P2", "2026-06-01", 2.0, 0, 0, 42, True),
        ("P3", "2026-05-01", 1.0, 0, 0, 30, False),
        ("P3", "2026-06-01", 1.0, 0, 0, 60, True),
    ]


def test_each_alarm_is_raised_once_and_reaches_its_recipient(
    june: psycopg.Connection, standing_warehouse: Settings
) -> None:
    small = deliver(
        june, "enterprise_status", "2026-06-30 09:00+08", loaded=1,
        warnings=("batch.volume: observed 1",),
    )  # fmt: skip
    refused = deliver(june, "watch_list", "2026-06-30 06:00+08", status="refused")
    june.execute(
        "insert into ops.source_failures (feed, failed_at, message)"
        " values ('comtrade', '2026-06-30 05:00+08', '503 Service Unavailable')"
    )
    assert raise_alarms() > 0
    assert raise_alarms() == 0
    raised = {
        (kind, subject): recipient
        for kind, subject, recipient in rows(
            june, "select kind, subject, recipient from ops.alarms where cleared_at is null"
        )
    }
    assert raised == {
        ("volume", small): "sharing-data@customs.example",
        ("refused_delivery", refused): "third-party-data@customs.example",
        # plans are due every week, and came in April
        ("freshness", "monitoring_plans"): "monitoring-data@customs.example",
        ("silent_point", "P2"): "monitoring-data@customs.example",
        ("silent_point", "P3"): "monitoring-data@customs.example",
        ("source_failed", "comtrade"): "international-data@customs.example",
    }
    for english, chinese in rows(june, "select message_en, message_zh from ops.alarms"):
        assert english and chinese and "%" not in english

    assert outbox.dispatch() == len(raised)
    assert outbox.dispatch() == 0
    told: dict[str, set[str]] = {}
    for path in (standing_warehouse.outbox / "warnings").glob("warnings_20260630_*.csv"):
        with path.open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        # nobody reads what is for another
        (addressee,) = {each["addressee"] for each in lines}
        told[addressee] = {each["subject"] for each in lines}
    assert told["monitoring-data@customs.example"] == {"monitoring_plans", "P2", "P3"}
    assert sum(map(len, told.values())) == len(raised)


def test_alarms_are_cleared_when_they_cease(june: psycopg.Connection) -> None:
    deliver(june, "enterprise_status", "2026-06-30 20:00+08", loaded=9)
    deliver(june, "watch_list", "2026-06-30 20:00+08", loaded=9)
    again = deliver(june, "monitoring_samples", "2026-06-30 20:00+08", loaded=1)
    insert(june, "monitoring_samples", again, sample(5, "P2", "2026-06-29"))
    june.execute("delete from ops.source_failures")
    assert raise_alarms() == 0
    left = rows(june, "select kind, subject from ops.alarms where cleared_at is null order by 1, 2")
    assert left == [("freshness", "monitoring_plans"), ("silent_point", "P3")]


def test_a_delivery_that_was_bettered_at_once_still_raises_its_alarm(
    june: psycopg.Connection,
) -> None:
    odd = deliver(
        june,
        "declarations",
        "2026-06-30 20:10+08",
        loaded=1,
        warnings=("batch.volume: observed 1",),
    )
    deliver(june, "declarations", "2026-06-30 20:20+08", loaded=100)
    assert raise_alarms() == 1
    assert raise_alarms() == 0
    alarm = rows(june, "select cleared_at is not null from ops.alarms where subject = %s", odd)
    assert alarm == [(True,)]


def test_a_request_is_asked_answered_or_overdue(june: psycopg.Connection) -> None:
    week = datetime(2026, 6, 30, 20, 20, tzinfo=UTC) + timedelta(days=3)
    asked = {
        party: ask(
            party, what_en="the contract of sale", what_zh="销售合同", due_at=week,
            asked_by="officer@customs.example",
        )
        for party in ("firm A", "firm B", "firm C", "firm D")
    }  # fmt: skip
    again = ask(
        "firm A", what_en="the contract of sale", what_zh="销售合同", due_at=week,
        asked_by="officer@customs.example",
    )  # fmt: skip
    assert again == asked["firm A"]
    assert close(asked["firm D"], closed_by="officer@customs.example", reason="asked in error")
    assert not close(asked["firm D"], closed_by="officer@customs.example", reason="asked in error")
    assert set(_states(june, asked)) == {"open", "closed"}

    answers = deliver(june, "information_answers", "2026-07-02 09:00+08", loaded=3)
    insert(
        june, "information_answers", answers,
        _answer(asked["firm A"], "firm A", complete=True),
        _answer(asked["firm B"], "firm B", complete=False),
        # not the party that was asked
        _answer(asked["firm C"], "firm X", complete=True),
    )  # fmt: skip
    assert _states(june, asked) == ["answered", "open", "open", "closed"]
    deliver(june, "declarations", "2026-07-09 19:00+08", loaded=9)
    assert _states(june, asked) == ["answered", "overdue", "overdue", "closed"]

    raise_alarms()
    overdue = rows(
        june,
        "select subject, recipient from ops.alarms"
        " where kind = 'overdue_request' and cleared_at is null",
    )
    assert {subject for subject, _ in overdue} == {asked["firm B"], asked["firm C"]}
    assert {recipient for _, recipient in overdue} == {"officer@customs.example"}
    requests = "select count(*) from ops.outbox where kind = 'request'"
    assert rows(june, requests) == [(4,)]


def _answer(request_id: str, party: str, *, complete: bool) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "party_id": party,
        "answered_at": "2026-07-01 10:00+08",
        "answer": "enclosed",
        "is_complete": complete,
    }


def _states(connection: psycopg.Connection, asked: dict[str, str]) -> list[str]:
    found = rows(
        connection,
        "select status from core.information_requests where request_id = any(%s) order by party_id",
        list(asked.values()),
    )
    return [status for (status,) in found]


@pytest.mark.parametrize(
    ("what", "due"),
    [
        ("销售合同", datetime(2026, 1, 1, tzinfo=UTC)),
        ("销售合同", datetime(2027, 1, 1)),  # noqa: DTZ001
        (" ", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_request_that_nobody_can_answer_is_not_asked(
    june: psycopg.Connection, what: str, due: datetime
) -> None:
    with pytest.raises(UnusableRequest):
        ask("firm A", what_en="x", what_zh=what, due_at=due, asked_by="officer")


def test_quality_is_told_for_every_day(june: psycopg.Connection) -> None:
    # seizure reports come daily in this made-up contract: it promises a week's freshness
    deliver(june, "party_reports", "2026-05-04 09:00+08", loaded=8, quarantined=2)
    late = deliver(june, "party_reports", "2026-05-13 09:00+08", loaded=4, released=1, corrected=2)
    assert late
    deliver(june, "party_reports", "2026-05-13 10:00+08", status="refused")
    (freshness,) = rows(
        june,
        "select declared ->> 'freshness_hours' from ops.contracts where feed = 'party_reports'",
    )[0]
    dbt("build", "--select", "+feed_quality", *_PLAIN)
    days = {
        day: tuple(told)
        for day, *told in rows(
            june,
            """select delivered_on::text, deliveries, accurate_share, corrected_share,
                complete_share, missed_deliveries, hours_late
            from feedback.feed_quality where feed = 'party_reports'
            and delivered_on between '2026-05-04' and '2026-05-13' order by 1""",
        )
    }
    assert len(days) == 10
    assert days["2026-05-04"] == (1, 0.8, 0.0, 1.0, 0, 0)
    gap = 9 * 24
    assert days["2026-05-13"] == (2, 0.75, 0.5, 0.5, 0, max(gap - int(freshness), 0))
    missed = {day for day, told in days.items() if told[4]}
    silent_for = {f"2026-05-{day:02d}": 24 * (day - 4) + 15 for day in range(5, 13)}
    assert missed == {day for day, hours in silent_for.items() if hours > int(freshness)}


def test_timeliness_is_measured_by_what_the_contract_names(june: psycopg.Connection) -> None:
    (share,) = rows(
        june,
        "select timely_share from feedback.feed_quality"
        " where feed = 'monitoring_samples' and delivered_on = '2026-05-20'",
    )[0]
    # freshness is 72 hours: the sample of the 10th came too late, the other two did not
    assert share == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("schedule", "day", "is_named"),
    [
        ("0 8 * * *", "2026-06-28", True),
        ("0 8 * * 1-5", "2026-06-28", False),
        ("0 8 * * 7", "2026-06-28", True),
        ("0 8 * * 0,3", "2026-06-28", True),
        ("0 8 1,15 * *", "2026-06-28", False),
        ("0 8 28 6 *", "2026-06-28", True),
        ("0 8 * */4 *", "2026-06-28", False),
    ],
)
def test_a_schedule_names_days(
    june: psycopg.Connection, schedule: str, day: str, is_named: bool
) -> None:
    assert rows(june, "select ops.is_planned(%s, %s::date)", schedule, day) == [(is_named,)]


def test_a_feed_is_not_late_on_days_that_its_schedule_leaves_out(june: psycopg.Connection) -> None:
    friday, monday = "2026-06-26 18:00+08", "2026-06-29 18:00+08"
    for schedule, late in (("0 8 * * 1-5", 0.0), ("0 8 * * *", 48.0)):
        query = "select ops.hours_late(%s, 24, %s::timestamptz, %s::timestamptz, 'Asia/Shanghai')"
        assert rows(june, query, schedule, friday, monday) == [(late,)]
