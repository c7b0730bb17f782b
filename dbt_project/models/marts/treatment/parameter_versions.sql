{{ config(materialized='view') }}

with

versions as (select * from {{ source('ops', 'parameter_versions') }}),

states as (select * from {{ source('ops', 'parameter_states') }}),

-- one to one: the last event of a version is its state
final as (
    select
        versions.parameter_id,
        versions.version,
        states.state,
        states.since as state_since,
        versions.condition,
        versions.risk_domain,
        versions.measure,
        versions.what_to_examine_en,
        versions.what_to_examine_zh,
        versions.jurisdiction,
        versions.owner_unit,
        versions.legal_basis,
        versions.starts_on,
        versions.expires_on,
        versions.review_on,
        versions.reason_en,
        versions.reason_zh,
        versions.proposed_at,
        versions.proposed_by
    from versions
    inner join states using (parameter_id, version)
)

select * from final
