with

registrations as (select * from {{ source('ops', 'assessors') }}),

undertakings as (select * from {{ source('ops', 'assessor_undertakings') }}),

qualifications as (select * from {{ source('ops', 'assessor_qualifications') }}),

conflicts as (select * from {{ source('ops', 'assessor_conflicts') }}),

assessments as (select * from {{ ref('expert_assessments') }}),

clock as (
    select {{ business_day(moment()) }} as today
),

-- many registrations to one assessor: the one that holds today, or else the last that began, or else the first to come
registered as (
    select distinct on (registrations.assessor_id)
        registrations.*,
        ops.standing(registrations.valid_from, registrations.valid_to, registrations.revoked_on, clock.today)
            as standing
    from registrations
    cross join clock
    order by
        registrations.assessor_id asc,
        registrations.valid_from <= clock.today desc,
        abs(registrations.valid_from - clock.today) asc
),

undertaken as (
    select
        undertakings.assessor_id,
        max(undertakings.valid_to) as undertaken_to,
        array_agg(distinct undertakings.covers order by undertakings.covers) as covers
    from undertakings
    cross join clock
    where
        ops.standing(undertakings.valid_from, undertakings.valid_to, undertakings.revoked_on, clock.today) = 'valid'
    group by undertakings.assessor_id
),

qualified as (
    select
        qualifications.assessor_id,
        array_agg(distinct domain.risk_domain order by domain.risk_domain) as risk_domains
    from qualifications
    cross join clock
    cross join lateral unnest(qualifications.risk_domains) as domain (risk_domain)
    where
        ops.standing(qualifications.valid_from, qualifications.valid_to, qualifications.revoked_on, clock.today)
        = 'valid'
    group by qualifications.assessor_id
),

conflicted as (
    select
        conflicts.assessor_id,
        count(distinct conflicts.party_id) as conflicts
    from conflicts
    cross join clock
    where ops.standing(conflicts.valid_from, conflicts.valid_to, conflicts.revoked_on, clock.today) = 'valid'
    group by conflicts.assessor_id
),

-- what was known before today is held against what was said
judged as (
    select
        assessments.assessor_id,
        assessments.likelihood,
        assessments.base_rate,
        assessments.came_true::int as outcome,
        assessments.is_on_record and assessments.result_known_on < clock.today as is_case
    from assessments
    cross join clock
),

recorded as (
    select
        assessor_id,
        count(*) as assessments,
        count(*) filter (where is_case) as cases,
        avg((likelihood - outcome) ^ 2) filter (where is_case) as brier_score,
        avg((base_rate - outcome) ^ 2) filter (where is_case) as reference_brier_score
    from judged
    group by assessor_id
),

-- one to one or none, each
final as (
    select
        registered.assessor_id,
        registered.kind,
        registered.assessor_name,
        registered.organisation,
        registered.post,
        registered.valid_from,
        registered.valid_to,
        registered.standing,
        undertaken.undertaken_to,
        coalesce(undertaken.covers, '{}') as covers,
        coalesce(qualified.risk_domains, '{}') as risk_domains,
        coalesce(conflicted.conflicts, 0) as conflicts,
        registered.standing = 'valid'
        and undertaken.assessor_id is not null
        and qualified.assessor_id is not null as is_eligible,
        coalesce(recorded.assessments, 0) as assessments,
        coalesce(recorded.cases, 0) as cases,
        recorded.brier_score,
        recorded.reference_brier_score,
        1 - recorded.brier_score / nullif(recorded.reference_brier_score, 0) as brier_skill
    from registered
    left join undertaken using (assessor_id)
    left join qualified using (assessor_id)
    left join conflicted using (assessor_id)
    left join recorded using (assessor_id)
)

select * from final
