{{ config(materialized='view') }}

with

versions as (select * from {{ ref('int_inspection_versions') }}),

following as (select * from {{ ref('int_inspection_versions') }}),

deliveries as (select * from {{ ref('stg_inspection_results') }}),

declarations as (select * from {{ ref('int_declarations') }}),

-- one to one: a version, the row it was delivered in, its declaration; and the version that followed, or none
conduct as (
    select
        versions.importer_id,
        versions.declaration_id,
        versions.result_id,
        versions.version_no,
        versions.instruction_id,
        versions.office_code,
        versions.officer_id,
        versions.selected_by,
        versions.has_finding,
        versions.finding_type,
        versions.additional_duty_cny,
        following.additional_duty_cny as corrected_duty_cny,
        versions.reported_at,
        extract(epoch from deliveries.ended_at - deliveries.started_at)::float8 / 60 as examined_minutes,
        deliveries.examined_place,
        deliveries.examined_hs6,
        declarations.hs6,
        declarations.declared_value_cny,
        declarations.tax_rate_pct,
        deliveries.assessed_value_cny,
        versions.is_backfill,
        versions.batch_id,
        versions.row_no,
        versions.known_at,
        versions.known_on
    from versions
    inner join deliveries
        on versions.result_id = deliveries.result_id and versions.batch_id = deliveries.batch_id
    inner join declarations
        on versions.importer_id = declarations.importer_id and versions.declaration_id = declarations.declaration_id
    left join following
        on versions.result_id = following.result_id and versions.version_no + 1 = following.version_no
)

select * from conduct
