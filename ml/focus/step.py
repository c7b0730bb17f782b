"""Dynamic focus: what of the trade has left its own past, noticed once and followed to its end.

Each business day the new facts are counted by route, commodity, party and office; what was counted
over the last weeks is looked at as a whole (ml.focus.episodes, ml.focus.change), and what is found
is written to the table ml.focus. A day costs its own facts and the window, never the history.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
from psycopg.rows import class_row

from ml.focus.change import ChangeConfig
from ml.focus.episodes import Episode, Looked, look
from ml.focus.words import MEASURES, Measure, indicator_measure

if TYPE_CHECKING:
    import psycopg

_LOCK = 27186

# a subject's key in its parts, as the profiles write it
_KEYS = {
    "importer": "declarations.importer_id",
    "declarant": "declarations.declarant_id",
    "seller": "declarations.seller_id",
    "office": "declarations.office_code",
    "hs6": "declarations.hs6",
    "hs6_origin": "declarations.hs6 || '|' || declarations.origin_country",
    "route": (
        "declarations.hs6 || '|' || coalesce(declarations.departure_country, '-') || '|' || "
        "declarations.origin_country || '|' || coalesce(declarations.tax_type, '-')"
    ),
}
_SUBJECTS = f"""
cross join lateral (
    values {", ".join(f"('{kind}', {key})" for kind, key in _KEYS.items())}
) as subjects (subject_kind, subject_key)
"""

# the day that is looked at, the last one that was, the first day with facts that are new since then
_STATE = """
with

last_look as (
    select
        max(looked_on) as looked_on,
        coalesce(max(recorded_to), '-infinity') as recorded_to
    from ml.focus_runs
)

select
    %(moment)s::timestamptz::date as looks_on,
    last_look.looked_on,
    least(
        last_look.looked_on,
        (
            select min(known_on) from intermediate.int_declarations
            where recorded_at > last_look.recorded_to
        ),
        (
            select min(known_on) from intermediate.int_inspection_versions
            where recorded_at > last_look.recorded_to
        ),
        (
            select min(superseded_on) from intermediate.int_inspection_versions
            where superseded_recorded_at > last_look.recorded_to
        )
    ) as since,
    greatest(
        (select max(recorded_at) from intermediate.int_declarations),
        (select max(recorded_at) from intermediate.int_inspection_versions)
    ) as recorded_to
from last_look
"""

_COUNT = f"""
with

declared as (
    select
        declarations.known_on,
        subjects.subject_kind,
        subjects.subject_key,
        count(*) as declarations,
        count(features.price_z) as priced,
        -- a price that lies far out says no more than one at four standard deviations
        sum(least(greatest(features.price_z, -4), 4)) as price_z
    from intermediate.int_declarations as declarations
    left join intermediate.int_declaration_features as features
        using (importer_id, declaration_id)
    {_SUBJECTS}
    where
        declarations.known_on >= %(since)s
        and declarations.known_on < %(day)s
        and subjects.subject_key is not null
    group by declarations.known_on, subjects.subject_kind, subjects.subject_key
),

-- a result counts on the day it was known, and a correction takes it back on its own
results as (
    select importer_id, declaration_id, known_on, selected_by, has_finding::int as found, 1 as units
    from intermediate.int_inspection_versions
    where known_on >= %(since)s and known_on < %(day)s
    union all
    select
        importer_id, declaration_id, superseded_on, selected_by, -has_finding::int as found,
        -1 as units
    from intermediate.int_inspection_versions
    where superseded_on >= %(since)s and superseded_on < %(day)s
)

insert into ml.focus_days (
    counted_on, measure, subject_kind, subject_key, stratum, units, events
)
select known_on, 'volume', subject_kind, subject_key, 'all', declarations, declarations
from declared
union all
select known_on, 'price', subject_kind, subject_key, 'all', priced, price_z
from declared
where priced > 0
union all
select
    results.known_on,
    'find_rate',
    subjects.subject_kind,
    subjects.subject_key,
    case when results.selected_by = 'random' then 'random' else 'chosen' end,
    sum(results.units),
    sum(results.found)
from results
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
{_SUBJECTS}
where subjects.subject_key is not null
group by 1, 3, 4, 5
union all
-- what begins to count on a day was known the day before
select counts_from - 1, indicator_code, subject_kind, subject_key, 'all', units, events
from intermediate.int_indicator_arrivals
where counts_from > %(since)s and counts_from <= %(day)s
"""

# a series that is in focus is followed, however little is left of it
_SERIES = """
with

enough as (
    select measure, subject_kind, subject_key
    from ml.focus_days
    where counted_on >= '{first}'
    group by measure, subject_kind, subject_key
    having sum(units) >= {least_units}
    union
    select measure, subject_kind, subject_key
    from ml.focus
    where ended_on is null
)

select days.*
from ml.focus_days as days
inner join enough using (measure, subject_kind, subject_key)
where days.counted_on >= '{first}'
"""

_EPISODES = """
select
    focus_id, measure, subject_kind, subject_key, direction, since_on, detected_on, until_on,
    ended_because
from ml.focus
where coalesce(until_on, 'infinity') >= %s
"""

_INDICATORS = """
select distinct on (indicator_code)
    indicator_code as code, formula, direction, name_en as en, name_zh as zh
from reference.indicators
order by indicator_code, version desc
"""

_LOOKED = """
insert into ml.focus_runs (
    looked_on, looked_at, recorded_to, series_watched, raised, ended, config_hash
)
values (%s, %s, %s, %s, %s, %s, %s)
"""

_BEGIN = """
insert into ml.focus (
    focus_id, measure, subject_kind, subject_key, direction, is_adverse, since_on, detected_on,
    detected_at, level_before, level_after, trend_per_week, strength, en, zh
)
values (
    %(focus_id)s, %(measure)s, %(subject_kind)s, %(subject_key)s, %(direction)s, %(is_adverse)s,
    %(since_on)s, %(day)s, %(moment)s, %(level_before)s, %(level_after)s, %(trend_per_week)s,
    %(strength)s, %(en)s, %(zh)s
)
"""

_END = """
update ml.focus
set until_on = %(until_on)s, ended_because = %(because)s, ended_on = %(day)s, ended_at = %(moment)s
where focus_id = %(focus_id)s
"""


def find_focus() -> int:
    """Notice what has changed and what has ended, once per business day; return how many changed.

    Only what was known before the day is looked at.
    """
    from customs_risk import clock
    from customs_risk.warehouse import connect

    config = ChangeConfig()
    with connect(autocommit=True) as connection:
        # a second one waits, and then finds the day looked at
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        moment = clock.present(connection)
        cursor = connection.cursor(row_factory=class_row(_State))
        state = cursor.execute(_STATE, {"moment": moment}).fetchone()
        assert state is not None
        if state.looked_on and state.looked_on >= state.looks_on:
            return 0
        first = state.looks_on - timedelta(config.window_days)
        _count(connection, first, max(state.since or first, first), state.looks_on)
        looked = look(*_read(connection, first, config), state.looks_on, config)
        with connection.transaction():
            _write(connection, looked, state, moment, config)
    return len(looked.changes)


@dataclass(frozen=True)
class _State:
    """The day that is looked at, and what was looked at before."""

    looks_on: date
    looked_on: date | None
    since: date | None  # first day with facts that are new
    recorded_to: datetime | None


def _count(connection: "psycopg.Connection", first: date, since: date, day: date) -> None:
    """Count the days from ``since`` up to ``day``, and forget those before ``first``."""
    with connection.transaction():
        connection.execute(
            "delete from ml.focus_days where counted_on < %s or counted_on >= %s", [first, since]
        )
        connection.execute(_COUNT, {"since": since, "day": day})


def _read(
    connection: "psycopg.Connection", first: date, config: ChangeConfig
) -> tuple[pd.DataFrame, list[Episode], dict[str, Measure]]:
    """Return the counts of all series worth watching, their episodes, and what is measured."""
    from customs_risk.warehouse import read_arrow

    series = _SERIES.format(first=first, least_units=config.least_units)
    counts = read_arrow(series).to_pandas(strings_to_categorical=True)
    episodes = connection.cursor(row_factory=class_row(Episode)).execute(_EPISODES, [first])
    indicators = [indicator_measure(**row) for row in read_arrow(_INDICATORS).to_pylist()]
    measures = MEASURES | {measure.name: measure for measure in indicators}
    return counts, episodes.fetchall(), measures


def _write(
    connection: "psycopg.Connection",
    looked: Looked,
    state: _State,
    moment: datetime,
    config: ChangeConfig,
) -> None:
    connection.execute(
        _LOOKED,
        [
            *(state.looks_on, moment, state.recorded_to),
            *(looked.series_watched, len(looked.changes), len(looked.endings), config.hash()),
        ],
    )
    at = {"day": state.looks_on, "moment": moment}
    with connection.cursor() as cursor:
        # what ended may begin again
        cursor.executemany(_END, [asdict(ending) | at for ending in looked.endings])
        cursor.executemany(_BEGIN, [asdict(found) | at for found in looked.changes])
