{{ config(materialized='view') }}

with

versions as (select * from {{ ref('stg_monitoring_plans') }}),

-- a line of the plan as it was last approved
latest as (
    select distinct on (plan_id, point_id, target_hs, analyte)
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
        known_on
    from versions
    order by plan_id asc, point_id asc, target_hs asc, analyte asc, known_at desc, batch_id desc
)

select * from latest
