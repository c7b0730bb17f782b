{{ config(materialized='view') }}

with

declarations as (select * from {{ ref('int_declarations') }}),

conclusions as (select * from {{ ref('int_conclusions') }}),

decisions as (select * from {{ ref('decisions') }}),

instructions as (select * from {{ ref('instructions') }}),

inspections as (select * from {{ ref('int_inspections') }}),

-- one declaration to at most one conclusion, one decision and one instruction, and to its latest result
final as (
    select
        declarations.importer_id,
        declarations.declaration_id,
        declarations.declared_at,
        declarations.known_at,
        declarations.office_code,
        declarations.hs6,
        declarations.goods_name,
        declarations.origin_country,
        declarations.declared_value_cny,
        decisions.as_of,
        decisions.model_version,
        decisions.level,
        decisions.likelihood,
        decisions.expected_revenue_cny,
        conclusions.hazard_factors,
        decisions.decided_on,
        decisions.lane,
        decisions.selected_by,
        decisions.selection_probability,
        decisions.reason_en,
        decisions.reason_zh,
        instructions.instruction_id,
        instructions.what_to_examine_en,
        instructions.what_to_examine_zh,
        latest_result.result_id,
        latest_result.reported_at,
        latest_result.has_finding,
        latest_result.finding_type,
        latest_result.additional_duty_cny
    from declarations
    left join decisions using (importer_id, declaration_id)
    left join instructions using (importer_id, declaration_id)
    left join conclusions using (importer_id, declaration_id)
    left join lateral (
        select inspections.*
        from inspections
        where
            inspections.importer_id = declarations.importer_id
            and inspections.declaration_id = declarations.declaration_id
        order by inspections.known_at desc
        limit 1
    ) as latest_result on true
)

select * from final
