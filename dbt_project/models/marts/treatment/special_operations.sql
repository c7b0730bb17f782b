{%- set cells = {
    '': 'is_after and is_in_scope',
    '_before': 'not is_after and is_in_scope',
    '_outside': 'is_after and not is_in_scope',
    '_outside_before': 'not is_after and not is_in_scope',
} %}

-- a loop writes the lines whose indent a linter would judge
-- noqa: disable=LT02

with

operations as (select * from {{ source('ops', 'special_operations') }}),

outcomes as (
    select * from {{ ref('int_scope_outcomes') }}
    where scope_kind = 'operation'
),

clock as (
    select {{ business_day(moment()) }} as today
),

-- four cells of an operation side by side: in scope or not, since it began or in as many days before
cells as (
    select
        scope_id as operation_id,
        max(measured_days) as measured_days,
        {%- for name, condition in cells.items() %}
        coalesce(sum(declarations) filter (where {{ condition }}), 0)::bigint as declarations{{ name }},
        coalesce(sum(inspected) filter (where {{ condition }}), 0)::bigint as inspected{{ name }},
        coalesce(sum(findings) filter (where {{ condition }}), 0)::bigint as findings{{ name }},
        coalesce(sum(revenue_cny) filter (where {{ condition }}), 0)::numeric as revenue_cny{{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from outcomes
    group by scope_id
),

-- what the scope would have brought, had it gone as everything else did
compared as (
    select
        *,
        revenue_cny_before * revenue_cny_outside / nullif(revenue_cny_outside_before, 0) as revenue_cny_to_expect
    from cells
),

final as (
    select
        operations.operation_id,
        operations.name_en,
        operations.name_zh,
        operations.risk_domain,
        operations.condition_en,
        operations.condition_zh,
        operations.hs_prefixes,
        operations.origin_countries,
        operations.importer_ids,
        operations.office_codes,
        operations.starts_on,
        operations.ends_on,
        operations.ended_on,
        operations.end_reason,
        operations.ordered_at,
        operations.ordered_by,
        operations.reason,
        case
            when clock.today < operations.starts_on then 'planned'
            when clock.today <= coalesce(operations.ended_on, operations.ends_on) and operations.ended_on is null
                then 'running'
            else 'ended'
        end as status,
        operations.goal_inspections,
        operations.goal_findings,
        operations.goal_revenue_cny,
        coalesce(compared.inspected, 0) >= coalesce(operations.goal_inspections, 0)
        and coalesce(compared.findings, 0) >= coalesce(operations.goal_findings, 0)
        and coalesce(compared.revenue_cny, 0) >= coalesce(operations.goal_revenue_cny, 0) as is_goal_reached,
        coalesce(compared.measured_days, 0) as measured_days,
        {%- for name in cells %}
        coalesce(compared.declarations{{ name }}, 0) as declarations{{ name }},
        coalesce(compared.inspected{{ name }}, 0) as inspected{{ name }},
        coalesce(compared.findings{{ name }}, 0) as findings{{ name }},
        coalesce(compared.revenue_cny{{ name }}, 0) as revenue_cny{{ name }},
        {%- endfor %}
        round(compared.revenue_cny_to_expect, 2) as revenue_cny_to_expect,
        round(compared.revenue_cny - compared.revenue_cny_to_expect, 2) as revenue_cny_gained
    from operations
    cross join clock
    left join compared using (operation_id)
)

select * from final
