with

deliveries as (select * from {{ source('raw', 'inspection_results') }}),

renamed as (
    select
        result_id,
        declaration_id,
        instruction_id,
        office_code,
        officer_id,
        inspected_at,
        reported_at,
        selected_by,
        has_finding,
        finding_type,
        additional_duty_cny,
        officer_hours,
        started_at,
        ended_at,
        examined_place,
        examined_hs6,
        assessed_value_cny,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
