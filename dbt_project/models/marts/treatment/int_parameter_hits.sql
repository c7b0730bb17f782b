{{ config(schema='intermediate', materialized='view', contract={'enforced': false}) }}

-- what the pipeline's own models read: it asks nobody's rights, so that the hits of a few days are looked up by index

with

-- read twice: materialized, it would be read whole each time
hits as not materialized (select * from {{ source('ops', 'parameter_hits') }}),

decisions as (select * from {{ ref('decisions') }}),

declarations as (select * from {{ ref('int_declarations') }}),

inspections as (select * from {{ ref('int_inspections') }}),

-- to a decision, to all hits of its declaration (two versions of one parameter are one parameter), and to the results
-- together or none: hits are few, so each is looked up
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
        results.result_known_on is not null as is_examined,
        results.result_known_on,
        results.has_finding,
        results.revenue_cny,
        results.officer_hours
    from hits
    inner join declarations using (importer_id, declaration_id)
    left join decisions using (importer_id, declaration_id)
    left join lateral (
        select count(distinct others.parameter_id) as parameters
        from hits as others
        where
            others.importer_id = hits.importer_id
            and others.declaration_id = hits.declaration_id
    ) as shared on true
    left join lateral (
        select
            min(inspections.known_on) as result_known_on,
            bool_or(inspections.has_finding) as has_finding,
            sum(inspections.additional_duty_cny) as revenue_cny,
            sum(inspections.officer_hours) as officer_hours
        from inspections
        where
            inspections.importer_id = hits.importer_id
            and inspections.declaration_id = hits.declaration_id
            and not inspections.is_backfill
    ) as results on true
)

select * from final
