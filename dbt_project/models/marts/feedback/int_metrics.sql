{{ config(materialized='ephemeral', contract={'enforced': false}) }}

-- what readers are shown as metric_values, for models that are built: it asks nobody's rights, so that the metrics of
-- a few weeks are read by index

with

-- what is counted from decisions and results
counted as (select * from {{ ref('int_metric_values') }}),

-- what is told of whole periods, of deliveries and of parameters
told as (select * from {{ ref('int_period_metrics') }}),

-- two tables, each read by an index
measured as (
    {% for relation in ['counted', 'told'] -%}
    select
        metric_code,
        cohort_kind,
        cohort_on,
        cohort_to,
        dimension,
        dimension_value,
        numerator,
        denominator,
        value,
        low,
        high,
        pending_results
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        *,
        case when dimension = 'office' then dimension_value end as office_code,
        pending_results > 0 as is_pending
    from measured
)

select * from final
