-- Importers with so many findings of one domain, and so many more than others for how often they were inspected.
with

recent as (
    select * from evidence
    where known_on > %(day)s::date - %(days)s::int
),

inspected as (
    select
        importer_id,
        count(distinct declaration_id) as inspections
    from recent
    group by importer_id
),

base as (
    select avg(has_finding::int)::float8 as find_rate from recent
),

-- what an earlier measure of the rule has answered counts no more
found as (
    select
        recent.importer_id,
        recent.risk_domain,
        count(distinct recent.declaration_id) as findings,
        array_agg(distinct recent.declaration_id) as declarations
    from recent
    left join answered
        on
            answered.rule_code = %(rule)s
            and answered.subject_key = recent.importer_id
            and answered.risk_domain = recent.risk_domain
    where
        recent.has_finding
        and recent.risk_domain is not null
        and recent.known_at > coalesce(answered.answered_at, '-infinity')
    group by recent.importer_id, recent.risk_domain
)

select
    'party' as subject_kind,
    found.importer_id as subject_key,
    found.risk_domain,
    '{}'::jsonb as scope,
    found.findings::float8 / inspected.inspections as weight,
    jsonb_build_object(
        'findings', found.findings,
        'inspections', inspected.inspections,
        'days', %(days)s::int,
        'find_rate_pct', round(100.0 * found.findings / inspected.inspections, 1),
        'base_rate_pct', round(100 * base.find_rate::numeric, 1)
    ) as facts,
    jsonb_build_object('declarations', to_jsonb(found.declarations)) as evidence
from found
inner join inspected using (importer_id)
cross join base
where
    found.findings >= %(findings)s
    and found.findings >= %(times_base)s * base.find_rate * inspected.inspections
