"""What claims an inspection beside the model's ranking, told just before decisions are made.

Mandatory classes, analysts' requests and risk parameters compete for each office's capacity (the
rule is dbt's macro ``selection``). Claims are rows: whoever recomputes a decision finds what it
was made from.
"""

from typing import LiteralString

from customs_risk import warehouse
from customs_risk.settings import settings
from customs_risk.treat.parameters.matching import match
from customs_risk.treat.parameters.store import expire_due
from customs_risk.treat.waiting import note_waiting

_IS_DECIDED = "select to_regclass('treatment.decisions') is not null"

# of more than a request asked for, a draw takes: the order of arrival must not
_REQUESTED = """
with met as (
    select
        waiting.importer_id,
        waiting.declaration_id,
        requests.*,
        row_number() over (
            partition by requests.request_id
            order by md5(waiting.declaration_id || requests.request_id), waiting.declaration_id
        ) as place,
        (select count(*) from ops.claims where claims.claim_key = requests.request_id) as so_far
    from waiting
    cross join lateral (
        values
        ('declaration', waiting.declaration_id),
        ('importer', waiting.importer_id),
        ('seller', waiting.seller_id),
        ('declarant', waiting.declarant_id),
        ('hs6', waiting.hs6),
        ('hs6_origin', waiting.hs6 || '|' || waiting.origin_country),
        ('origin', waiting.origin_country)
    ) as subjects (subject_kind, subject_key)
    inner join ops.inspection_requests as requests using (subject_kind, subject_key)
    where
        requests.withdrawn_at is null
        and waiting.known_on between requests.starts_on and requests.ends_on
        and (requests.office_code is null or requests.office_code = waiting.office_code)
)
insert into ops.claims (
    importer_id, declaration_id, claim, claim_key, risk_domain, priority, wants, words_en, words_zh
)
select
    met.importer_id, met.declaration_id, 'analyst', met.request_id, met.risk_domain,
    priorities.priority, 'inspection', met.words_en, met.words_zh
from met
inner join reference.selection_priorities as priorities using (risk_domain)
where met.place <= met.most - met.so_far
on conflict do nothing
"""

# a measure has set how often a class is inspected (Article 13): with probability 1 always
_MANDATORY = """
with classes as (
    select
        waiting.importer_id,
        waiting.declaration_id,
        classes.*
    from waiting
    cross join lateral (
        values
        ('importer', waiting.importer_id),
        ('seller', waiting.seller_id),
        ('declarant', waiting.declarant_id),
        ('office', waiting.office_code),
        ('country', waiting.origin_country),
        ('commodity', left(waiting.hs6, 2)),
        ('commodity', left(waiting.hs6, 4)),
        ('commodity', waiting.hs6),
        ('commodity_origin', left(waiting.hs6, 2) || '|' || waiting.origin_country),
        ('commodity_origin', left(waiting.hs6, 4) || '|' || waiting.origin_country),
        ('commodity_origin', waiting.hs6 || '|' || waiting.origin_country)
    ) as subjects (class_kind, class_key)
    inner join intermediate.int_mandatory_classes as classes using (class_kind, class_key)
    where
        -- in force on the day of the declaration, and drawn as often as the measure says
        waiting.known_on between (classes.effective_from at time zone %(zone)s)::date
        and coalesce((classes.effective_to at time zone %(zone)s)::date, 'infinity')
        and (
            'x' || substr(md5(waiting.declaration_id || '|' || classes.measure_id), 1, 8)
        )::bit(32)::bigint / 4294967296.0 < classes.inspection_probability
)
insert into ops.claims (
    importer_id, declaration_id, claim, claim_key, risk_domain, priority, wants, words_en, words_zh
)
select
    classes.importer_id, classes.declaration_id, 'mandatory', classes.measure_id,
    classes.risk_domain, priorities.priority, 'inspection', classes.reason_en, classes.reason_zh
from classes
inner join reference.selection_priorities as priorities using (risk_domain)
on conflict do nothing
"""

# a parameter that asks for an audit after clearance claims nothing at the border
_HIT = """
insert into ops.claims (
    importer_id, declaration_id, claim, claim_key, risk_domain, priority, wants, words_en, words_zh
)
select
    waiting.importer_id,
    waiting.declaration_id,
    'parameter',
    versions.parameter_id || ' v' || versions.version,
    versions.risk_domain,
    priorities.priority,
    case versions.measure when 'document_review' then 'documents' else 'inspection' end,
    versions.reason_en,
    versions.reason_zh
from waiting
inner join ops.parameter_hits as hits using (importer_id, declaration_id)
inner join ops.parameter_versions as versions using (parameter_id, version)
inner join reference.selection_priorities as priorities using (risk_domain)
where versions.measure <> 'audit'
on conflict do nothing
"""

_CLAIMS: tuple[LiteralString, ...] = (_MANDATORY, _REQUESTED, _HIT)


def claim() -> int:
    """Tell what claims each declaration that waits for its decision; return how many claims.

    Parameters that are over are ended, and those in force are matched first. Running it again, or
    twice at once, adds nothing.
    """
    expire_due()
    with warehouse.connect() as connection:
        # the first build has yet to make what claims are made from
        if connection.execute(_IS_DECIDED).fetchone() != (True,):
            return 0
        note_waiting(connection)
        match(connection)
        told = {"zone": settings().time_zone}
        return sum(connection.execute(statement, told).rowcount for statement in _CLAIMS)
