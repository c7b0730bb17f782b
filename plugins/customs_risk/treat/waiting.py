"""What waits for its decision: what is told before decisions are made is told of these."""

from typing import LiteralString

from psycopg import Connection

# two that look at what waits at once would tell the same of it: the second waits
_LOCK: LiteralString = "select pg_advisory_xact_lock(hashtext('what waits for a decision'))"

# the same days that the model ``decisions`` looks at: years of decisions are not looked through
_NOTE: LiteralString = """
create temporary table waiting on commit drop as
select
    declarations.importer_id, declarations.declaration_id, declarations.declarant_id,
    declarations.seller_id, declarations.office_code, declarations.hs6, declarations.origin_country,
    declarations.known_on
from ml.conclusions
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
where
    conclusions.conclusion_no = 1
    and conclusions.assessed_at >= (
        select coalesce(max(assessed_at) - interval '1 day', '-infinity') from treatment.decisions
    )
    and not exists (
        select 1 from treatment.decisions
        where
            decisions.importer_id = conclusions.importer_id
            and decisions.declaration_id = conclusions.declaration_id
    )
"""


def note_waiting(connection: Connection) -> None:
    """Keep what waits as the temporary table ``waiting``, to the end of the transaction.

    One row per declaration with a conclusion and without a decision. It needs the model
    ``decisions``.
    """
    for statement in (_LOCK, _NOTE, "analyze waiting"):
        connection.execute(statement)
