with

inspections as (select * from {{ ref('int_inspections') }}),

final as (
    select
        importer_id,
        declaration_id,
        result_id,
        instruction_id,
        office_code,
        officer_id,
        inspected_at,
        reported_at,
        known_at,
        known_on,
        selected_by,
        has_finding,
        finding_type,
        additional_duty_cny,
        officer_hours,
        is_corrected,
        is_backfill,
        batch_id
    from inspections
)

select * from final
