{{ config(materialized='view') }}

with

definitions as (select * from {{ ref('metrics') }}),

final as (
    select
        metric_code,
        name_en,
        name_zh,
        definition_en,
        definition_zh,
        numerator_en,
        numerator_zh,
        denominator_en,
        denominator_zh,
        unit,
        cohort_date,
        string_to_array(cohorts, ';') as cohorts,
        string_to_array(dimensions, ';') as dimensions,
        interval_method,
        article,
        computed_from,
        reason_en,
        reason_zh
    from definitions
)

select * from final
