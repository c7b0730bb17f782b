with

periods as (select * from {{ ref('periods') }}),

totals as (
    select * from {{ ref('int_cohort_totals') }}
    where dimension = 'all'
),

summed as (
    select
        {%- for name in trial_totals().keys() | list + finding_totals().keys() | list %}
        {{ 'max' if name.startswith('largest') else 'sum' }}(totals.{{ name }}) as {{ name }},
        {%- endfor %}
        periods.period_kind,
        periods.period_from,
        periods.period_to
    from periods
    inner join totals on {{ of_period('periods', 'totals') }}
    group by periods.period_kind, periods.period_from, periods.period_to
),

estimated as (
    select
        period_kind,
        period_from,
        period_to,
        declarations::bigint as declarations,
        instructions::bigint as selected,
        (declarations - instructions)::bigint as uninspected,
        answered_instructions::bigint as completed,
        drawn_answers::bigint as sampled,
        drawn_findings::bigint as sampled_violations,
        (certain_findings + drawn_findings)::bigint as found_violations,
        instructed_revenue_cny as found_revenue_cny,
        {{ var('inspection_sensitivity') }}::float8 as inspection_sensitivity,
        {{ leaked() }}
    from summed
),

final as (
    select
        *,
        1 - (inspected_violations + leaked_violations) / declarations as compliance_rate,
        1 - (inspected_violations + leaked_violations_high) / declarations as compliance_rate_low,
        1 - (inspected_violations + leaked_violations_low) / declarations as compliance_rate_high
    from estimated
)

select * from final
