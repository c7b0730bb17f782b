with

indicators as (select * from {{ ref('indicators') }}),

weights as (select * from {{ ref('indicator_weights') }}),

in_force as (
    select weight_version
    from weights
    where valid_from <= {{ business_day(moment()) }}
    order by valid_from desc, weight_version desc
    limit 1
),

-- one indicator to one weight or none
final as (
    select
        indicators.indicator_code,
        indicators.version,
        indicators.risk_domain,
        indicators.subject_type,
        indicators.subject_kind,
        indicators.name_en,
        indicators.name_zh,
        indicators.measure,
        indicators.feeds,
        indicators.among,
        indicators.counting,
        indicators.formula,
        indicators.shrinkage,
        indicators.window_days,
        indicators.unit,
        indicators.direction,
        indicators.low_bound,
        indicators.high_bound,
        indicators.hazard_en,
        indicators.hazard_zh,
        indicators.cause_en,
        indicators.cause_zh,
        indicators.valid_from,
        indicators.valid_to,
        in_force.weight_version,
        weights.weight
    from indicators
    left join in_force on true
    left join weights using (indicator_code, weight_version)
)

select * from final
