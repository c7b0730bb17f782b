{{ config(materialized='ephemeral', contract={'enforced': false}) }}

with

inspections as (select * from {{ ref('int_inspections') }}),

-- many results to one declaration: a declaration has a finding if any of them has one. What an audit found later says
-- nothing of how well inspections were targeted: treatment.referrals tells it
final as (
    select
        importer_id,
        declaration_id,
        min(known_on) as result_known_on,
        bool_or(has_finding) as has_finding,
        bool_and(not has_finding or finding_type is not null) as is_coded,
        sum(additional_duty_cny) as revenue_cny,
        sum(officer_hours) as officer_hours
    from inspections
    where not is_backfill and selected_by is distinct from 'audit'
    group by importer_id, declaration_id
)

select * from final
