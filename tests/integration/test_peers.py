"""Comparison with peers on a real PostgreSQL: by what was known, once a day; and of offices."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from customs_risk import warehouse as doors
from customs_risk.settings import Settings, settings
from customs_risk.transform import dbt
from customs_risk.warehouse import append_arrow
from ml.peers import step as peers

pytestmark = pytest.mark.timeout(900)

TODAY = date(2026, 7, 1)
IMPORTERS, OFFICES, MONTHS = 60, 12, 100

_TABLES = """
create schema if not exists intermediate;
create table intermediate.int_declarations (
    importer_id text, declaration_id text, declarant_id text, office_code text, hs6 text,
    origin_country text, departure_country text, transport_mode text, tax_type text,
    tax_rate_pct float8, declared_value_cny float8, declared_at timestamptz, known_on date
);
create table intermediate.int_declaration_features (
    importer_id text, declaration_id text, log_unit_value float8, is_first_seller_importer float8,
    known_on date
);
create table intermediate.int_declaration_corrections (declaration_id text, known_on date);
create table intermediate.int_inspection_versions (
    importer_id text, declaration_id text, has_finding boolean, known_on date, superseded_on date
);
create table intermediate.int_daily_outcomes (
    decided_on date, office_code text, selected_by text, scored_results bigint,
    scored_findings bigint, expected_findings float8
);
"""


@pytest.fixture(scope="module")
def connection(warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse with half a year of trade, as the models below hold it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("CUSTOMS_RISK_SCHEDULES", "off")
    settings.cache_clear()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute(_TABLES)
        deliver(TODAY - timedelta(180), TODAY, 8000, seed=1)
        # who declares too low, and corrects half of what it declared
        deliver(TODAY - timedelta(60), TODAY, 80, seed=2, by="LOW", gap=1.0)
        opened.execute(
            """insert into intermediate.int_declaration_corrections
            select declaration_id, known_on + 1 from intermediate.int_declarations
            where importer_id = 'LOW' and right(declaration_id, 1) < '5' and known_on < %s""",
            [TODAY - timedelta(1)],
        )
        # who declares too little to be compared
        deliver(TODAY - timedelta(60), TODAY, 3, seed=5, by="FEW", gap=1.0)
        # what becomes known on the day itself, or is older than the window, does not count
        deliver(TODAY, TODAY + timedelta(1), 80, seed=3, by="SOON", gap=2.0)
        deliver(TODAY - timedelta(180), TODAY - timedelta(91), 80, seed=4, by="OLD", gap=2)
        deliver_outcomes()
        opened.execute("analyze")
        yield opened
    patch.undo()
    settings.cache_clear()


def deliver(
    from_day: date,
    to_day: date,
    size: int,
    seed: int,
    by: str | None = None,
    gap: float = 0.0,
) -> None:
    """Add declarations of one importer or of all, each tenth inspected."""
    dice = np.random.default_rng(seed)
    who = dice.integers(0, IMPORTERS, size)
    importer = np.array([by or f"I{n:02d}" for n in who])
    days = pd.Timestamp(from_day) + pd.to_timedelta(
        dice.integers(0, (to_day - from_day).days, size), unit="D"
    )
    ids = [f"{seed}-{n:05d}" for n in range(size)]
    key = pd.DataFrame({"importer_id": importer, "declaration_id": ids, "known_on": days.date})
    goods = dice.integers(0, 5, size)
    rate = dice.choice([4.0, 10.0], size)
    declared = key.assign(
        declarant_id=[f"D{n % 20}" for n in who],
        office_code=[f"{22 + n % 4}00" for n in who],
        hs6=[f"87032{n}" for n in goods],
        origin_country=dice.choice(["VN", "MY"], size),
        departure_country=dice.choice(["VN", "SG"], size),
        transport_mode="2",
        tax_type=np.where(rate < 10, "ACFTA", "MFN"),
        tax_rate_pct=rate,
        declared_value_cny=1000.0,
        declared_at=(days + pd.Timedelta("10h")).tz_localize("Asia/Shanghai"),
    )
    put("int_declarations", declared)
    price = goods + dice.normal(0, 0.08, IMPORTERS)[who] + dice.normal(0, 0.3, size) - gap
    put(
        "int_declaration_features",
        key.assign(
            log_unit_value=price, is_first_seller_importer=dice.binomial(1, 0.1, size) * 1.0
        ),
    )
    results = key[dice.random(size) < 0.1].assign(superseded_on=None)
    results["has_finding"] = dice.random(len(results)) < 0.1
    put("int_inspection_versions", results.astype({"superseded_on": "object"}))


def put(table: str, rows: pd.DataFrame) -> None:
    arrow = pa.Table.from_pandas(rows, preserve_index=False)
    nulls = [field.name for field in arrow.schema if pa.types.is_null(field.type)]
    append_arrow("intermediate", table, arrow.drop_columns(nulls))


def turn_to(connection: psycopg.Connection, day: date) -> None:
    """Let the sandbox's clock say that it is the evening of a day."""
    connection.execute(
        """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill, status,
            received, loaded, quarantined, duplicate)
        values (%s, 'declarations', 's', 'f', %s, false, 'loaded', 0, 0, 0, 0)""",
        [f"declarations-{day}", f"{day} 18:00+08"],
    )


def rows(connection: psycopg.Connection, query: str) -> list[Any]:
    return connection.execute(query).fetchall()


def test_each_day_is_compared_once_by_what_was_known_before(
    connection: psycopg.Connection,
) -> None:
    turn_to(connection, TODAY)
    compared = peers.compare_peers()
    assert compared > 500
    stored = "select count(*) from ml.peer_deviations"
    assert rows(connection, stored) == [(compared,)]
    assert peers.compare_peers() == 0
    assert rows(connection, stored) == [(compared,)]

    out = rows(
        connection,
        """select subject_key, measure, direction, is_adverse, words_en, words_zh
        from ml.peer_deviations where stands_out order by measure desc""",
    )
    assert [row[:4] for row in out] == [
        ("LOW", "price", "below", True),
        ("LOW", "correction", "above", True),
    ]
    assert all(en and zh for *_, en, zh in out)
    kinds, keys = zip(
        *rows(connection, "select subject_kind, subject_key from ml.peer_deviations"), strict=True
    )
    assert not {"FEW", "SOON", "OLD"} & set(keys)
    assert set(kinds) == {"importer", "declarant", "hs6_origin"}  # offices are too few


def test_what_is_counted_is_what_was_declared(connection: psycopg.Connection) -> None:
    differing = rows(
        connection,
        f"""with declared as (
            select importer_id, count(*) as declarations
            from intermediate.int_declarations
            where known_on >= date '{TODAY}' - {peers.WINDOW_DAYS} and known_on < date '{TODAY}'
            group by importer_id
            having count(*) >= {peers.LEAST_OBSERVATIONS}
        )
        select * from declared full join ml.peer_groups on subject_key = importer_id
        where subject_kind = 'importer'
            and declared.declarations is distinct from peer_groups.declarations""",
    )
    assert not differing
    corrected = rows(
        connection,
        """select value * observations, observations from ml.peer_deviations
        where subject_key = 'LOW' and measure = 'correction'""",
    )
    expected = rows(
        connection,
        """select count(corrections.declaration_id)::float8, count(*)
        from intermediate.int_declarations
        left join intermediate.int_declaration_corrections as corrections using (declaration_id)
        where importer_id = 'LOW'""",
    )
    assert corrected == [pytest.approx(pair) for pair in expected]


def test_a_result_counts_as_it_was_known(connection: psycopg.Connection) -> None:
    def find_rate(day: date) -> tuple[float, float]:
        cells = peers.known_before(day).query("subject_kind == 'importer' and subject_key == 'I07'")
        return cells["find_rate_hits"].sum(), cells["find_rate_trials"].sum()

    before = find_rate(TODAY)
    connection.execute(
        """insert into intermediate.int_inspection_versions values
            ('I07', (select min(declaration_id) from intermediate.int_declarations
                where importer_id = 'I07'), true, %(known)s, %(superseded)s),
            ('I07', (select min(declaration_id) from intermediate.int_declarations
                where importer_id = 'I07'), false, %(superseded)s, null)""",
        {"known": TODAY - timedelta(3), "superseded": TODAY},
    )
    # the correction comes on the day itself: until then a finding stands
    assert find_rate(TODAY) == (before[0] + 1, before[1] + 1)
    later = find_rate(TODAY + timedelta(1))
    assert later[0] <= before[0]


def test_of_earlier_days_what_stood_out_is_kept(connection: psycopg.Connection) -> None:
    turn_to(connection, TODAY + timedelta(1))
    assert peers.compare_peers() > 500
    days = rows(
        connection,
        """select as_of_on, bool_and(stands_out) from ml.peer_deviations group by 1 order by 1""",
    )
    assert days == [(TODAY, True), (TODAY + timedelta(1), False)]
    # what is known by now is compared by now
    assert rows(
        connection,
        f"""select stands_out from ml.peer_deviations
        where subject_key = 'SOON' and measure = 'price' and as_of_on > '{TODAY}'""",
    ) == [(True,)]
    assert rows(connection, "select distinct as_of_on from ml.peer_groups") == [
        (TODAY + timedelta(1),)
    ]


def test_an_empty_warehouse_compares_nobody(connection: psycopg.Connection) -> None:
    turn_to(connection, TODAY + timedelta(400))
    assert peers.compare_peers() == 0


EFFECTS = np.random.default_rng(5).lognormal(-0.02, 0.2, (MONTHS, OFFICES))


def deliver_outcomes() -> None:
    """Add a hundred months of offices whose inspectors find more or less than others.

    The model is too sure of what it targets, for every office alike; small offices inspect little.
    """
    dice = np.random.default_rng(6)
    told = []
    for month, office in np.ndindex(MONTHS, OFFICES):
        inspected = 800 // (office + 1)
        for way, share, likely, misjudged in (
            ("targeted", 0.9, 0.3, 0.8),
            ("random", 0.1, 0.04, 1),
        ):
            likelihood = dice.beta(2, 2 / likely - 2, int(share * inspected))
            chance = np.minimum(likelihood * misjudged * EFFECTS[month, office], 1)
            found = dice.random(len(likelihood)) < chance
            told.append(
                {
                    "decided_on": date(2010 + month // 12, 1 + month % 12, 1 + office),
                    "office_code": f"{10 + office}00",
                    "selected_by": way,
                    "scored_results": len(likelihood),
                    "scored_findings": int(found.sum()),
                    "expected_findings": likelihood.sum(),
                }
            )
        # pending, or without a likelihood
        told.append({**told[-1], "scored_results": 0, "scored_findings": 0, "expected_findings": 0})
    put("int_daily_outcomes", pd.DataFrame(told))


@pytest.fixture(scope="module")
def marts(connection: psycopg.Connection) -> psycopg.Connection:
    """Return a connection to a warehouse with the views that show the comparisons."""
    dbt("run", "--select", "peer_groups", "peer_deviations", "office_comparison")
    return connection


def test_the_interval_of_an_office_holds_its_true_effect(marts: psycopg.Connection) -> None:
    told = pd.DataFrame(
        rows(
            marts,
            """select expected_as_selected, relative_find_rate, relative_find_rate_low,
                relative_find_rate_high, findings, expected_findings
            from feedback.office_comparison order by month_on, office_code""",
        ),
        columns=["expected", "rate", "low", "high", "findings", "expected_findings"],
    ).astype(float)
    assert len(told) == MONTHS * OFFICES
    cube = {name: column.to_numpy().reshape(MONTHS, OFFICES) for name, column in told.items()}
    # an office is told relative to all offices of its month
    means = (cube["expected"] * EFFECTS).sum(axis=1) / cube["expected"].sum(axis=1)
    truth = EFFECTS / means[:, None]
    covered = ((cube["low"] <= truth) & (truth <= cube["high"])).sum(axis=0)
    assert covered.min() >= 93, covered
    # the smallest offices are drawn most towards the others, and lie nearer to the truth for it
    plain = cube["findings"] / cube["expected"]
    assert np.abs(cube["rate"] - truth)[:, -4:].mean() < 0.9 * np.abs(plain - truth)[:, -4:].mean()
    # what the model misjudges among the targeted is nobody's doing
    assert cube["rate"].mean() == pytest.approx(1, abs=0.03)
    assert (cube["findings"] / cube["expected_findings"]).mean() < 0.9


def test_who_stands_out_in_a_month_is_rarely_wrongly_said_to(marts: psycopg.Connection) -> None:
    standing = np.array(
        rows(
            marts, "select standing from feedback.office_comparison order by month_on, office_code"
        )
    ).reshape(MONTHS, OFFICES)
    assert (standing != "as_expected").mean() > 0.1
    assert (EFFECTS[standing == "below"] > 1.05).mean() < 0.05
    assert (EFFECTS[standing == "above"] < 0.95).mean() < 0.05


def test_the_marts_show_what_was_compared(marts: psycopg.Connection) -> None:
    assert rows(
        marts,
        """select is_current, count(*) filter (where stands_out) > 0
        from assessment.peer_deviations group by 1 order by 1""",
    ) == [(False, True), (True, True)]
    assert not rows(
        marts,
        """select subject_kind, subject_key from assessment.peer_groups
        group by 1, 2 having count(*) filter (where is_own) > 1""",
    )
