with

plans as (select * from {{ ref('int_monitoring_plans') }}),

final as (
    select
        plan_id,
        point_id,
        target_hs,
        analyte,
        point_name,
        place,
        office_code,
        planned_samples_per_month,
        longest_silence_days,
        valid_from,
        valid_to,
        approved_at,
        known_at,
        known_on,
        is_backfill,
        batch_id
    from plans
)

select * from final
