"""What a day costs the metrics after a long history, and what reading one of them costs.

A day brings its decisions, the results of the three days before it, and corrections of a few older
results. `HISTORY=300000,1000000` says how many decided declarations the histories have. Nothing of
it is random: rows are hashes of their number.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from customs_risk.settings import Settings
from customs_risk.transform import dbt, transform
from customs_risk.warehouse import connect

Figure = Callable[[str, float], None]

SIZES = [int(size) for size in os.environ.get("HISTORY", "300000,1000000").split(",")]
DAILY = 30_000
# one in ten is inspected; results come within three days
_DAYS = """
with numbered as (
    select
        n,
        date '2025-01-01' + (n / %(daily)s)::int as decided_on,
        'D' || n as declaration_id,
        'I' || n %% 5000 as importer_id,
        lpad((100 * (1 + (hashint8(n) & 15)))::text, 4, '0') as office_code,
        (array['certified', 'regular', 'regular', 'dishonest'])[1 + ((hashint8(n) >> 4) & 3)]
            as tier,
        case
            when n %% 10 > 0 then 'none'
            when n %% 100 < 20 then 'random'
            when n %% 100 < 30 then 'parameter'
            else 'targeted'
        end as selected_by,
        ((hashint8(n + 1) & 1023) + 1) / 1100.0 as u
    from generate_series(%(first)s::bigint, %(last)s::bigint) as n
),

declared as (
    insert into intermediate.int_declarations
        (importer_id, declaration_id, office_code, importer_credit_tier, known_on, recorded_at)
    select importer_id, declaration_id, office_code, tier, decided_on, clock_timestamp()
    from numbered
),

decided as (
    insert into treatment.decisions (
        importer_id, declaration_id, office_code, decided_on, stratum, lane, selected_by, reason_en,
        reason_zh, level, likelihood, model_version, as_of, assessed_at, declarations_in_stratum,
        capacity, random_capacity, score_rank, random_draw, random_probability,
        selection_probability, decided_at)
    select
        importer_id, declaration_id, office_code, decided_on, 's',
        case
            when selected_by in ('targeted', 'parameter') then 'high'
            when u > 0.8 then 'medium' else 'low'
        end,
        selected_by, 'r', 'r', 'low', u ^ 4, 'm', now(), now(), 2000, 200, 40,
        1 + floor(1999 * (1 - u))::int, 0.5, 0.02,
        case when selected_by in ('targeted', 'parameter') then 1 else 0.02 end, clock_timestamp()
    from numbered
    returning *
)

insert into treatment.instructions (
    importer_id, declaration_id, instruction_id, office_code, decided_on, lane, selected_by, level,
    what_to_examine_en, what_to_examine_zh, reason_en, reason_zh, model_version, likelihood,
    score_rank, declarations_in_stratum, random_probability, selection_probability, decided_at)
select
    importer_id, declaration_id, 'I' || declaration_id, office_code, decided_on, lane, selected_by,
    level, 'e', 'e', 'r', 'r', model_version, likelihood, score_rank, declarations_in_stratum,
    random_probability, selection_probability, decided_at
from decided where selected_by <> 'none'
"""

_HITS = """
insert into ops.parameter_hits (parameter_id, version, importer_id, declaration_id)
select 'PA' || (hashtext(declaration_id) & 31), 1, importer_id, declaration_id
from treatment.instructions
where selected_by = 'parameter' and decided_on > %s
"""

# one to three days after the decision
_RESULTS = """
insert into intermediate.int_inspection_versions (
    importer_id, declaration_id, result_id, version_no, has_finding, finding_type,
    additional_duty_cny, officer_hours, is_backfill, known_at, known_on, recorded_at, is_latest,
    batch_id, row_no)
select
    importer_id, declaration_id, 'R' || declaration_id, 1, found,
    case when found then (array['undervaluation', 'ipr', 'food_safety'])[1 + (luck & 1)] end,
    case when found then 1000 + (luck & 4095) else 0 end, 1 + (luck & 7), false,
    decided_on + delay, decided_on + delay, clock_timestamp(), true, 'B' || declaration_id, 1
from (
    select *, (luck & 15) < 2 as found, 1 + luck %% 3 as delay
    from (select *, hashtext(declaration_id) & 65535 as luck from treatment.instructions) as asked
) as answered
where decided_on + delay between %(from)s and %(to)s
"""

_CORRECTIONS = """
update intermediate.int_inspection_versions
set additional_duty_cny = additional_duty_cny + 1, superseded_recorded_at = clock_timestamp()
where known_on = %s and has_finding and right(declaration_id, 2) = '00'
"""


def test_metrics_refresh(standing_warehouse: Settings, figure: Figure) -> None:
    _prepare()
    seconds = {}
    days = 0
    for size in SIZES:
        whole = size // DAILY
        _live(days, whole)
        if days == 0:
            transform("feedback")
        days = whole
        _refresh()  # what came since the size before
        days = _one_day(days)
        _refresh()  # as in service: the day before has been refreshed on its own
        days = _one_day(days)
        seconds[size] = _refresh()
        label = f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1000}k"
        figure(f"metrics_refresh_s_{label}", seconds[size])
    figure("metrics_refresh_s", seconds[SIZES[-1]])
    figure("metrics_refresh_growth", seconds[SIZES[-1]] / seconds[SIZES[0]])
    figure("metrics_month_read_ms", _month_read_ms())


def _prepare() -> None:
    with connect() as connection:
        connection.execute(
            """insert into ops.parameter_versions (
                parameter_id, version, condition, risk_domain, what_to_examine_en,
                what_to_examine_zh, measure, jurisdiction, owner_unit, legal_basis, starts_on,
                expires_on, review_on, reason_en, reason_zh, proposed_at, proposed_by)
            select 'PA' || n, 1, 'c', 'tax', 'e', 'e', 'inspection', '{gacc}', 'gacc', 'law',
                '2025-01-01', '2025-12-31', '2025-06-30', 'r', 'r', now(), 'x'
            from generate_series(0, 31) as n"""
        )


def _live(first_day: int, end_day: int) -> None:
    """Decide the days, and let the results come that are due by the end of the last of them."""
    with connect() as connection:
        before = _day(connection, first_day - 1)
        last = _day(connection, end_day - 1)
        told = {"first": first_day * DAILY, "last": end_day * DAILY - 1, "daily": DAILY}
        connection.execute(_DAYS, told)
        connection.execute(_HITS, [before])
        connection.execute(_RESULTS, {"from": _day(connection, first_day), "to": last})
    with connect(autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _one_day(number: int) -> int:
    """Live one more day, correct some results of ten days before; return the next day's number."""
    _live(number, number + 1)
    with connect() as connection:
        connection.execute(_CORRECTIONS, [_day(connection, number - 10)])
    return number + 1


def _day(connection: Any, number: int) -> Any:
    return connection.execute("select date '2025-01-01' + %s::int", [number]).fetchone()[0]


def _refresh() -> float:
    """Return how many seconds dbt takes to tell every metric anew."""
    started = time.perf_counter()
    dbt("run", "--select", "int_daily_outcomes+")
    return time.perf_counter() - started


def _month_read_ms() -> float:
    """Return how long the slowest metric takes to be read for a month, by the day and by office."""
    asked = """
        select cohort_on, dimension_value, value, low, high from feedback.metrics
        where metric_code = %s and cohort_kind = 'day' and dimension = 'office'
            and cohort_on between '2025-01-01' and '2025-01-31'"""
    slowest = 0.0
    with connect() as connection:
        codes = connection.execute("select distinct metric_code from feedback.metrics").fetchall()
        for code in codes:
            turns = []
            for _ in range(5):
                started = time.perf_counter()
                connection.execute(asked, code).fetchall()
                turns.append(time.perf_counter() - started)
            slowest = max(slowest, statistics.median(turns))
    return 1000 * slowest
