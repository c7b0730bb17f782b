with

periods as (select * from {{ ref('periods') }}),

totals as (
    select * from {{ ref('int_cohort_totals') }}
    where dimension = 'selected_by' and instructions > 0
),

counted as (
    select
        periods.period_kind,
        periods.period_from,
        periods.period_to,
        totals.dimension_value as selected_by,
        sum(totals.instructions)::bigint as selected,
        sum(totals.answered_instructions)::bigint as completed,
        (sum(totals.instructions) - sum(totals.answered_instructions))::bigint as pending,
        sum(totals.certain_findings + totals.drawn_findings)::bigint as findings,
        sum(totals.instructed_revenue_cny)::numeric as revenue_cny,
        sum(totals.instructed_officer_hours)::numeric as officer_hours
    from periods
    inner join totals on {{ of_period('periods', 'totals') }}
    group by periods.period_kind, periods.period_from, periods.period_to, totals.dimension_value
),

rates as (
    select
        *,
        findings::float8 / nullif(completed, 0) as find_rate,
        {{ wilson('findings::float8', 'completed', 'low') }} as find_rate_low,
        {{ wilson('findings::float8', 'completed', 'high') }} as find_rate_high,
        (completed - findings)::float8 / nullif(completed, 0) as false_positive_share,
        (revenue_cny / nullif(completed, 0))::float8 as revenue_cny_per_inspection,
        (revenue_cny / nullif(officer_hours, 0))::float8 as revenue_cny_per_officer_hour,
        (findings / nullif(officer_hours, 0))::float8 as findings_per_officer_hour,
        selected::float8 / sum(selected) over (partition by period_kind, period_from) as share_of_selected
    from counted
),

random as (
    select * from rates
    where selected_by = 'random'
),

-- Katz's interval of a ratio of two shares, on the logarithm
final as (
    select
        rates.*,
        rates.find_rate / nullif(random.find_rate, 0) as lift,
        rates.find_rate / nullif(random.find_rate, 0) * exp(-1.96 * sqrt(
            1.0 / nullif(rates.findings, 0) - 1.0 / nullif(rates.completed, 0)
            + 1.0 / nullif(random.findings, 0) - 1.0 / nullif(random.completed, 0)
        ))::float8 as lift_low,
        rates.find_rate / nullif(random.find_rate, 0) * exp(1.96 * sqrt(
            1.0 / nullif(rates.findings, 0) - 1.0 / nullif(rates.completed, 0)
            + 1.0 / nullif(random.findings, 0) - 1.0 / nullif(random.completed, 0)
        ))::float8 as lift_high
    from rates
    left join random
        on
            rates.period_kind = random.period_kind
            and rates.period_from = random.period_from
            and rates.selected_by <> 'random'
)

select * from final
