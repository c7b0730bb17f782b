with

inspections as (
    select * from {{ ref('int_inspections') }}
    where has_finding
),

declarations as (select * from {{ ref('int_declarations') }}),

finding_types as (select * from {{ ref('finding_types') }}),

-- many findings to one declaration, and to one type or none
final as (
    select
        inspections.importer_id,
        inspections.declaration_id,
        inspections.result_id,
        inspections.office_code,
        inspections.finding_type,
        finding_types.risk_domain,
        declarations.hs6,
        declarations.origin_country,
        inspections.additional_duty_cny,
        inspections.officer_hours,
        inspections.selected_by,
        inspections.inspected_at,
        inspections.known_at,
        inspections.known_on,
        inspections.is_corrected,
        inspections.is_backfill
    from inspections
    inner join declarations using (importer_id, declaration_id)
    left join finding_types using (finding_type)
)

select * from final
