{{ config(materialized='ephemeral', contract={'enforced': false}) }}

with

inspections as (select * from {{ ref('int_inspections') }}),

finding_types as (select * from {{ ref('finding_types') }}),

-- many results to one declaration: a declaration has a finding if any of them has one, in the domain of the costliest.
-- What an audit found later says nothing of how well inspections were targeted: treatment.referrals tells it
final as (
    select
        inspections.importer_id,
        inspections.declaration_id,
        min(inspections.known_on) as result_known_on,
        bool_or(inspections.has_finding) as has_finding,
        bool_and(not inspections.has_finding or inspections.finding_type is not null) as is_coded,
        (
            array_agg(
                coalesce(finding_types.risk_domain, 'not stated')
                order by inspections.additional_duty_cny desc nulls last, inspections.result_id asc
            ) filter (where inspections.has_finding)
        )[1] as risk_domain,
        sum(inspections.additional_duty_cny) as revenue_cny,
        sum(inspections.officer_hours) as officer_hours
    from inspections
    left join finding_types using (finding_type)
    where not inspections.is_backfill and inspections.selected_by is distinct from 'audit'
    group by inspections.importer_id, inspections.declaration_id
)

select * from final
