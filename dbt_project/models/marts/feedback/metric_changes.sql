with

metrics as (select * from {{ ref('int_metrics') }}),

clock as (
    select date_trunc('week', {{ business_day(moment()) }}::timestamp)::date as this_week_on
),

-- the last whole week, and the eight before it
weeks as (
    select
        metrics.*,
        metrics.cohort_on = clock.this_week_on - 7 as is_last
    from metrics
    cross join clock
    where
        metrics.cohort_kind = 'week'
        and metrics.cohort_on between clock.this_week_on - 63 and clock.this_week_on - 7
),

-- what the weeks before were together: a week weighs as much as its denominator, and so does its interval
before as (
    select
        metric_code,
        dimension,
        dimension_value,
        count(*) as weeks,
        sum(value * denominator) / sum(denominator) as value,
        sqrt(sum((denominator * (high - low) / 2) ^ 2)) / sum(denominator) as half_width,
        min(value) as lowest,
        max(value) as highest
    from weeks
    where not is_last and denominator > 0
    group by metric_code, dimension, dimension_value
),

-- one to one or none: what is new has nothing before it, and is not told
compared as (
    select
        weeks.*,
        before.weeks as weeks_before,
        before.value as value_before,
        before.value - before.half_width as value_before_low,
        before.value + before.half_width as value_before_high,
        before.lowest as lowest_before,
        before.highest as highest_before,
        -- both may be off: how far apart they would still be by chance
        sqrt(
            before.half_width ^ 2
            + case when weeks.value > before.value then weeks.value - weeks.low else weeks.high - weeks.value end ^ 2
        ) as chance
    from weeks
    inner join before using (metric_code, dimension, dimension_value)
    where weeks.is_last
),

final as (
    select
        metric_code,
        dimension,
        dimension_value,
        office_code,
        cohort_on,
        cohort_to,
        numerator,
        denominator,
        value,
        low,
        high,
        weeks_before,
        value_before,
        value_before_low,
        value_before_high,
        lowest_before,
        highest_before,
        abs(value - value_before) / nullif(chance, 0) as strength,
        coalesce(
            weeks_before >= 4
            and abs(value - value_before) > chance
            and (value > highest_before or value < lowest_before),
            false
        ) as is_changed
    from compared
)

select * from final
