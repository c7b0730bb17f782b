-- Importers who declared falsely so often that it was no mistake, in at least such a share of what was inspected.
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

-- what an earlier measure of the rule has answered counts no more
found as (
    select
        recent.importer_id,
        count(distinct recent.declaration_id) as findings,
        array_agg(distinct recent.declaration_id) as declarations
    from recent
    left join answered on answered.rule_code = %(rule)s and answered.subject_key = recent.importer_id
    where
        recent.finding_type in ('undervaluation', 'misclassification', 'false_origin', 'undeclared_quantity')
        and recent.known_at > coalesce(answered.answered_at, '-infinity')
    group by recent.importer_id
)

select
    'party' as subject_kind,
    found.importer_id as subject_key,
    'tax' as risk_domain,
    '{}'::jsonb as scope,
    found.findings::float8 as weight,
    jsonb_build_object(
        'findings', found.findings, 'inspections', inspected.inspections, 'days', %(days)s::int
    ) as facts,
    jsonb_build_object('declarations', to_jsonb(found.declarations)) as evidence
from found
inner join inspected using (importer_id)
where found.findings >= %(findings)s and found.findings >= %(find_rate)s * inspected.inspections
