"""The warehouse on a real PostgreSQL: profiles in bulk and day by day, decisions once, feedback."""

import math
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from scipy import stats

from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import dbt, transform
from expectations.tables import create_raw_tables
from tests.integration.textbooks import wilson

_WORLD = Path(__file__).with_name("test_warehouse_world.sql")
_GAPS = Path(__file__).with_name("rows_with_gaps.sql")

pytestmark = pytest.mark.timeout(900)


FEEDS = (
    "declarations",
    "inspection_results",
    "monitoring_samples",
    "enterprise_status",
    "watch_list",
)
PROFILES = {
    "int_risk_profiles": (
        "profile_kind, profile_key, valid_from, inspections, findings, revenue_cny"
    ),
    "int_activity_profiles": (
        "profile_kind, profile_key, valid_from, declarations, log_unit_value_sum,"
        " log_unit_value_square_sum, log_mass_sum, log_mass_square_sum"
    ),
    "int_signal_profiles": (
        "profile_kind, profile_key, valid_from, valid_to, signals, adverse_signals"
    ),
    "int_inspection_versions": (
        "result_id, version_no, declaration_id, has_finding, additional_duty_cny, known_at,"
        " is_latest, superseded_at, superseded_on, batch_id, row_no"
    ),
    "int_declaration_corrections": "declaration_id, declared_value_cny, known_at, batch_id, row_no",
}


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse with empty raw tables and a small world to deliver from."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        create_raw_tables()
        opened.execute(_GAPS.read_text())
        opened.execute(_WORLD.read_text())
        yield opened


def deliver(
    connection: psycopg.Connection,
    feed: str,
    where: str,
    sent_at: str | None = None,
    *,
    corrects: bool = False,
) -> None:
    """Load what the world holds of a feed as one delivery; without `sent_at` it is history."""
    told = {"inspection_results": "results"}.get(feed, feed)
    table = f"corrected_{told}" if corrects else feed
    batch = f"{table} {sent_at or 'history'} {where}"
    columns = ", ".join(
        row[0]
        for row in connection.execute(
            "select column_name from information_schema.columns"
            " where table_schema = 'world' and table_name = %s and column_name <> 'happened_at'",
            [table],
        )
    )
    loaded = connection.execute(
        f"""insert into raw.{feed} ({columns}, batch_id, row_no, is_backfill, known_at)
        select {columns}, %s, row_number() over (), %s, coalesce(%s::timestamptz, happened_at)
        from world.{table} where {where} order by 1, happened_at
        on conflict do nothing""",
        [batch, sent_at is None, sent_at],
    ).rowcount
    corrected = 0
    if feed in ("declarations", "inspection_results"):
        key = "declaration_id" if feed == "declarations" else "result_id"
        corrected = count(
            connection,
            f"""select count(*) from raw.{feed} as arrived where batch_id = '{quoted(batch)}'
            and exists (select 1 from raw.{feed} as known
                where known.{key} = arrived.{key} and known.batch_id <> arrived.batch_id)""",
        )
    connection.execute(
        """insert into ops.batches
            (batch_id, feed, sha256, file_name, sent_at, is_backfill, status,
             received, loaded, quarantined, duplicate, corrected)
        values (%s, %s, %s, %s, %s, %s, 'loaded', %s, %s, 0, 0, %s)""",
        [
            *(batch, feed, batch, batch, sent_at, sent_at is None),
            *(loaded, loaded, corrected),
        ],
    )


def quoted(text: str) -> str:
    """Return a text as it stands between quotes in SQL."""
    return text.replace("'", "''")


def count(connection: psycopg.Connection, query: str) -> int:
    """Return the one number that a query yields."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def day_by_day(connection: psycopg.Connection) -> psycopg.Connection:
    """Deliver history, then live days with every irregularity, building after each delivery."""
    # declarations that come three days late, after some of their results
    held_back = "starts_with(declaration_id, 'D13-1')"
    # results in a file that was sent in time and found days later: it is known from then on
    mislaid = "pick(declaration_id || 'l', 3) = 0 and reported_at::date = date '2026-01-14'"
    history = "happened_at < timestamptz '2026-01-13 00:00+08'"
    for feed in FEEDS:
        deliver(connection, feed, history)
    # a history may hold corrections, and corrections of corrections
    deliver(connection, "declarations", history, corrects=True)
    for turn in ("additional_duty_cny < 10", "additional_duty_cny > 10"):
        deliver(connection, "inspection_results", f"{history} and {turn}", corrects=True)
    transform("prepare")
    for day in range(13, 18):
        today = f"happened_at::date = date '2026-01-{day}'"
        deliver(
            connection,
            "inspection_results",
            f"{today} and not ({mislaid}) and pick(declaration_id, 2) = 0",
            f"2026-01-{day} 12:00+08",
        )
        deliver(
            connection, "declarations", f"{today} and not ({held_back})", f"2026-01-{day} 17:00+08"
        )
        transform("prepare")
        deliver(
            connection,
            "inspection_results",
            f"{today} and not ({mislaid}) and pick(declaration_id, 2) = 1",
            f"2026-01-{day} 18:00+08",
        )
        for feed in FEEDS[2:]:
            deliver(connection, feed, today, f"2026-01-{day} 18:30+08")
        evening = f"2026-01-{day} 18:45+08"
        for feed in FEEDS[:2]:
            deliver(connection, feed, today, evening, corrects=True)
        if day == 16:
            deliver(connection, "declarations", held_back, "2026-01-16 19:00+08")
        if day == 17:
            deliver(connection, "inspection_results", mislaid, "2026-01-17 19:00+08")
        transform("prepare")
    return connection


def test_profiles_are_the_same_day_by_day_and_in_bulk(day_by_day: psycopg.Connection) -> None:
    connection = day_by_day
    connection.execute("create schema was")
    for table, columns in PROFILES.items():
        connection.execute(
            f"create table was.{table} as select {columns} from intermediate.{table}"
        )
    connection.execute("create table was.features as table intermediate.int_declaration_features")
    connection.execute("drop table intermediate.int_declaration_features cascade")

    transform("prepare", full_refresh=True)

    for table, columns in PROFILES.items():
        assert count(connection, f"select count(*) from was.{table}") > 50
        for one, other in (("was", "intermediate"), ("intermediate", "was")):
            extra = (
                f"select {columns} from {one}.{table} except select {columns} from {other}.{table}"
            )
            assert connection.execute(extra).fetchall() == [], (table, one)

    # nothing that came later told of an earlier day: what was looked up then is looked up now
    features = [
        row[0]
        for row in connection.execute(
            "select column_name from information_schema.columns where table_schema = 'was'"
            " and table_name = 'features' and column_name <> 'recorded_at'"
        )
    ]
    names = ", ".join(features)
    changed = connection.execute(
        f"select {names} from was.features"
        f" except select {names} from intermediate.int_declaration_features"
    ).fetchall()
    assert changed == []


def test_nothing_delivered_is_missing(day_by_day: psycopg.Connection) -> None:
    for feed, key, model in (
        ("declarations", "declaration_id", "int_declarations"),
        ("inspection_results", "result_id", "int_inspections"),
    ):
        delivered = count(day_by_day, f"select count(distinct {key}) from raw.{feed}")
        assert count(day_by_day, f"select count(*) from intermediate.{model}") == delivered
    versions = "select count(*) from intermediate.int_inspection_versions"
    delivered = count(day_by_day, "select count(*) from raw.inspection_results")
    assert count(day_by_day, versions) == delivered
    features = "select count(*) from intermediate.int_declaration_features"
    assert count(day_by_day, features) == 17 * 30


def test_a_correction_counts_from_the_day_it_was_known(day_by_day: psycopg.Connection) -> None:
    # from raw rows, for each day: the latest version of each result that was known by then
    expected = """
        select profiles.valid_from, count(*), count(*) filter (where has_finding),
            sum(additional_duty_cny)
        from intermediate.int_risk_profiles as profiles
        cross join lateral (
            select distinct on (results.result_id) results.*
            from raw.inspection_results as results
            inner join intermediate.int_declarations as declarations using (declaration_id)
            where results.known_at::date < valid_from and declarations.known_on < valid_from
            order by results.result_id, results.known_at desc
        ) as latest
        where profile_kind = 'all' group by 1"""
    found = """
        select valid_from, inspections, findings, revenue_cny
        from intermediate.int_risk_profiles where profile_kind = 'all'"""
    assert day_by_day.execute(f"({expected}) except ({found})").fetchall() == []
    assert day_by_day.execute(f"({found}) except ({expected})").fetchall() == []
    corrected = "select count(*) from intermediate.int_inspections where is_corrected"
    assert count(day_by_day, corrected) > 10


def test_the_first_version_is_assessed_and_the_latest_is_shown(
    day_by_day: psycopg.Connection,
) -> None:
    versions = """
        select count(*), count(*) filter (where shown.is_corrected), bool_and(
            shown.declared_value_cny = latest.declared_value_cny
            and assessed.declared_value_cny = earliest.declared_value_cny
            and shown.known_at = earliest.known_at
            and shown.corrected_at is not distinct from
                case when latest.batch_id <> earliest.batch_id then latest.known_at end)
        from core.declarations as shown
        inner join intermediate.int_declarations as assessed using (declaration_id)
        inner join lateral (
            select * from raw.declarations as version
            where version.declaration_id = shown.declaration_id
            order by version.known_at desc limit 1
        ) as latest on true
        inner join lateral (
            select * from raw.declarations as version
            where version.declaration_id = shown.declaration_id
            order by version.known_at limit 1
        ) as earliest on true"""
    row = day_by_day.execute(versions).fetchone()
    assert row is not None
    declarations, corrected, is_right = row
    assert is_right
    assert 10 < corrected < declarations


def test_a_second_build_changes_nothing(day_by_day: psycopg.Connection) -> None:
    def checksum() -> list[tuple[object, ...]]:
        return [
            row
            for table in (
                *PROFILES,
                "int_declarations",
                "int_inspections",
                "int_risk_signals",
                "int_mentions",
                "int_subjects",
                "int_declaration_features",
            )
            for row in day_by_day.execute(
                f"select '{table}', count(*),"
                f" sum(('x' || substr(md5(t::text), 1, 8))::bit(32)::bigint)"
                f" from intermediate.{table} as t"
            )
        ]

    before = checksum()
    transform("prepare")
    assert checksum() == before


def assess(
    connection: psycopg.Connection, where: str, as_of: str, *, has_model: bool = True
) -> None:
    """Conclude on each pending declaration, made-up, and decide; equal scores are frequent."""
    connection.execute(
        f"""insert into ml.conclusions (
            importer_id, declaration_id, model_version, likelihood, ranking_score,
            exploration_score, expected_revenue_cny, level, uncertainty_kind, as_of)
        select importer_id, declaration_id, case when %(has_model)s then 'm1' else 'none' end,
            case when %(has_model)s then pick(declaration_id || 'p', 6) / 10.0 end,
            case when %(has_model)s then pick(declaration_id || 'p', 6) / 10.0 end,
            case when %(has_model)s then pick(declaration_id || 'e', 6) end, null,
            case when %(has_model)s then 'low' else 'unknown' end,
            case when %(has_model)s then 'estimate' else 'no_model' end, %(as_of)s
        from core.declarations
        where not is_backfill and {where} and not exists (
            select 1 from ml.conclusions as drawn
            where drawn.declaration_id = declarations.declaration_id)""",
        {"has_model": has_model, "as_of": as_of},
    )
    transform("decide")
    connection.execute(
        """insert into ml.explanations (importer_id, declaration_id, hazard_factors)
        select importer_id, declaration_id,
            '[{"feature": "price_z", "value": 3, "contribution": 1,
                "en": "low price", "zh": "低价"}]'
        from ml.conclusions where model_version = 'm1'
        on conflict do nothing"""
    )
    transform("instruct")


@pytest.fixture(scope="module")
def decided(day_by_day: psycopg.Connection) -> psycopg.Connection:
    """Decide one day without a model, one with it in two rounds, and the rest."""
    assess(day_by_day, "known_on = '2026-01-13'", "2026-01-13 19:00+08", has_model=False)
    assess(
        day_by_day, "known_on = '2026-01-14' and pick(declaration_id, 5) > 0", "2026-01-14 19:00+08"
    )
    assess(day_by_day, "known_on <= '2026-01-14'", "2026-01-14 21:00+08")
    assess(day_by_day, "true", "2026-01-17 19:00+08")
    return day_by_day


def test_each_pending_declaration_is_decided_once(decided: psycopg.Connection) -> None:
    live = count(decided, "select count(*) from core.declarations where not is_backfill")
    assert count(decided, "select count(*) from treatment.decisions") == live
    before = decided.execute(
        "select md5(string_agg(d::text, '' order by declaration_id)) from treatment.decisions as d"
    )
    fingerprint = before.fetchone()
    transform("decide", full_refresh=True)
    after = decided.execute(
        "select md5(string_agg(d::text, '' order by declaration_id)) from treatment.decisions as d"
    )
    assert after.fetchone() == fingerprint
    rounds = "select max(decision_round) from treatment.decisions where decided_on = '2026-01-14'"
    assert count(decided, rounds) == 2


def test_selection_keeps_to_capacity_and_to_the_random_share(decided: psycopg.Connection) -> None:
    strata = decided.execute(
        """select declarations_in_stratum, capacity, random_capacity, count(*),
            count(*) filter (where selected_by <> 'none'),
            count(*) filter (where selected_by = 'random'),
            count(*) filter (where selected_by = 'exploration'),
            exploration_capacity,
            bool_and(selection_probability = case
                when score_rank <= cutoff_rank or selected_by = 'exploration' then 1
                else random_probability
            end) filter (where selected_by <> 'random'),
            max(ranking_score) filter (where selected_by = 'none'),
            min(ranking_score) filter (where selected_by = 'targeted')
        from treatment.decisions
        group by
            stratum, declarations_in_stratum, capacity, random_capacity, exploration_capacity"""
    ).fetchall()
    assert strata
    for declared, capacity, random_capacity, rows, *chosen in strata:
        selected, drawn, explored, exploration_capacity, is_stored, best_left, worst = chosen
        assert declared == rows
        assert math.floor(0.1 * rows) <= capacity <= math.ceil(0.1 * rows)
        assert selected == capacity
        assert drawn == random_capacity <= capacity
        assert explored == exploration_capacity <= capacity - random_capacity
        assert is_stored is not False  # none, where all were drawn
        assert worst is None or best_left <= worst
    no_model = (
        "select count(*) from treatment.decisions"
        " where level = 'unknown' and selected_by = 'targeted'"
    )
    assert count(decided, no_model) == 0


def test_instructions_say_why_and_what_to_examine(decided: psycopg.Connection) -> None:
    rows = decided.execute(
        "select selected_by, reason_en, reason_zh, what_to_examine_en from treatment.instructions"
    ).fetchall()
    selected = "select count(*) from treatment.decisions where selected_by <> 'none'"
    assert len(rows) == count(decided, selected)
    for selected_by, reason_en, reason_zh, examine in rows:
        if selected_by == "random":
            assert "random" in reason_en
            assert examine.startswith("Whole consignment")
        else:
            assert ("To learn" in reason_en) == (selected_by == "exploration")
            assert "low price" in reason_en
            assert "低价" in reason_zh
            assert examine.startswith("Value")


def test_feedback_agrees_with_the_formulas(decided: psycopg.Connection) -> None:
    transform("feedback")
    performance = decided.execute(
        "select completed, findings, find_rate_low, find_rate_high from feedback.performance"
        " where completed > 0"
    ).fetchall()
    assert performance
    for completed, findings, low, high in performance:
        assert (low, high) == pytest.approx(wilson(findings, completed), abs=1e-9)

    outcomes = decided.execute(
        """select 1 / selection_probability, findings, is_completed from intermediate.int_outcomes
        where selection_probability < 1"""
    ).fetchall()
    back = [(weight - 1, findings) for weight, findings, is_completed in outcomes if is_completed]
    waiting = len(outcomes) / len(back)
    n = len(back)
    weighted = [weight * waiting * findings for weight, findings in back]
    total = sum(weighted)
    one_more = max(weight for weight, _ in back) * waiting
    row = decided.execute(
        "select leaked_violations, leaked_violations_low, leaked_violations_high,"
        " uninspected, sampled"
        " from feedback.leakage where period_kind = 'all'"
    ).fetchone()
    assert row is not None
    assert row[4] == n
    low, high = fay_feuer(total, sum(value**2 for value in weighted), one_more)
    assert row[0] == pytest.approx(total / 0.9)
    # the quantiles are approximated, the less closely the fewer findings there are
    assert row[1] == pytest.approx(low / 0.9, abs=0.02 * total)
    assert row[2] == pytest.approx(max(min(high / 0.9, row[3]), total / 0.9), rel=0.02)


def fay_feuer(total: float, squares: float, one_more: float) -> tuple[float, float]:
    """Return the 95 % interval of a weighted Poisson total (Fay and Feuer 1997)."""
    low = stats.gamma.ppf(0.025, total**2 / squares) * squares / total if total else 0.0
    total, squares = total + one_more, squares + one_more**2
    return low, stats.gamma.ppf(0.975, total**2 / squares) * squares / total


def test_every_unit_test_and_data_test_passes(decided: psycopg.Connection) -> None:
    assert dbt("test", "--selector", "everything") > 20
