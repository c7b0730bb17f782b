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
                'columns': ['metric_code', 'cohort_kind', 'cohort_on', 'dimension', 'dimension_value'],
                'unique': true,
            },
            {'columns': ['cohort_kind', 'cohort_on']},
            {'columns': ['recorded_at']},
        ],
    )
}}

with

definitions as (select * from {{ ref('metrics') }}),

totals as (select * from {{ ref('int_cohort_totals') }}),

-- read more than once, each time by an index
daily_outcomes as not materialized (select * from {{ ref('int_daily_outcomes') }}),

daily_delays as not materialized (select * from {{ ref('int_daily_delays') }}),

grouped as (
    select * from totals
    {%- if is_incremental() %}
    where recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

cohorts as materialized (
    select distinct
        cohort_kind,
        cohort_on,
        cohort_to
    from grouped
),

-- a share's numerator is part of its denominator: Wilson's interval
shares as (
    select
        grouped.*,
        counted.metric_code,
        counted.numerator,
        counted.denominator,
        {{ wilson('counted.numerator', 'counted.denominator', 'low') }} as low,
        {{ wilson('counted.numerator', 'counted.denominator', 'high') }} as high
    from grouped
    cross join lateral (
        values
        ('inspection_rate', grouped.completed, grouped.declarations),
        ('selection_rate', grouped.selected, grouped.declarations),
        ('random_share', grouped.random_selected, grouped.selected),
        ('find_rate', grouped.findings, grouped.completed),
        ('false_positive_share', grouped.completed - grouped.findings, grouped.completed),
        ('miss_rate', grouped.sampled_findings, grouped.sampled),
        ('answered_share', grouped.answered_instructions, grouped.instructions),
        ('coded_result_share', grouped.coded_instructions, grouped.instructions)
    ) as counted (metric_code, numerator, denominator)
),

criterion as (
    select
        grouped.*,
        counted.metric_code,
        counted.numerator,
        counted.denominator,
        {{ wilson('counted.numerator', 'counted.denominator', 'low') }} as low,
        {{ wilson('counted.numerator', 'counted.denominator', 'high') }} as high
    from grouped
    cross join lateral (
        values
        ('criterion_hit_rate', grouped.findings, grouped.completed),
        ('criterion_sole_hit_rate', grouped.sole_findings, grouped.sole_completed)
    ) as counted (metric_code, numerator, denominator)
),

-- a ratio of two totals: the interval by linearisation, from the sums of squares and products
ratios as (
    select
        grouped.*,
        counted.metric_code,
        counted.y as numerator,
        counted.x as denominator,
        {{ ratio_end('counted.y', 'counted.x', 'counted.yy', 'counted.xy', 'counted.xx', 'counted.trials', 'low') }}
            as low,
        {{ ratio_end('counted.y', 'counted.x', 'counted.yy', 'counted.xy', 'counted.xx', 'counted.trials', 'high') }}
            as high
    from grouped
    cross join lateral (
        values
        (
            'revenue_per_inspection',
            grouped.revenue_cny,
            grouped.completed,
            grouped.revenue_squares,
            grouped.revenue_cny,
            grouped.completed,
            grouped.completed
        ),
        (
            'revenue_per_officer_hour', grouped.timed_revenue_cny, grouped.officer_hours,
            grouped.timed_revenue_squares,
            grouped.officer_hours_revenue,
            grouped.officer_hours_squares,
            grouped.timed_results
        ),
        (
            'findings_per_officer_hour', grouped.timed_findings, grouped.officer_hours,
            grouped.timed_findings, grouped.officer_hours_findings, grouped.officer_hours_squares, grouped.timed_results
        ),
        (
            'result_delay_mean', grouped.delay_days, grouped.answered_instructions,
            grouped.delay_squares, grouped.delay_days, grouped.answered_instructions, grouped.answered_instructions
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
    from grouped
),

-- of all declarations, had they all been inspected (Hájek): each inspection stands for as many as its probability says.
-- What would have been inspected whatever was drawn is sure; the rest has Wilson's interval, with as many trials as
-- unequal weights are worth (Kish)
reweighted as (
    select
        *,
        'reweighted_find_rate' as metric_code,
        certain_findings + drawn_weighted_findings as numerator,
        certain_answers + drawn_weights as denominator,
        {%- set share, trials = 'drawn_weighted_findings / drawn_weights', 'drawn_weights ^ 2 / drawn_weight_squares' %}
        (
            certain_findings
            + case
                when drawn_weights > 0 then drawn_weights * {{ wilson(share ~ ' * ' ~ trials, trials, 'low') }}
                else 0
            end
        ) / nullif(certain_answers + drawn_weights, 0) as low,
        (
            certain_findings
            + case
                when drawn_weights > 0 then drawn_weights * {{ wilson(share ~ ' * ' ~ trials, trials, 'high') }}
                else 0
            end
        ) / nullif(certain_answers + drawn_weights, 0) as high
    from grouped
    -- where chance chose nothing, the rest can only be told if there is none
    where drawn_weights > 0 or declarations = instructions
),

leaked as (
    select
        *,
        declarations - instructions as uninspected,
        {{ leaked() }}
    from grouped
    where drawn_answers > 0 and declarations > instructions
),

leakage as (
    select
        leaked.*,
        told.metric_code,
        told.numerator,
        told.denominator,
        told.low,
        told.high
    from leaked
    cross join lateral (
        values
        (
            'compliance_rate',
            leaked.declarations - leaked.inspected_violations - leaked.leaked_violations,
            leaked.declarations,
            1 - (leaked.inspected_violations + leaked.leaked_violations_high) / leaked.declarations,
            1 - (leaked.inspected_violations + leaked.leaked_violations_low) / leaked.declarations
        ),
        (
            'leakage_rate', leaked.leaked_violations, leaked.uninspected,
            leaked.leaked_violations_low / leaked.uninspected, leaked.leaked_violations_high / leaked.uninspected
        ),
        (
            'leaked_revenue_per_declaration', leaked.leaked_revenue_cny, leaked.uninspected,
            leaked.leaked_revenue_cny_low / leaked.uninspected, leaked.leaked_revenue_cny_high / leaked.uninspected
        )
    ) as told (metric_code, numerator, denominator, low, high)
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
    from daily_outcomes
    where
        completed > 0
        and decided_on >= (select min(cohorts.cohort_on) from cohorts)
        and decided_on <= (select max(cohorts.cohort_to) from cohorts)
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
        daily_delays.delay_days,
        sum(daily_delays.instructions) as answers
    from cohorts
    inner join daily_delays on daily_delays.decided_on between cohorts.cohort_on and cohorts.cohort_to
    cross join
        lateral (
            values
            ('all', 'all'), ('office', daily_delays.office_code), ('selected_by', daily_delays.selected_by)
        ) as dimensions (dimension, dimension_value)
    where daily_delays.delay_days is not null
    group by
        cohorts.cohort_kind, cohorts.cohort_on, cohorts.cohort_to, dimensions.dimension, dimensions.dimension_value,
        daily_delays.delay_days
),

-- how many answers had come after so many days
waited as (
    select
        *,
        sum(answers) over (in_cohort order by delay_days) as answered,
        sum(answers) over in_cohort as all_answers
    from delays
    window in_cohort as (partition by cohort_kind, cohort_on, dimension, dimension_value)
),

-- the ends are order statistics: by the binomial distribution the quantile lies between them
quantiles as (
    select
        waited.cohort_kind,
        waited.cohort_on,
        waited.cohort_to,
        waited.dimension,
        waited.dimension_value,
        asked.metric_code,
        max(waited.all_answers)::float8 as denominator,
        min(waited.delay_days) filter (where waited.answered >= waited.all_answers * asked.share)::float8 as value,
        min(waited.delay_days) filter (
            where
            waited.answered >= waited.all_answers * asked.share
            - 1.96 * sqrt(waited.all_answers * asked.share * (1 - asked.share))
        )::float8 as low,
        coalesce(
            min(waited.delay_days) filter (
                where
                waited.answered >= waited.all_answers * asked.share + 1
                + 1.96 * sqrt(waited.all_answers * asked.share * (1 - asked.share))
            ),
            max(waited.delay_days)
        )::float8 as high
    from waited
    cross join (
        values ('result_delay_median', 0.5::float8), ('result_delay_p90', 0.9)
    ) as asked (metric_code, share)
    group by
        waited.cohort_kind, waited.cohort_on, waited.cohort_to, waited.dimension, waited.dimension_value,
        asked.metric_code
),

measured as (
    {% for family in ['shares', 'criterion', 'ratios', 'adjusted', 'reweighted', 'leakage', 'lifts'] -%}
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

-- the definitions say by what a metric is told; one metric to the one sum of its cohort and dimension, which says how
-- many results are still out. What was decided does not wait for them
final as (
    select
        measured.*,
        case
            when measured.metric_code in ('selection_rate', 'random_share') then 0
            else (grouped.instructions - grouped.answered_instructions)::bigint
        end as pending_results,
        now() as recorded_at
    from measured
    inner join definitions
        on
            measured.metric_code = definitions.metric_code
            and measured.dimension = any(string_to_array(definitions.dimensions, ';'))
    inner join grouped using (cohort_kind, cohort_on, dimension, dimension_value)
)

select * from final
