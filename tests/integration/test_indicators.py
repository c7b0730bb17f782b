"""Indicators on a real PostgreSQL: day by day and in bulk, what was known, weights' versions."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from customs_risk import resolve, steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import dbt

pytestmark = pytest.mark.timeout(600)

_GAPS = Path(__file__).with_name("rows_with_gaps.sql")
FIRMS = ["913302039JX51H8XJB", "91440304G7LDKY9YWE", "9131011586F75CE82A"]
DAYS = [date(2026, 6, 1) + timedelta(n) for n in range(6)]
# windows that close while the days go by
WINDOWS = {"TX01": 3, "FS01": 2, "BS01": 4, "IP05": 2}
VALUES = "indicator_code, version, subject_kind, subject_key, valid_from, valid_to, value"

# views stay as they are when tables are built again
TABLES = (
    "int_batches", "int_declarations", "int_inspection_versions", "int_risk_signals",
    "int_latest_signals", "int_mentions", "int_subjects", "int_mirror_gaps",
    "int_indicator_definitions", "int_indicator_events", "int_indicator_values",
    "declaration_scores",
)  # fmt: skip

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse whose raw tables take rows with gaps."""
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute(_GAPS.read_text())
        yield opened


def rows(connection: psycopg.Connection, query: str, *values: Any) -> Rows:
    return connection.execute(query, values or None).fetchall()


def deliver(
    connection: psycopg.Connection, feed: str, sent_at: str, records: list[dict[str, Any]]
) -> None:
    """Load records of a feed as one delivery, known when it was sent."""
    batch = f"{feed} {sent_at}"
    for number, record in enumerate(records, start=1):
        names = [*record, "batch_id", "row_no", "is_backfill", "known_at"]
        places = ", ".join(["%s"] * len(names))
        told = [json.dumps(v) if isinstance(v, dict | list) else v for v in record.values()]
        connection.execute(
            f"insert into raw.{feed} ({', '.join(names)}) values ({places})",
            [*told, batch, number, False, sent_at],
        )
    key = {"declarations": "declaration_id", "inspection_results": "result_id"}.get(feed)
    corrected = (
        rows(
            connection,
            f"select count(*) from raw.{feed} as arrived where batch_id = %s and exists (select 1"
            f" from raw.{feed} as known where known.{key} = arrived.{key}"
            " and known.batch_id <> arrived.batch_id)",
            batch,
        )[0][0]
        if key
        else 0
    )
    connection.execute(
        """insert into ops.batches (
            batch_id, feed, sha256, file_name, sent_at, finished_at, is_backfill, status,
            received, loaded, quarantined, duplicate, corrected)
        values (%s, %s, %s, %s, %s, now(), false, 'loaded', %s, %s, 0, 0, %s)""",
        [batch, feed, batch, batch, sent_at, len(records), len(records), corrected],
    )


def build(*models: str, full_refresh: bool = False) -> None:
    flags = ("--full-refresh",) if full_refresh else ()
    dbt(
        "build", "--select", *(models or TABLES), "--exclude", "resource_type:seed",
        "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", *flags,
    )  # fmt: skip


def declaration(number: int, day: date, **other: Any) -> dict[str, Any]:
    return {
        "declaration_id": f"D{day:%d}-{number}",
        "declared_at": f"{day} 09:00+08",
        "office_code": "2200",
        "importer_id": FIRMS[number % 3],
        "importer_name": f"enterprise {number % 3}",
        "hs6": "020714",
        "origin_country": ["BR", "US"][number % 2],
        "departure_country": "SG",
        "net_mass_kg": 10 + number,
        "declared_value_cny": 100 + number,
        "conveyance_id": "9074729",
        **other,
    }


def result(number: int, day: date, finding: str | None, name: str = "") -> dict[str, Any]:
    return {
        "result_id": f"R{name or f'{day:%d}-{number}'}",
        "declaration_id": f"D{day:%d}-{number}",
        "office_code": "2200",
        "inspected_at": f"{day} 12:00+08",
        "reported_at": f"{day} 13:00+08",
        "selected_by": "random",
        "has_finding": finding is not None,
        "finding_type": finding,
        "additional_duty_cny": 50 if finding else 0,
    }


def sample(number: int, day: date) -> dict[str, Any]:
    return {
        "sample_id": f"S{day:%d}-{number}",
        "sampled_on": day,
        "hs6": "020714",
        "origin_country": ["BR", "US"][number % 2],
        "analyte": ["铅", "菌落总数"][number % 2],
        "result_value": 1,
        "limit_value": 0.5,
        "is_compliant": (number + day.day) % 3 > 0,
    }


def report(number: int, day: date) -> dict[str, Any]:
    return {
        "report_id": f"P{day:%d}-{number}",
        "report_kind": "tip_off",
        "subject_uscc": FIRMS[number],
        "risk_domain": "ipr",
        "subject_type": "goods",
        "received_at": f"{day} 08:00+08",
    }


def notice(day: date, **other: Any) -> dict[str, Any]:
    return {
        "message_id": f"M{day:%d}",
        "agency": "tax",
        "msg_type": "tax_arrears",
        "subject_uscc": FIRMS[0],
        "ref_no": "N1",
        "valid_from": DAYS[0],
        "valid_to": DAYS[-1] + timedelta(30),
        "status": "active",
        "issued_at": f"{day} 08:00+08",
        **other,
    }


@pytest.fixture(scope="module")
def day_by_day(connection: psycopg.Connection) -> psycopg.Connection:
    """Deliver six days with corrections, withdrawals and a late file, building twice a day."""
    dbt("build", "--select", "indicators", "indicator_weights", "country_names",
        "--exclude-resource-type", "test")  # fmt: skip
    build("+subject_scores", "+declaration_scores", "indicator_definitions", "indicator_values")
    for code, days in WINDOWS.items():
        connection.execute(
            "update reference.indicators set window_days = %s where indicator_code = %s",
            [days, code],
        )
    findings = ["undervaluation", None, "ipr", "prohibited", None, "false_origin"]
    for place, day in enumerate(DAYS):
        declared = [declaration(number, day) for number in range(6)]
        found = [result(n, day, findings[(n + place) % 6]) for n in range(6)]
        if place:
            # what was found the day before turns out to be something else
            found.append(result(0, DAYS[place - 1], findings[(place + 2) % 6]))
        deliver(connection, "declarations", f"{day} 10:00+08", declared)
        reports = [report(number, day) for number in range(3) if (number + place) % 2]
        deliver(connection, "party_reports", f"{day} 10:30+08", reports)
        if place in (1, 4):
            change = {} if place == 1 else {"status": "withdrawn"}
            deliver(connection, "enterprise_status", f"{day} 11:00+08", [notice(day, **change)])
        build()
        resolve.resolve_subjects()
        # one day's results are found two days late
        if place != 2:
            deliver(connection, "inspection_results", f"{day} 18:00+08", found)
        if place == 4:
            late = [result(n, DAYS[2], findings[(n + 2) % 6]) for n in range(6)]
            deliver(connection, "inspection_results", f"{DAYS[2]} 18:00+08", late)
        samples = [sample(number, day) for number in range(4)]
        deliver(connection, "monitoring_samples", f"{day} 18:30+08", samples)
        build()
    return connection


def test_values_are_the_same_day_by_day_and_in_bulk(day_by_day: psycopg.Connection) -> None:
    connection = day_by_day
    marts = {
        "indicator_values": VALUES,
        "subject_scores": "subject_kind, subject_key, risk_domain, valid_from, valid_to, score",
    }
    connection.execute("drop schema if exists was cascade; create schema was")
    for mart, columns in marts.items():
        connection.execute(f"create table was.{mart} as select {columns} from indicators.{mart}")
    assert rows(connection, "select count(*) > 100 from was.indicator_values") == [(True,)]

    build("int_indicator_events", "int_indicator_values", *marts, full_refresh=True)

    for mart, columns in marts.items():
        for one, other in (("was", "indicators"), ("indicators", "was")):
            extra = (
                f"select {columns} from {one}.{mart} except select {columns} from {other}.{mart}"
            )
            assert rows(connection, extra) == [], (mart, one)


def test_a_value_holds_what_was_known_before_the_day(day_by_day: psycopg.Connection) -> None:
    # every result version told so far, counted anew without any interval
    expected = rows(
        day_by_day,
        """
        with versions as (
            select result_id, declarations.importer_id, finding_type,
                known.known_at::date as known_on,
                lead(known.known_at::date) over (
                    partition by result_id order by known.known_at
                ) as corrected_on
            from raw.inspection_results as known
            inner join raw.declarations using (declaration_id)
        )
        select days.day::date, importer_id,
            round(count(*) filter (where finding_type = 'undervaluation')::numeric
                / (count(*) + 10), 6)
        from versions
        inner join generate_series(date '2026-06-01', date '2026-06-07', '1 day') as days (day)
            on known_on < days.day and known_on + 1 + %s > days.day
            and (corrected_on is null or corrected_on >= days.day)
        group by 1, 2 order by 1, 2
        """,
        WINDOWS["TX01"],
    )
    found = rows(
        day_by_day,
        """
        select days.day::date, subject_key, value
        from indicators.indicator_values
        inner join generate_series(date '2026-06-01', date '2026-06-07', '1 day') as days (day)
            on valid_from <= days.day and coalesce(valid_to > days.day, true)
        where indicator_code = 'TX01' and denominator > 0 order by 1, 2
        """,
    )
    assert len(found) >= 15
    assert found == expected


def test_a_notice_counts_until_it_is_withdrawn(day_by_day: psycopg.Connection) -> None:
    assert rows(
        day_by_day,
        """
        select valid_from, valid_to, value, previous_value from indicators.indicator_values
        where indicator_code = 'TX08' and subject_key = %s order by valid_from
        """,
        FIRMS[0],
    ) == [
        (DAYS[2], DAYS[5], 1, None),
        (DAYS[5], None, 0, 1),
    ]


def test_a_score_is_the_sum_of_its_contributions(day_by_day: psycopg.Connection) -> None:
    scored = rows(
        day_by_day,
        "select score, contributions, known_weight_share from indicators.declaration_scores",
    )
    assert len(scored) == 8 * 6 * len(DAYS)
    for score, contributions, share in scored:
        assert (score is None) == (share == 0)
        assert sum(Decimal(str(each["points"])) for each in contributions) == (score or 0)
        assert all(each["points"] > 0 and 0 < each["normalised"] <= 1 for each in contributions)
    assert sum(bool(contributions) for _, contributions, _ in scored) > 20


def test_a_declaration_is_scored_by_what_was_known_before_its_day(
    day_by_day: psycopg.Connection,
) -> None:
    # the late results came when the 5th had been scored: its scores don't know them
    unlike = rows(
        day_by_day,
        """
        with told as (
            select scores.known_on, contribution ->> 'code' as indicator_code,
                contribution ->> 'subject' as subject_key,
                (contribution ->> 'value')::numeric as value
            from indicators.declaration_scores as scores,
                jsonb_array_elements(scores.contributions) as contribution
        )
        select distinct told.known_on, told.indicator_code from told
        left join indicators.indicator_values as known using (indicator_code, subject_key)
        where known.valid_from <= told.known_on
            and coalesce(known.valid_to > told.known_on, true)
            and known.value is distinct from told.value
        """,
    )
    inspected = {"TX01", "TX02", "TX04", "TX06", "IP01", "IP02", "IP03", "PR07"}
    assert {day for day, _ in unlike} <= {DAYS[3], DAYS[4]}
    # a match counts from when the report was known, and was found after the day's first build
    assert {code for _, code in unlike} <= inspected | {"IP05"}


def test_new_weights_score_new_declarations_only(day_by_day: psycopg.Connection) -> None:
    connection = day_by_day
    changed_on = DAYS[-1] + timedelta(2)
    before = rows(connection, "select * from indicators.declaration_scores order by 1, 2, 3")
    connection.execute(
        """
        insert into reference.indicator_weights
        select 2, %s, indicator_code, case indicator_code when 'TX01' then 20 else weight end,
            'undervaluation grows', 'test'
        from reference.indicator_weights where weight_version = 1
        """,
        [changed_on],
    )
    day = changed_on
    deliver(connection, "declarations", f"{day} 10:00+08", [declaration(n, day) for n in range(6)])
    build()

    kept = rows(
        connection,
        "select * from indicators.declaration_scores where known_on < %s order by 1, 2, 3",
        changed_on,
    )
    assert kept == before
    versions = rows(
        connection,
        "select weight_version, min(known_on), max(known_on) from indicators.declaration_scores"
        " group by 1 order by 1",
    )
    assert versions == [(1, DAYS[0], DAYS[-1]), (2, changed_on, changed_on)]
    weights = rows(
        connection,
        """
        select distinct weight_version, (contribution ->> 'weight')::int
        from indicators.declaration_scores, jsonb_array_elements(contributions) as contribution
        where contribution ->> 'code' = 'TX01' order by 1
        """,
    )
    assert weights[0] == (1, 5)
    assert weights[1:] in ([(2, 20)], [])
    # subjects are scored by the weights in force on each day
    steps_of_firm = rows(
        connection,
        "select distinct weight_version from indicators.subject_scores"
        " where subject_key = %s and risk_domain = 'tax' order by 1",
        FIRMS[0],
    )
    assert steps_of_firm == [(1,), (2,)]
    assert rows(
        connection,
        "select distinct weight_version, weight from indicators.indicator_definitions"
        " where indicator_code = 'TX01'",
    ) == [(2, 20)]


def test_a_changed_rule_makes_its_values_anew(day_by_day: psycopg.Connection) -> None:
    connection = day_by_day
    others = f"select {VALUES} from indicators.indicator_values where indicator_code <> 'IP05'"
    before = rows(connection, f"{others} order by 1, 2, 3, 4, 5")
    connection.execute(
        "update reference.indicators set window_days = 365 where indicator_code = 'IP05'"
    )
    build("int_indicator_definitions+")
    told = rows(
        connection,
        """
        select subject_key, value from indicators.indicator_values
        where indicator_code = 'IP05' and valid_to is null order by 1
        """,
    )
    assert told == rows(
        connection,
        "select subject_uscc, count(*) from raw.party_reports group by 1 order by 1",
    )
    assert rows(connection, f"{others} order by 1, 2, 3, 4, 5") == before
