{{ config(materialized='ephemeral', contract={'enforced': false}) }}

with

operations as (select * from {{ source('ops', 'special_operations') }}),

recommendations as (select * from {{ source('ops', 'policy_recommendations') }}),

declarations as (select * from {{ ref('int_declarations') }}),

inspections as (select * from {{ ref('int_inspections') }}),

clock as (
    select {{ business_day(moment()) }} as today
),

-- what took effect on a day, and lasts to another: up to today, if that is earlier
effects as (
    select
        'operation' as scope_kind,
        operation_id as scope_id,
        starts_on as effective_on,
        coalesce(ended_on, ends_on) as last_on,
        hs_prefixes,
        origin_countries,
        importer_ids,
        office_codes
    from operations
    union all
    select
        'recommendation' as scope_kind,
        recommendation_id as scope_id,
        effective_on,
        effective_on + effect_days - 1 as last_on,
        hs_prefixes,
        origin_countries,
        importer_ids,
        office_codes
    from recommendations
    where effective_on is not null
),

-- and as many days before it
periods as (
    select
        effects.*,
        least(effects.last_on, clock.today) as measured_to,
        least(effects.last_on, clock.today) - effects.effective_on + 1 as measured_days
    from effects
    cross join clock
    where effects.effective_on <= clock.today
),

results as (
    select
        importer_id,
        declaration_id,
        bool_or(has_finding)::int as findings,
        sum(additional_duty_cny) as revenue_cny
    from inspections
    where selected_by is distinct from 'audit'
    group by importer_id, declaration_id
),

-- many declarations to one period, and to one result or none: pending inspections are not counted yet
placed as (
    select
        periods.scope_kind,
        periods.scope_id,
        periods.measured_days,
        declarations.known_on >= periods.effective_on as is_after,
        ops.in_scope(
            declarations.hs6, declarations.origin_country, declarations.importer_id, declarations.office_code,
            periods.hs_prefixes, periods.origin_countries, periods.importer_ids, periods.office_codes
        ) as is_in_scope,
        results.declaration_id is not null as is_inspected,
        results.findings,
        results.revenue_cny
    from periods
    inner join declarations
        on declarations.known_on between periods.effective_on - periods.measured_days and periods.measured_to
    left join results using (importer_id, declaration_id)
),

final as (
    select
        scope_kind,
        scope_id,
        measured_days,
        is_after,
        is_in_scope,
        count(*) as declarations,
        count(*) filter (where is_inspected) as inspected,
        coalesce(sum(findings), 0)::bigint as findings,
        coalesce(sum(revenue_cny), 0)::numeric as revenue_cny
    from placed
    group by scope_kind, scope_id, measured_days, is_after, is_in_scope
)

select * from final
