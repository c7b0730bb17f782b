with

deliveries as (select * from {{ source('raw', 'monitoring_samples') }}),

renamed as (
    select
        sample_id,
        plan_id,
        point_id,
        sampled_on,
        reported_at,
        hs6,
        origin_country,
        analyte,
        result_value,
        limit_value,
        unit,
        method,
        laboratory,
        is_compliant,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
