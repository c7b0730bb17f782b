"""Drift: each business day's trade against what the active model learned, and what follows.

A model keeps how its features and its score were distributed over all declarations of the last
weeks that it learned from (not over the inspected ones: those were chosen). Each day is counted
into the same bins, once; what is measured is the week that ends with it, so that a weekday is not
taken for a change. A day costs what came on it, whatever lies behind.

When the score, too many features, novelty or the find rate are beyond their thresholds (ml.shift),
an alarm is raised and training is due (ml.due).
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from ml import data, registry
from ml.features import NAMES
from ml.registry import Registered
from ml.shift import (
    Counts,
    Floats,
    Key,
    Observation,
    Reference,
    Thresholds,
    binned,
    find_rate,
    observed,
)

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

_LOCK = 27190
RATES = {name for name in NAMES if name.startswith(("rate_", "recent_rate_"))}

# a key of intermediate.int_risk_profiles, as macros/profiles.sql makes it
NOVEL = {
    "importer": ("importer_id",),
    "hs6": ("hs6",),
    "route": (
        "hs6",
        "coalesce(departure_country, '-')",
        "origin_country",
        "coalesce(tax_type, '-')",
    ),
}


def observe() -> int:
    """Measure the days on which the active model concluded on something new; return how many.

    A day that is not over is measured again with what has come since.
    """
    from customs_risk.warehouse import connect

    current = registry.active()
    if current is None:
        return 0
    with connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        days = _Days(connection, current, Thresholds())
        pending = days.pending()
        for day in pending:
            days.store(day, days.observed(day))
    return len(pending)


class _Days:
    """The business days of the active model."""

    def __init__(
        self, connection: "psycopg.Connection", current: Registered, thresholds: Thresholds
    ) -> None:
        self._connection = connection
        self._current = current
        self._thresholds = thresholds
        self._version = current.version
        self._learned_from, self._learned_to = self._one(
            "select label_window_from, label_window_to from ml.models where model_version = %s",
            [current.version],
        )
        self._references = self._stored_references() or self._learned_references()

    def pending(self) -> list[date]:
        """Return the days of conclusions that were drawn since days were measured last."""
        rows = self._connection.execute(_PENDING, {"version": self._version})
        return [day for (day,) in rows]

    def observed(self, day: date) -> list[Observation]:
        """Measure a day."""
        counts = self._counted(day)
        found = observed(self._references, counts, self._with_week(day, counts), self._thresholds)
        rate = find_rate(self._inspected(day), self._thresholds.lift)
        return [*found, rate] if rate else found

    def store(self, day: date, found: list[Observation]) -> None:
        """Keep what was measured of a day, in place of what was before."""
        self._connection.execute(
            "delete from ml.drift where model_version = %s and observed_on = %s",
            [self._version, day],
        )
        with self._connection.cursor().copy(_STORE) as copy:
            for each in found:
                day_and_measure = (self._version, day, each.measure, each.subject)
                told = (each.rows, each.value, each.threshold, each.is_beyond, *each.words())
                copy.write_row((*day_and_measure, each.counts.tolist(), *told))

    # -- what days are held against

    def _stored_references(self) -> dict[Key, Reference]:
        rows = self._connection.execute(
            """
            select measure, subject, points, counts from ml.model_references
            where model_version = %s
            order by measure, subject
            """,
            [self._version],
        )
        return {
            (measure, subject): Reference(np.array(points, float), np.array(counts, float))
            for measure, subject, points, counts in rows
        }

    def _learned_references(self) -> dict[Key, Reference]:
        """Count all declarations of the last days that the model learned from, and keep that."""
        from customs_risk.warehouse import read_arrow
        from ml import score

        since = self._learned_to - timedelta(days=self._thresholds.reference_days)
        days = f"known_on > '{since}' and known_on <= '{self._learned_to}'"
        rows = read_arrow(_SAMPLE.format(days=days, most=self._thresholds.reference_rows))
        likelihood = score.conclusions(rows, self._current)["likelihood"].to_numpy(float)
        references: dict[Key, Reference] = {
            ("feature", name): Reference.of(values)
            for name, values in _compared(rows).items()
            if name in self._current.model.names
        }
        references["score", "likelihood"] = Reference.of(_log_odds(likelihood))
        # what was inspected in these days would make itself known: only what was before them counts
        novel = self._novel(since + timedelta(days=1), self._learned_to, known_until=since)
        for kind, counts in novel.items():
            references["novelty", kind] = Reference(np.empty(0), counts)
        with self._connection.cursor().copy("copy ml.model_references from stdin") as copy:
            for (measure, subject), each in references.items():
                points, counts = each.points.tolist(), each.counts.tolist()
                copy.write_row((self._version, measure, subject, points, counts))
        return references

    # -- what came on a day

    def _counted(self, day: date) -> dict[Key, Counts]:
        from customs_risk.warehouse import read_arrow

        rows = read_arrow(
            _OF_A_DAY.format(day=day, version=self._version, most=self._thresholds.day_rows)
        )
        values = _compared(rows)
        score = _log_odds(rows["likelihood"].to_numpy(zero_copy_only=False))
        novel = self._novel(day, day, known_until=self._learned_to)
        return {
            (measure, subject): novel[subject]
            if measure == "novelty"
            else binned(each.points, score if measure == "score" else values[subject])
            for (measure, subject), each in self._references.items()
        }

    def _with_week(self, day: date, counts: dict[Key, Counts]) -> dict[Key, Counts]:
        """Add the days of the week behind a day."""
        rows = self._connection.execute(
            """
            select measure, subject, counts from ml.drift
            where model_version = %s and observed_on > %s and observed_on < %s
            """,
            [self._version, day - timedelta(days=self._thresholds.week_days), day],
        )
        week = dict(counts)
        for measure, subject, before in rows:
            if (measure, subject) in week:
                week[measure, subject] = week[measure, subject] + np.array(before)
        return week

    def _novel(self, first: date, last: date, known_until: date) -> dict[str, Counts]:
        """Count declarations by whether results told the model of their importer, goods or route.

        All zero where the time that it learned from does not reach back so far.
        """
        keys = ", ".join(f"('{kind}', {_joined(parts)})" for kind, parts in NOVEL.items())
        found = {kind: np.zeros(2) for kind in NOVEL}
        if known_until <= self._learned_from:
            return found
        rows = self._connection.execute(
            _NOVELTY.format(keys=keys),
            {
                "first": first,
                "last": last,
                "learned_from": self._learned_from,
                "known_until": known_until,
            },
        )
        return found | {kind: np.array(counts, dtype=float) for kind, *counts in rows}

    def _inspected(self, day: date) -> Counts:
        """Count targeted and random inspections of the last weeks, and what each found."""
        if self._one("select to_regclass('intermediate.int_daily_outcomes')", []) == (None,):
            return np.zeros(4)
        counts = self._one(
            _INSPECTED,
            {
                "version": self._version,
                "day": day,
                "since": day - timedelta(days=self._thresholds.find_rate_days),
            },
        )
        return np.array(counts, dtype=float)

    def _one(self, query: str, values: Any) -> tuple[Any, ...]:
        row = self._connection.execute(query, values).fetchone()
        assert row is not None
        return row


def _compared(rows: "pa.Table") -> dict[str, Floats]:
    """Return each feature as it is compared: a find rate against that of all on its day.

    A rate is smoothed towards that of all: it moves with it though nothing is known of its goods.
    """
    overall = rows["rate_all"].to_numpy(zero_copy_only=False).astype(float)
    compared = dict(zip(NAMES, data.matrix(rows).T, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        for name in compared.keys() & RATES:
            relative = np.log(compared[name] / overall)
            compared[name] = np.where(np.isfinite(relative), relative, np.nan)
    return compared


def _log_odds(likelihood: Floats) -> Floats:
    return np.log(likelihood / (1 - likelihood))


def _joined(parts: tuple[str, ...]) -> str:
    return " || '|' || ".join(parts)


# conclusions that were under way while the last days were measured are taken along
_PENDING = """
select distinct features.known_on
from ml.conclusions as drawn
inner join intermediate.int_declaration_features as features using (importer_id, declaration_id)
where
    drawn.model_version = %(version)s
    and drawn.conclusion_no = 1
    and drawn.assessed_at > coalesce(
        (
            select max(observed_at) - interval '1 hour' from ml.drift
            where model_version = %(version)s
        ),
        (select trained_at from ml.models where model_version = %(version)s)
    )
order by features.known_on
"""

_STORE = """
copy ml.drift (
    model_version, observed_on, measure, subject, counts, "rows", value, threshold, is_beyond,
    words_en, words_zh
) from stdin
"""

# every so many declarations, chosen by a hash of their number, so that about as many are left
_SAMPLE = """
with drawn as (
    select greatest(1, count(*) / {most}) as every
    from intermediate.int_declaration_features
    where {days}
)

select
    features.*,
    features.recorded_at as known_at
from intermediate.int_declaration_features as features
cross join drawn
where {days} and hashtextextended(features.declaration_id, 0) % drawn.every = 0
"""

_OF_A_DAY = """
with sample as (
    select greatest(1, count(*) / {most}) as every
    from intermediate.int_declaration_features
    where known_on = '{day}'
)

select
    features.*,
    drawn.likelihood
from intermediate.int_declaration_features as features
inner join ml.conclusions as drawn using (importer_id, declaration_id)
cross join sample
where
    features.known_on = '{day}'
    and drawn.model_version = '{version}'
    and hashtextextended(features.declaration_id, 0) % sample.every = 0
    and drawn.conclusion_no = 1
"""

# each key of these days once, and one probe for it: a day's results start an interval on the next
_NOVELTY = """
with keys as (
    select
        told.kind,
        told.key,
        count(*) as declarations
    from intermediate.int_declarations as declarations
    cross join lateral (values {keys}) as told (kind, key)
    where declarations.known_on between %(first)s and %(last)s and told.key is not null
    group by told.kind, told.key
),

judged as (
    select
        keys.kind,
        keys.declarations,
        exists (
            select 1 from intermediate.int_risk_profiles as profiles
            where
                profiles.profile_kind = keys.kind
                and profiles.profile_key = keys.key
                and profiles.valid_from > %(learned_from)s
                and profiles.valid_from <= %(known_until)s + 1
        ) as is_known
    from keys
)

select
    kind,
    coalesce(sum(declarations) filter (where not is_known), 0),
    coalesce(sum(declarations) filter (where is_known), 0)
from judged
group by kind
"""

# decisions since the model's own first day: earlier ones were another's
_INSPECTED = """
select
    coalesce(sum(completed) filter (where selected_by = 'targeted'), 0),
    coalesce(sum(findings) filter (where selected_by = 'targeted'), 0),
    coalesce(sum(completed) filter (where selected_by = 'random'), 0),
    coalesce(sum(findings) filter (where selected_by = 'random'), 0)
from intermediate.int_daily_outcomes
where
    decided_on > %(since)s
    and decided_on <= %(day)s
    and decided_on >= (select min(observed_on) from ml.drift where model_version = %(version)s)
"""
