{{ config(materialized='view') }}

with

versions as (select * from {{ source('ops', 'parameter_versions') }}),

events as (select * from {{ source('ops', 'parameter_events') }}),

impacts as (select * from {{ source('ops', 'parameter_impacts') }}),

hits as (select * from {{ ref('parameter_hits') }}),

clock as (
    select {{ business_day(moment()) }} as today
),

-- many events to one version: the last one is its state
standing as (
    select distinct on (parameter_id, version)
        parameter_id,
        version,
        event as state,
        happened_at as state_since
    from events
    order by parameter_id asc, version asc, event_no desc
),

first_activated as (
    select
        parameter_id,
        version,
        {{ business_day('min(happened_at)') }} as activated_on
    from events
    where event = 'activated'
    group by parameter_id, version
),

-- the version that counts today: the one in force, or else the newest
current_versions as (
    select distinct on (versions.parameter_id)
        versions.*,
        standing.state,
        standing.state_since
    from versions
    inner join standing using (parameter_id, version)
    order by
        versions.parameter_id asc,
        standing.state in ('activated', 'suspended') desc,
        versions.version desc
),

newest_impacts as (
    select distinct on (parameter_id, version) *
    from impacts
    order by parameter_id asc, version asc, impact_no desc
),

hit as (
    select
        parameter_id,
        version,
        count(*) as hits,
        count(*) filter (where is_sole_hit) as sole_hits,
        count(*) filter (where is_examined) as examined_hits,
        count(*) filter (where is_examined and has_finding) as findings,
        count(*) filter (where is_examined and is_sole_hit) as examined_sole_hits,
        count(*) filter (where is_examined and is_sole_hit and has_finding) as sole_findings,
        max(known_on) as last_hit_on
    from hits
    group by parameter_id, version
),

-- one to one or none, each
final as (
    select
        current_versions.parameter_id,
        current_versions.version,
        current_versions.state,
        current_versions.state_since,
        current_versions.condition,
        current_versions.risk_domain,
        current_versions.measure,
        current_versions.what_to_examine_en,
        current_versions.what_to_examine_zh,
        current_versions.jurisdiction,
        current_versions.owner_unit,
        current_versions.legal_basis,
        current_versions.reason_en,
        current_versions.reason_zh,
        current_versions.proposed_at,
        current_versions.proposed_by,
        current_versions.starts_on,
        current_versions.expires_on,
        current_versions.review_on,
        first_activated.activated_on,
        case
            when current_versions.state in ('activated', 'suspended')
                then clock.today - first_activated.activated_on
        end as age_days,
        current_versions.expires_on - clock.today as days_to_expiry,
        current_versions.state in ('activated', 'suspended')
        and current_versions.review_on < clock.today as is_review_overdue,
        coalesce(hit.hits, 0) as hits,
        coalesce(hit.sole_hits, 0) as sole_hits,
        coalesce(hit.examined_hits, 0) as examined_hits,
        coalesce(hit.findings, 0) as findings,
        coalesce(hit.examined_sole_hits, 0) as examined_sole_hits,
        coalesce(hit.sole_findings, 0) as sole_findings,
        hit.findings / nullif(hit.examined_hits, 0)::float8 as hit_rate,
        {{ wilson('hit.findings::float8', 'hit.examined_hits', 'low') }} as hit_rate_low,
        {{ wilson('hit.findings::float8', 'hit.examined_hits', 'high') }} as hit_rate_high,
        hit.sole_findings / nullif(hit.examined_sole_hits, 0)::float8 as sole_hit_rate,
        hit.last_hit_on,
        clock.today - hit.last_hit_on as days_since_hit,
        current_versions.state = 'activated' and hit.hits is null as has_no_hit,
        newest_impacts.analysed_at as impact_analysed_at,
        newest_impacts.hits_per_day as expected_hits_per_day,
        newest_impacts.expected_precision,
        newest_impacts.precision_low,
        newest_impacts.precision_high
    from current_versions
    cross join clock
    left join first_activated using (parameter_id, version)
    left join hit using (parameter_id, version)
    left join newest_impacts using (parameter_id, version)
)

select * from final
