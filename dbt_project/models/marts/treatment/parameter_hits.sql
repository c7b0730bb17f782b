{{ config(materialized='view') }}

with

hits as (select * from {{ source('ops', 'parameter_hits') }}),

decisions as (select * from {{ ref('decisions') }}),

declarations as (select * from {{ ref('int_declarations') }}),

inspections as (select * from {{ ref('int_inspections') }}),

-- several results of one declaration count together
results as (
    select
        inspections.importer_id,
        inspections.declaration_id,
        min(inspections.known_on) as result_known_on,
        bool_or(inspections.has_finding) as has_finding,
        sum(inspections.additional_duty_cny) as revenue_cny,
        sum(inspections.officer_hours) as officer_hours
    from inspections
    where not inspections.is_backfill
    group by inspections.importer_id, inspections.declaration_id
),

-- two versions of one parameter are one parameter
shared as (
    select
        importer_id,
        declaration_id,
        count(distinct parameter_id) as parameters
    from hits
    group by importer_id, declaration_id
),

-- to a decision, and to a result or none
final as (
    select
        hits.parameter_id,
        hits.version,
        hits.importer_id,
        hits.declaration_id,
        declarations.office_code,
        declarations.hs6,
        hits.matched_at,
        {{ business_day('hits.matched_at') }} as matched_on,
        declarations.known_on,
        shared.parameters,
        shared.parameters = 1 as is_sole_hit,
        decisions.decided_on,
        decisions.lane,
        decisions.selected_by,
        decisions.selection_probability,
        results.declaration_id is not null as is_examined,
        results.result_known_on,
        results.has_finding,
        results.revenue_cny,
        results.officer_hours
    from hits
    inner join declarations using (importer_id, declaration_id)
    inner join shared using (importer_id, declaration_id)
    left join decisions using (importer_id, declaration_id)
    left join results using (importer_id, declaration_id)
)

select * from final
