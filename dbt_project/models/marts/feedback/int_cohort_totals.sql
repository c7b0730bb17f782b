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
                'columns': ['cohort_kind', 'cohort_on', 'dimension', 'dimension_value'],
                'unique': true,
            },
            {'columns': ['recorded_at']},
        ],
    )
}}

with

-- read more than once, each time by an index
daily_outcomes as not materialized (select * from {{ ref('int_daily_outcomes') }}),

daily_parameters as not materialized (select * from {{ ref('int_daily_parameters') }}),

code_lists as (select * from {{ ref('code_lists') }}),

counted_anew as (
    {% for daily in ['daily_outcomes', 'daily_parameters'] -%}
    select decided_on from {{ daily }}
    {%- if is_incremental() %}
    where recorded_at > {{ newest_recorded() }}
    {%- endif %}
    {{ 'union' if not loop.last }}
    {% endfor -%}
),

-- the days, weeks and months of the days that were counted anew
cohorts as materialized (
    select distinct
        kinds.cohort_kind,
        date_trunc(kinds.cohort_kind, counted_anew.decided_on)::date as cohort_on,
        (date_trunc(kinds.cohort_kind, counted_anew.decided_on) + kinds.cohort_length)::date - 1 as cohort_to
    from counted_anew
    cross join {{ cohort_kinds() }}
),

-- each count stands under every one of its dimensions
summed as (
    select
        {%- for name, total in trial_totals().items() %}
        ({{ total }})::float8 as {{ name }},
        {%- endfor %}
        {%- for name, total in finding_totals().items() %}
        ({{ total }})::float8 as {{ name }},
        {%- endfor %}
        cohorts.cohort_kind,
        cohorts.cohort_on,
        cohorts.cohort_to,
        dimensions.dimension,
        dimensions.dimension_value
    from cohorts
    inner join daily_outcomes as daily on daily.decided_on between cohorts.cohort_on and cohorts.cohort_to
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

found as (
    select
        {%- for name, total in finding_totals().items() %}
        ({{ total }})::float8 as {{ name }},
        {%- endfor %}
        cohorts.cohort_kind,
        cohorts.cohort_on,
        daily.risk_domain
    from cohorts
    inner join daily_outcomes as daily on daily.decided_on between cohorts.cohort_on and cohorts.cohort_to
    where daily.risk_domain <> 'none'
    group by cohorts.cohort_kind, cohorts.cohort_on, daily.risk_domain
),

risk_domains as (
    select code as risk_domain from code_lists
    where list_name = 'risk_domain'
    union all
    select 'not stated' as risk_domain
),

-- whatever is inspected could show a risk of any domain: the trials of each are all of them
by_domain as (
    select
        {%- for name in trial_totals() %}
        summed.{{ name }},
        {%- endfor %}
        {%- for name in finding_totals() %}
        coalesce(found.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        summed.cohort_kind,
        summed.cohort_on,
        summed.cohort_to,
        'domain' as dimension,
        risk_domains.risk_domain as dimension_value
    from summed
    cross join risk_domains
    left join found
        on
            summed.cohort_kind = found.cohort_kind
            and summed.cohort_on = found.cohort_on
            and risk_domains.risk_domain = found.risk_domain
    where summed.dimension = 'all'
),

-- what no metric by parameter is told from is not counted by parameter
by_parameter as (
    select
        {%- for name in trial_totals().keys() | list + finding_totals().keys() | list %}
        {{ 'sum(daily_parameters.' ~ name ~ ')' if name in parameter_totals() else 'null' }}::float8 as {{ name }},
        {%- endfor %}
        cohorts.cohort_kind,
        cohorts.cohort_on,
        cohorts.cohort_to,
        'parameter' as dimension,
        daily_parameters.parameter_id as dimension_value,
        sum(daily_parameters.sole_completed)::float8 as sole_completed,
        sum(daily_parameters.sole_findings)::float8 as sole_findings
    from cohorts
    inner join daily_parameters on daily_parameters.decided_on between cohorts.cohort_on and cohorts.cohort_to
    group by cohorts.cohort_kind, cohorts.cohort_on, cohorts.cohort_to, daily_parameters.parameter_id
),

final as (
    {% for relation in ['summed', 'by_domain', 'by_parameter'] -%}
    select
        *
        {{- ', null::float8 as sole_completed, null::float8 as sole_findings' if relation != 'by_parameter' }},
        now() as recorded_at
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
