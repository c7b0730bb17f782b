"""Which of the declarations that wait for a decision a parameter in force hits.

One statement per parameter; what it costs follows from what is new. A hit is noted once, and stays.
"""

from psycopg import Connection, sql

from customs_risk import clock
from customs_risk.treat.parameters import store
from customs_risk.treat.parameters.language import compile_condition

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


def match(connection: Connection) -> int:
    """Note the hits of every parameter in force among what waits; return how many are new.

    It needs the table ``waiting`` (treat/waiting.py). Running it again adds nothing.

    Raises:
        RefusedCondition: the language has lost what a parameter in force asks for.
    """
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
        for each in store.in_force(connection)
    )
