"""Which of the declarations that wait for a decision a parameter in force hits.

One statement per parameter; what it costs follows from what is new. A hit is noted once, and stays.
"""

from psycopg import sql

from customs_risk import clock, warehouse
from customs_risk.treat.parameters import store
from customs_risk.treat.parameters.language import compile_condition

# two that match at once would look through the same declarations: the second waits
_LOCK = 27103

# decisions follow features within a build: what is much older than the newest decision is decided,
# and what is newer was decided lately if at all. So years of decisions are not looked through
_WAITING = """
create temporary table waiting on commit drop as
with since as (
    select coalesce(max(decided_at) - interval '7 days', '-infinity') as moment
    from treatment.decisions
)
select features.importer_id, features.declaration_id
from intermediate.int_declaration_features as features
where
    not features.is_backfill
    and features.recorded_at >= (select moment from since)
    and not exists (
        select 1 from treatment.decisions
        where
            decisions.importer_id = features.importer_id
            and decisions.declaration_id = features.declaration_id
            and decisions.decided_at >= (select moment from since)
    )
"""
_ALL_WAITING = """
create temporary table waiting on commit drop as
select features.importer_id, features.declaration_id
from intermediate.int_declaration_features as features
where not features.is_backfill
"""

# one declaration to its one row of features. A parameter is for the declarations of its own days
_MATCH = sql.SQL("""
insert into ops.parameter_hits (parameter_id, version, importer_id, declaration_id)
select
    %(parameter_id)s,
    %(version)s,
    declarations.importer_id,
    declarations.declaration_id
from waiting
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
inner join intermediate.int_declaration_features as features using (importer_id, declaration_id)
where
    declarations.known_on between %(starts_on)s and %(expires_on)s
    and ops.is_reached(
        declarations.office_code,
        %(jurisdiction)s::text[],
        (select ops.reach(%(jurisdiction)s::text[], %(today)s::date))
    )
    and {condition}
on conflict do nothing
""")


def match() -> int:
    """Note the hits of every parameter in force among what waits; return how many are new.

    Before anything was ever decided, everything live waits. Running it again adds nothing.

    Raises:
        RefusedCondition: the language has lost what a parameter in force asks for.
    """
    with warehouse.connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        versions = store.in_force(connection)
        if not versions:
            return 0
        (is_decided,) = connection.execute(
            "select to_regclass('treatment.decisions') is not null"
        ).fetchone() or (False,)
        connection.execute(_WAITING if is_decided else _ALL_WAITING)
        connection.execute("analyze waiting")
        today = clock.business_day(clock.present(connection))
        return sum(
            connection.execute(
                _MATCH.format(condition=compile_condition(each.condition).fragment),
                {
                    "parameter_id": each.parameter_id,
                    "version": each.version,
                    "starts_on": each.starts_on,
                    "expires_on": each.expires_on,
                    "jurisdiction": each.jurisdiction,
                    "today": today,
                },
            ).rowcount
            for each in versions
        )
