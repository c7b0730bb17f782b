-- Goods of one origin of which so many consignments were unsafe: food, animals or plants.
with

-- what an earlier measure of the rule has answered counts no more
found as (
    select
        evidence.hs6,
        evidence.origin_country,
        evidence.risk_domain,
        count(distinct evidence.declaration_id) as findings,
        array_agg(distinct evidence.declaration_id) as declarations
    from evidence
    left join answered
        on
            answered.rule_code = %(rule)s
            and answered.subject_key = evidence.hs6 || '|' || evidence.origin_country
            and answered.risk_domain = evidence.risk_domain
    where
        evidence.known_on > %(day)s::date - %(days)s::int
        and evidence.risk_domain in ('food_safety', 'biosecurity')
        and evidence.has_finding
        and evidence.known_at > coalesce(answered.answered_at, '-infinity')
    group by evidence.hs6, evidence.origin_country, evidence.risk_domain
)

select
    'commodity_origin' as subject_kind,
    hs6 || '|' || origin_country as subject_key,
    risk_domain,
    '{}'::jsonb as scope,
    findings::float8 as weight,
    jsonb_build_object(
        'findings', findings, 'days', %(days)s::int, 'hs6', hs6, 'origin_country', origin_country
    ) as facts,
    jsonb_build_object('declarations', to_jsonb(declarations)) as evidence
from found
where findings >= %(findings)s and hs6 is not null and origin_country is not null
