{{ config(materialized='view', alias='metrics') }}

with

counted as (select * from {{ ref('int_metric_values') }}),

leakage as (
    select * from {{ ref('leakage') }}
    where period_kind in ('week', 'month')
),

ranking as (
    select * from {{ ref('ranking_quality') }}
    where period_kind in ('week', 'month')
),

calibration as (
    select * from {{ ref('calibration') }}
    where period_kind in ('week', 'month')
),

feed_quality as (select * from {{ ref('feed_quality') }}),

parameters as (select * from {{ ref('int_parameter_metrics') }}),

leaked as (
    select
        told.metric_code,
        leakage.period_kind as cohort_kind,
        leakage.period_from as cohort_on,
        leakage.period_to as cohort_to,
        'all' as dimension,
        'all' as dimension_value,
        told.numerator,
        told.denominator,
        told.low,
        told.high
    from leakage
    cross join
        lateral (
            values
            (
                'compliance_rate', leakage.compliance_rate * leakage.declarations, leakage.declarations::float8,
                leakage.compliance_rate_low, leakage.compliance_rate_high
            ),
            (
                'leakage_rate', leakage.leaked_violations, leakage.uninspected::float8,
                leakage.leaked_violations_low / nullif(leakage.uninspected, 0),
                leakage.leaked_violations_high / nullif(leakage.uninspected, 0)
            ),
            (
                'leaked_revenue_per_declaration', leakage.leaked_revenue_cny, leakage.uninspected::float8,
                leakage.leaked_revenue_cny_low / nullif(leakage.uninspected, 0),
                leakage.leaked_revenue_cny_high / nullif(leakage.uninspected, 0)
            )
        ) as told (metric_code, numerator, denominator, low, high)
    where told.numerator is not null
),

ranked as (
    select
        told.metric_code,
        ranking.period_kind as cohort_kind,
        ranking.period_from as cohort_on,
        ranking.period_to as cohort_to,
        'top_share' as dimension,
        ranking.top_share::text as dimension_value,
        told.numerator,
        told.denominator,
        told.low,
        told.high
    from ranking
    cross join lateral (
        values
        (
            'precision_at_k',
            ranking.findings_in_top,
            ranking.declarations_in_top,
            ranking.precision_low,
            ranking.precision_high
        ),
        ('recall_at_k', ranking.findings_in_top, ranking.findings_in_all, ranking.recall_low, ranking.recall_high),
        (
            'revenue_at_k',
            ranking.revenue_cny_in_top,
            ranking.revenue_cny_in_all,
            ranking.revenue_recall_low,
            ranking.revenue_recall_high
        )
    ) as told (metric_code, numerator, denominator, low, high)
),

-- what is told of a whole period stands in each of its bins: one of them is read
calibrated as (
    select distinct
        told.metric_code,
        calibration.period_kind as cohort_kind,
        calibration.period_from as cohort_on,
        calibration.period_to as cohort_to,
        'all' as dimension,
        'all' as dimension_value,
        told.value * calibration.estimated_declarations_in_period as numerator,
        calibration.estimated_declarations_in_period as denominator,
        told.low,
        told.high
    from calibration
    cross join lateral (
        values
        ('brier_score', calibration.brier_score, calibration.brier_score_low, calibration.brier_score_high),
        ('expected_calibration_error', calibration.expected_calibration_error, null, null)
    ) as told (metric_code, value, low, high)
),

reliability as (
    select
        'reliability' as metric_code,
        period_kind as cohort_kind,
        period_from as cohort_on,
        period_to as cohort_to,
        'likelihood' as dimension,
        likelihood_from || '-' || likelihood_to as dimension_value,
        estimated_findings as numerator,
        estimated_declarations as denominator,
        find_rate_low as low,
        find_rate_high as high
    from calibration
),

feeds as (
    select
        kinds.cohort_kind,
        date_trunc(kinds.cohort_kind, feed_quality.delivered_on)::date as cohort_on,
        (date_trunc(kinds.cohort_kind, feed_quality.delivered_on) + kinds.cohort_length)::date - 1 as cohort_to,
        dimensions.dimension,
        dimensions.dimension_value,
        sum(feed_quality.loaded - feed_quality.released)::float8 as accurate,
        sum(feed_quality.loaded + feed_quality.quarantined)::float8 as judged,
        sum(feed_quality.accepted_deliveries)::float8 as accepted,
        sum(feed_quality.deliveries + feed_quality.missed_deliveries)::float8 as due,
        sum(feed_quality.timely_rows)::float8 as timely,
        sum(feed_quality.measured_rows)::float8 as measured
    from feed_quality
    cross join {{ cohort_kinds() }}
    cross join
        lateral (
            values ('all', 'all'), ('feed', feed_quality.feed)
        ) as dimensions (dimension, dimension_value)
    group by
        kinds.cohort_kind, kinds.cohort_length, date_trunc(kinds.cohort_kind, feed_quality.delivered_on),
        dimensions.dimension, dimensions.dimension_value
),

delivered as (
    select
        told.metric_code,
        feeds.cohort_kind,
        feeds.cohort_on,
        feeds.cohort_to,
        feeds.dimension,
        feeds.dimension_value,
        told.numerator,
        told.denominator,
        {{ wilson('told.numerator', 'told.denominator', 'low') }} as low,
        {{ wilson('told.numerator', 'told.denominator', 'high') }} as high
    from feeds
    cross join lateral (
        values
        ('feed_accurate_share', feeds.accurate, feeds.judged),
        ('feed_complete_share', feeds.accepted, feeds.due),
        ('feed_timely_share', feeds.timely, feeds.measured)
    ) as told (metric_code, numerator, denominator)
),

-- each computation has its name as a constant: asked for one of them, the server leaves the others out
measured as (
    select
        'counted' as family,
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
        high
    from counted
    {%- for family in ['leaked', 'ranked', 'calibrated', 'reliability', 'delivered', 'parameters'] %}
    union all
    select
        '{{ family }}' as family,
        metric_code,
        cohort_kind,
        cohort_on,
        cohort_to,
        dimension,
        dimension_value,
        numerator,
        denominator,
        numerator / denominator as value,
        low,
        high
    from {{ family }}
    where denominator > 0
    {%- endfor %}
),

final as (
    select
        metric_code,
        cohort_kind,
        cohort_on,
        cohort_to,
        dimension,
        dimension_value,
        case when dimension = 'office' then dimension_value end as office_code,
        numerator,
        denominator,
        value,
        low,
        high,
        family
    from measured
)

select * from final
