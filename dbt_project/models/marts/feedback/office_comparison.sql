{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='month_on',
        on_schema_change='fail',
    )
}}

with

daily as (select * from {{ ref('int_daily_outcomes') }}),

-- an office is told relative to all offices of its month: a month with a day that was counted anew is told anew
months_counted_anew as (
    select distinct date_trunc('month', decided_on)::date as month_on
    from daily
    {%- if is_incremental() %}
    where recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

-- inspections that a model had judged and whose result is back
answered as (
    select
        months_counted_anew.month_on,
        daily.office_code,
        daily.selected_by,
        sum(daily.scored_results)::bigint as inspections,
        sum(daily.scored_findings)::bigint as findings,
        sum(daily.expected_findings) as expected_findings
    from months_counted_anew
    inner join daily
        on
            months_counted_anew.month_on <= daily.decided_on
            and months_counted_anew.month_on + interval '1 month' > daily.decided_on
    where daily.scored_results > 0
    group by months_counted_anew.month_on, daily.office_code, daily.selected_by
),

-- how far expectation came true over all offices, by way of selection: what the model misjudges among the targeted is
-- nobody's doing
came_true as (
    select
        month_on,
        selected_by,
        {{ smoothed('sum(findings)', 'sum(expected_findings)', '1') }} as share
    from answered
    group by month_on, selected_by
),

-- many ways of selection to one office and month
offices as (
    select
        answered.month_on,
        answered.office_code,
        sum(answered.inspections)::bigint as inspections,
        sum(answered.findings)::bigint as findings,
        sum(answered.expected_findings) as expected_findings,
        sum(answered.expected_findings * came_true.share) as expected_as_selected
    from answered
    inner join came_true using (month_on, selected_by)
    group by answered.month_on, answered.office_code
),

-- how offices differ beyond chance (Marshall 1991), taken at the upper end of what a month can tell, by twice its
-- standard error: an interval that relies on too little difference would not cover
months as (
    select
        month_on,
        count(*) as offices,
        sum(expected_as_selected * (findings / expected_as_selected - 1) ^ 2) / sum(expected_as_selected) as scatter,
        1 / avg(expected_as_selected) as by_chance
    from offices
    group by month_on
),

-- the prior of an office's findings over expected ones: a gamma distribution around 1 with that variance, of at least
-- five per cent squared
priors as (
    select
        month_on,
        1 / (0.0025 + greatest(scatter - by_chance, 0) + 2 * scatter * sqrt(2.0 / offices)) as weight
    from months
),

-- findings are counts: the posterior is a gamma distribution too
posteriors as (
    select
        offices.*,
        offices.findings + priors.weight as shape,
        offices.expected_as_selected + priors.weight as rate
    from offices
    inner join priors using (month_on)
),

-- its quantiles after Wilson and Hilferty, which are Byar's ends of a count
judged as (
    select
        *,
        shape / rate as relative_find_rate,
        {{ byar('shape', 'low') }} / rate as relative_find_rate_low,
        {{ byar('(shape - 1)', 'high') }} / rate as relative_find_rate_high
    from posteriors
),

final as (
    select
        month_on,
        office_code,
        inspections,
        findings,
        expected_findings,
        expected_as_selected,
        relative_find_rate,
        relative_find_rate_low,
        relative_find_rate_high,
        case
            when relative_find_rate_low > 1 then 'above'
            when relative_find_rate_high < 1 then 'below'
            else 'as_expected'
        end as standing,
        now() as recorded_at
    from judged
)

select * from final
