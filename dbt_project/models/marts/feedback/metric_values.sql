{{ config(materialized='view', alias='metrics') }}

with

final as (
    select
        metric_code,
        cohort_kind,
        cohort_on,
        cohort_to,
        dimension,
        dimension_value,
        office_code,
        numerator,
        denominator,
        value,
        low,
        high,
        pending_results,
        is_pending
    from {{ ref('int_metrics') }}
)

select * from final
