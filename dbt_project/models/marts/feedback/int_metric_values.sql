{{
    config(
        schema='intermediate',
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['cohort_kind', 'cohort_on'],
        on_schema_change='fail',
        contract={'enforced': false},
        indexes=[
            {
                'columns': ['cohort_kind', 'cohort_on', 'metric_code', 'dimension', 'dimension_value'],
                'unique': true,
            },
            {'columns': ['recorded_at']},
        ],
    )
}}

with

definitions as (select * from {{ ref('metrics') }}),

-- read more than once, each time by an index
daily as not materialized (select * from {{ ref('int_daily_outcomes') }}),

outcomes as (select * from {{ ref('int_outcomes') }}),

-- the days, weeks and months of the days that were counted anew
cohorts as (
    select distinct
        kinds.cohort_kind,
        date_trunc(kinds.cohort_kind, daily.decided_on)::date as cohort_on,
        (date_trunc(kinds.cohort_kind, daily.decided_on) + kinds.cohort_length)::date - 1 as cohort_to
    from daily
    cross join {{ cohort_kinds() }}
    {%- if is_incremental() %}
    where daily.recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

-- each count stands under every one of its dimensions
summed as (
    select
        cohorts.cohort_kind,
        cohorts.cohort_on,
        cohorts.cohort_to,
        dimensions.dimension,
        dimensions.dimension_value,
        {%- for total in daily_totals() %}
        sum(daily.{{ total }})::float8 as {{ total }},
        {%- endfor %}
        coalesce(sum(daily.selected) filter (where daily.selected_by = 'random'), 0)::float8 as random_selected,
        coalesce(sum(daily.completed) filter (where daily.selected_by = 'random' and daily.lane = 'low'), 0)::float8
            as sampled,
        coalesce(sum(daily.findings) filter (where daily.selected_by = 'random' and daily.lane = 'low'), 0)::float8
            as sampled_findings
    from cohorts
    inner join daily on daily.decided_on between cohorts.cohort_on and cohorts.cohort_to
    cross join
        lateral (
            values
            ('all', 'all'),
            ('office', daily.office_code),
            ('credit_tier', daily.importer_credit_tier),
            ('lane', daily.lane),
            ('selected_by', daily.selected_by)
        ) as dimensions (dimension, dimension_value)
    group by
        cohorts.cohort_kind, cohorts.cohort_on, cohorts.cohort_to, dimensions.dimension, dimensions.dimension_value
),

-- a share's numerator is part of its denominator: Wilson's interval
shares as (
    select
        summed.*,
        counted.metric_code,
        counted.numerator,
        counted.denominator,
        {{ wilson('counted.numerator', 'counted.denominator', 'low') }} as low,
        {{ wilson('counted.numerator', 'counted.denominator', 'high') }} as high
    from summed
    cross join lateral (
        values
        ('inspection_rate', summed.completed, summed.declarations),
        ('selection_rate', summed.selected, summed.declarations),
        ('random_share', summed.random_selected, summed.selected),
        ('find_rate', summed.findings, summed.completed),
        ('false_positive_share', summed.completed - summed.findings, summed.completed),
        ('miss_rate', summed.sampled_findings, summed.sampled),
        ('answered_share', summed.answered_instructions, summed.instructions),
        ('coded_result_share', summed.coded_instructions, summed.instructions)
    ) as counted (metric_code, numerator, denominator)
),

-- a ratio of two totals: the interval by linearisation, from the sums of squares and products
ratios as (
    select
        summed.*,
        counted.metric_code,
        counted.y as numerator,
        counted.x as denominator,
        {{ ratio_end('counted.y', 'counted.x', 'counted.yy', 'counted.xy', 'counted.xx', 'counted.trials', 'low') }}
            as low,
        {{ ratio_end('counted.y', 'counted.x', 'counted.yy', 'counted.xy', 'counted.xx', 'counted.trials', 'high') }}
            as high
    from summed
    cross join lateral (
        values
        (
            'revenue_per_inspection',
            summed.revenue_cny,
            summed.completed,
            summed.revenue_squares,
            summed.revenue_cny,
            summed.completed,
            summed.completed
        ),
        (
            'revenue_per_officer_hour', summed.timed_revenue_cny, summed.officer_hours,
            summed.timed_revenue_squares,
            summed.officer_hours_revenue,
            summed.officer_hours_squares,
            summed.timed_results
        ),
        (
            'findings_per_officer_hour', summed.timed_findings, summed.officer_hours,
            summed.timed_findings, summed.officer_hours_findings, summed.officer_hours_squares, summed.timed_results
        ),
        (
            'result_delay_mean', summed.delay_days, summed.answered_instructions,
            summed.delay_squares, summed.delay_days, summed.answered_instructions, summed.answered_instructions
        )
    ) as counted (metric_code, y, x, yy, xy, xx, trials)
),

-- what was found against what the model expected of the same inspections: a Poisson count over a given number
adjusted as (
    select
        *,
        'difficulty_adjusted_find_rate' as metric_code,
        scored_findings as numerator,
        expected_findings as denominator,
        {{ byar('scored_findings', 'low') }} / nullif(expected_findings, 0) as low,
        {{ byar('scored_findings', 'high') }} / nullif(expected_findings, 0) as high
    from summed
),

-- targeted and random inspections of one office and day are compared with each other only
strata as (
    select
        decided_on,
        office_code,
        (sum(findings) filter (where selected_by = 'targeted'))::float8 as a,
        (sum(completed) filter (where selected_by = 'targeted'))::float8 as m,
        (sum(findings) filter (where selected_by = 'random'))::float8 as c,
        (sum(completed) filter (where selected_by = 'random'))::float8 as n
    from daily
    where completed > 0
    group by decided_on, office_code
),

-- Mantel and Haenszel: each stratum's findings weigh as much as the other side could have found
weighed as (
    select
        cohorts.cohort_kind,
        cohorts.cohort_on,
        cohorts.cohort_to,
        dimensions.dimension,
        dimensions.dimension_value,
        sum(strata.a * strata.n / (strata.m + strata.n)) as numerator,
        sum(strata.c * strata.m / (strata.m + strata.n)) as denominator,
        sum(
            (strata.m * strata.n * (strata.a + strata.c) - strata.a * strata.c * (strata.m + strata.n))
            / (strata.m + strata.n) ^ 2
        ) as spread
    from cohorts
    inner join strata on strata.decided_on between cohorts.cohort_on and cohorts.cohort_to
    cross join
        lateral (
            values ('all', 'all'), ('office', strata.office_code)
        ) as dimensions (dimension, dimension_value)
    where strata.m > 0 and strata.n > 0
    group by
        cohorts.cohort_kind, cohorts.cohort_on, cohorts.cohort_to, dimensions.dimension, dimensions.dimension_value
),

-- its interval after Greenland and Robins, on the logarithm
lifts as (
    select
        *,
        'targeting_lift' as metric_code,
        numerator / nullif(denominator, 0)
        * exp(-1.96 * sqrt(spread / nullif(numerator * denominator, 0))) as low,
        numerator / nullif(denominator, 0)
        * exp(1.96 * sqrt(spread / nullif(numerator * denominator, 0))) as high
    from weighed
),

delays as (
    select
        cohorts.cohort_kind,
        cohorts.cohort_on,
        cohorts.cohort_to,
        dimensions.dimension,
        dimensions.dimension_value,
        outcomes.result_known_on - outcomes.decided_on as days,
        row_number() over (
            partition by cohorts.cohort_kind, cohorts.cohort_on, dimensions.dimension, dimensions.dimension_value
            order by outcomes.result_known_on - outcomes.decided_on
        ) as place,
        count(*) over (
            partition by cohorts.cohort_kind, cohorts.cohort_on, dimensions.dimension, dimensions.dimension_value
        )::float8 as answers
    from cohorts
    inner join outcomes on outcomes.decided_on between cohorts.cohort_on and cohorts.cohort_to
    cross join
        lateral (
            values ('all', 'all'), ('office', outcomes.office_code), ('selected_by', outcomes.selected_by)
        ) as dimensions (dimension, dimension_value)
    where outcomes.is_completed
),

-- a quantile is the answer in its place; its interval lies between the places that chance could have given it
quantiles as (
    select
        delays.cohort_kind,
        delays.cohort_on,
        delays.cohort_to,
        delays.dimension,
        delays.dimension_value,
        asked.metric_code,
        max(delays.answers) as denominator,
        min(delays.days) filter (where delays.place >= delays.answers * asked.share)::float8 as value,
        min(delays.days) filter (
            where
            delays.place >= delays.answers * asked.share
            - 1.96 * sqrt(delays.answers * asked.share * (1 - asked.share))
        )::float8 as low,
        coalesce(
            min(delays.days) filter (
                where
                delays.place >= delays.answers * asked.share + 1
                + 1.96 * sqrt(delays.answers * asked.share * (1 - asked.share))
            ),
            max(delays.days)
        )::float8 as high
    from delays
    cross join (
        values ('result_delay_median', 0.5::float8), ('result_delay_p90', 0.9)
    ) as asked (metric_code, share)
    group by
        delays.cohort_kind, delays.cohort_on, delays.cohort_to, delays.dimension, delays.dimension_value,
        asked.metric_code
),

measured as (
    {% for family in ['shares', 'ratios', 'adjusted', 'lifts'] -%}
    select
        metric_code,
        cohort_kind,
        cohort_on,
        cohort_to,
        dimension,
        dimension_value,
        numerator,
        denominator,
        numerator / nullif(denominator, 0) as value,
        low,
        high
    from {{ family }}
    where denominator > 0{{ ' or numerator > 0' if family == 'lifts' }}
    union all
    {% endfor -%}
    select
        metric_code,
        cohort_kind,
        cohort_on,
        cohort_to,
        dimension,
        dimension_value,
        null as numerator,
        denominator,
        value,
        low,
        high
    from quantiles
),

-- the definitions say by what a metric is told
final as (
    select
        measured.*,
        now() as recorded_at
    from measured
    inner join definitions
        on
            measured.metric_code = definitions.metric_code
            and measured.dimension = any(string_to_array(definitions.dimensions, ';'))
)

select * from final
