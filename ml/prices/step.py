"""Price regression (Order 271, article 10): the unit price that a declaration should have.

Reads what is known of goods and prices from the warehouse, trains a price model when the active one
is old, and writes an expectation for every declaration that waits for one, once and for good.
"""

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from psycopg.types.json import Jsonb

from ml import registry
from ml.model import OtherFeaturesError
from ml.prices import model as price_model
from ml.prices.model import PriceConfig, PriceModel

log = logging.getLogger(__name__)

CHUNK = 50_000  # declarations in memory at a time
_LOCK = 27185  # two runs at once would expect the same declarations: the second waits

# live, and without an expectation. Expectations follow features within a build, so what is much
# older than the newest has its own; told as a value, so that the planner knows how little is left
_WAITS = """
    not features.is_backfill
    and features.recorded_at >= '{since}'
    and not exists (
        select 1 from ml.price_expectations as expected
        where
            expected.importer_id = features.importer_id
            and expected.declaration_id = features.declaration_id
    )
"""

# a finding of tax says that the price, or what it was the price of, was not true; so may one of an
# untold kind
_HONEST = """
    not exists (
        select 1
        from intermediate.int_inspections as inspections
        left join reference.finding_types as finding_types using (finding_type)
        where
            inspections.importer_id = newest.importer_id
            and inspections.declaration_id = newest.declaration_id
            and inspections.has_finding
            and inspections.known_on < '{day}'
            and coalesce(finding_types.risk_domain, 'tax') = 'tax'
    )
"""

# one probe of the profiles' index: the sums of strictly earlier days (macro as_of in dbt_project)
_AS_OF = """
lateral (
    select profile.*
    from intermediate.int_activity_profiles as profile
    where
        profile.profile_kind = '{kind}'
        and profile.profile_key = {key}
        and profile.valid_from <= {day}
    order by profile.valid_from desc
    limit 1
)
"""

_ROWS = """
with recursive

newest as materialized (
    select
        features.importer_id,
        features.declaration_id,
        features.known_on,
        features.log_unit_value,
        features.log_mass,
        features.tax_rate_pct
    from intermediate.int_declaration_features as features
    where {chosen}
    order by features.known_on desc, features.declaration_id desc
    limit {limit}
),

-- one to one
asked as materialized (
    select
        declarations.importer_id,
        declarations.declaration_id,
        declarations.known_at,
        declarations.hs6,
        declarations.origin_country,
        declarations.departure_country,
        declarations.transport_mode,
        declarations.net_mass_kg::float8 as net_mass_kg,
        declarations.declared_value_cny::float8 as declared_value_cny,
        newest.known_on,
        newest.log_unit_value,
        newest.log_mass,
        newest.tax_rate_pct
    from newest
    inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
    where {kept}
),

-- the origins that each commodity has come from, one probe of the profiles' index for each. Their
-- keys are hs6|origin; other profiles have longer keys that begin like them, up to hs6|origin}}
origins (hs6, profile_key) as (
    select distinct hs6, hs6 || '|0' collate "C" from asked
    union all
    select
        origins.hs6,
        (
            select substring(next.profile_key from '^[^|]*[|][^|]*')
            from intermediate.int_activity_profiles as next
            where
                next.profile_key > origins.profile_key || '}}'
                and next.profile_key < origins.hs6 || '}}'
            order by next.profile_key
            limit 1
        )
    from origins
    where origins.profile_key is not null
),

-- many origins to one commodity and day
commodities as materialized (
    select
        days.hs6,
        days.known_on,
        sum(known.declarations) as declarations,
        sum(known.log_unit_value_sum) as log_unit_value_sum,
        sum(known.log_unit_value_square_sum) as log_unit_value_square_sum
    from (select distinct hs6, known_on from asked) as days
    inner join origins using (hs6)
    inner join {origin} as known on true
    group by days.hs6, days.known_on
)

-- each look-up gives one row or none: one row per declaration
select
    asked.*,
    coalesce(hs6.declarations, 0)::float8 as count_hs6,
    coalesce(hs6.log_unit_value_sum, 0)::float8 as sum_hs6,
    coalesce(hs6.log_unit_value_square_sum, 0)::float8 as squares_hs6,
    coalesce(pair.declarations, 0)::float8 as count_hs6_origin,
    coalesce(pair.log_unit_value_sum, 0)::float8 as sum_hs6_origin,
    coalesce(pair.log_unit_value_square_sum, 0)::float8 as squares_hs6_origin,
    coalesce(pair.log_mass_sum, 0)::float8 as mass_sum_hs6_origin,
    coalesce(own.declarations, 0)::float8 as count_importer_hs6,
    coalesce(own.log_unit_value_sum, 0)::float8 as sum_importer_hs6,
    coalesce(own.log_unit_value_square_sum, 0)::float8 as squares_importer_hs6,
    coalesce(pair.declarations - coalesce(past.declarations, 0), 0)::float8 as count_recent,
    coalesce(pair.log_unit_value_sum - coalesce(past.log_unit_value_sum, 0), 0)::float8
        as sum_recent,
    coalesce(
        pair.log_unit_value_square_sum - coalesce(past.log_unit_value_square_sum, 0), 0
    )::float8 as squares_recent
from asked
left join commodities as hs6 on asked.hs6 = hs6.hs6 and asked.known_on = hs6.known_on
left join {pair} as pair on true
left join {past} as past on true
left join {own} as own on true
"""

_PAIR, _OWN = "asked.hs6 || '|' || asked.origin_country", "asked.importer_id || '|' || asked.hs6"
_LOOK_UPS = {
    "origin": _AS_OF.format(kind="hs6_origin", key="origins.profile_key", day="days.known_on"),
    "pair": _AS_OF.format(kind="hs6_origin", key=_PAIR, day="asked.known_on"),
    "past": _AS_OF.format(kind="hs6_origin", key=_PAIR, day="asked.known_on - 28"),
    "own": _AS_OF.format(kind="importer_hs6", key=_OWN, day="asked.known_on"),
}


@dataclass(frozen=True)
class Registered:
    """A price model in the register, loaded."""

    version: str
    window_to: date  # the last day that it learned from
    config_hash: str
    model: PriceModel

    def serves(self, config: PriceConfig, day: date) -> bool:
        """Tell whether it is of these settings and recent enough for a day."""
        is_recent = day <= self.window_to + timedelta(days=config.renewed_after_days)
        return is_recent and self.config_hash == config.hash()


def train_prices() -> str | None:
    """Train a price model and register it; return the version that serves then.

    A model of the same settings serves for a week before there is a new one, and a new one serves
    only if its pinball loss is below that of the plain mean (the embedded policy). Returns None,
    and leaves the active model as it is, while rows are too few. Nothing is learned from the day
    whose declarations wait, nor from any later one.
    """
    config, day, current = PriceConfig(), _first_day_that_waits(), _active_of_these_features()
    serving = current.version if current else None
    if current and current.serves(config, day):
        return serving
    rows = read(f"features.known_on < '{day}'", config.max_rows, _HONEST.format(day=day))
    fitted = price_model.fit(rows, config)
    if fitted is None:
        log.info("no price model yet: %d declarations", len(rows))
        return None
    model, metrics = fitted
    window = rows["known_on"].min(), rows["known_on"].max()
    is_better = metrics["pinball"] < metrics["pinball_baseline"]
    version = _register(model, config, window, metrics, activate=is_better)
    return version if is_better else serving


def expect_prices() -> int:
    """Write an expectation for each declaration that waits for one; return how many.

    Before there is a model, and for goods never seen before, the expectation is unknown. Running
    it again, or twice at once, adds nothing: the first expectation stands.
    """
    from customs_risk.warehouse import append_arrow, connect

    current, vat_rate, total = active(), PriceConfig().vat_rate, 0
    model, version = (current.model, current.version) if current else (None, "none")
    with connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        waits = _waits()
        while len(rows := read(waits, CHUNK)):
            told = price_model.expectations(rows, model, vat_rate)
            ids = rows[["importer_id", "declaration_id"]].assign(
                model_version=version, as_of=rows["known_at"]
            )
            table = pa.Table.from_pandas(ids.join(told), preserve_index=False)
            total += append_arrow("ml", "price_expectations", table)
    return total


def read(chosen: str, limit: int, kept: str = "true") -> pd.DataFrame:
    """Read the newest declarations chosen by their ``features``, and of these the ``kept`` ones.

    One row per declaration: what it tells, and counts, sums and sums of squares of log CNY per kg
    over what was known strictly before its day, of each of ml.prices.model.KINDS.
    """
    from customs_risk.warehouse import read_arrow

    query = _ROWS.format(chosen=chosen, kept=kept, limit=limit, **_LOOK_UPS)
    return read_arrow(query).to_pandas()


def active() -> Registered | None:
    """Return the active price model, or None before a first one.

    Raises ValueError if its artefact is not what was registered, OtherFeaturesError if it was made
    for other features.
    """
    from customs_risk.warehouse import connect

    with connect() as connection:
        row = connection.execute(
            """
            select model_version, window_to, config_hash, artefact_path, artefact_sha256
            from ml.price_models
            where is_active
            """
        ).fetchone()
    if row is None:
        return None
    version, window_to, config_hash, path, expected = row
    files = registry.read(registry.home() / path)
    if registry.digest(files) != expected:
        raise ValueError(f"the artefact of price model {version} is not the one registered")
    return Registered(version, window_to, config_hash, price_model.restored(files))


def _active_of_these_features() -> Registered | None:
    try:
        return active()
    except OtherFeaturesError:
        log.warning("the active price model was made for other features: a new one replaces it")
        return None


def _register(
    model: PriceModel,
    config: PriceConfig,
    window: tuple[date, date],
    metrics: dict[str, Any],
    *,
    activate: bool,
) -> str:
    """Store a model, named by its last day and its content; one that is there keeps its record."""
    from customs_risk.warehouse import connect

    files = model.files()
    sha256 = registry.digest(files)
    version = f"{window[1]:%Y%m%d}-{sha256[:10]}"
    path = Path("models") / "prices" / version
    registry.write(registry.home() / path, files)
    with connect() as connection:
        connection.execute("lock table ml.price_models in share row exclusive mode")
        connection.execute(
            """
            insert into ml.price_models (
                model_version, window_from, window_to, config, config_hash, metrics,
                artefact_path, artefact_sha256
            )
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (model_version) do nothing
            """,
            (
                version,
                *window,
                Jsonb(config.as_dict()),
                config.hash(),
                Jsonb(registry.without_nan(metrics)),
                str(path),
                sha256,
            ),
        )
        if activate:
            # two statements: at no moment may two rows be active
            connection.execute(
                "update ml.price_models set is_active = false where model_version <> %s", (version,)
            )
            connection.execute(
                "update ml.price_models set is_active = true where model_version = %s", (version,)
            )
    return version


def _waits() -> str:
    """Return the condition of features whose declarations wait for an expectation."""
    from customs_risk.warehouse import connect

    with connect() as connection:
        (since,) = connection.execute(
            """
            select coalesce(max(expected_at) - interval '7 days', '-infinity')::text
            from ml.price_expectations
            """
        ).fetchone() or ("-infinity",)
    return _WAITS.format(since=since)


def _first_day_that_waits() -> date:
    """Return the first business day with declarations that wait; the present one if none do."""
    from customs_risk import clock
    from customs_risk.warehouse import connect

    with connect() as connection:
        (waiting,) = connection.execute(
            f"""
            select min(features.known_on)
            from intermediate.int_declaration_features as features
            where {_waits()}
            """
        ).fetchone() or (None,)
        return waiting or clock.business_day(clock.present(connection))
