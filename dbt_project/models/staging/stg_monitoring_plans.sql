with

deliveries as (select * from {{ source('raw', 'monitoring_plans') }}),

renamed as (
    select
        plan_id,
        point_id,
        point_name,
        place,
        office_code,
        target_hs,
        analyte,
        planned_samples_per_month,
        longest_silence_days,
        valid_from,
        valid_to,
        approved_at,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
