with

deliveries as (select * from {{ source('raw', 'wahis_events') }}),

renamed as (
    select
        report_id,
        event_id,
        report_number,
        report_type,
        report_status,
        country_name,
        disease,
        disease_subtype,
        animal_type,
        event_reason,
        event_status,
        event_started_on,
        submitted_at,
        outbreaks,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
