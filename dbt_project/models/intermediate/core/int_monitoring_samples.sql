{{ config(materialized='view') }}

with

versions as (select * from {{ ref('stg_monitoring_samples') }}),

latest as (
    select distinct on (sample_id)
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
        known_on
    from versions
    order by sample_id asc, known_at desc, batch_id desc
)

select * from latest
