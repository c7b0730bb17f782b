with

samples as (select * from {{ ref('int_monitoring_samples') }}),

final as (
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
        known_at,
        known_on,
        is_backfill,
        batch_id
    from samples
)

select * from final
