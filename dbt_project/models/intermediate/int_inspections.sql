{{ config(materialized='view') }}

with

versions as (select * from {{ ref('int_inspection_versions') }}),

latest as (
    select
        importer_id,
        declaration_id,
        result_id,
        instruction_id,
        office_code,
        officer_id,
        inspected_at,
        reported_at,
        selected_by,
        has_finding,
        finding_type,
        additional_duty_cny,
        officer_hours,
        version_no > 1 as is_corrected,
        is_backfill,
        batch_id,
        row_no,
        known_at,
        known_on,
        recorded_at
    from versions
    where is_latest
)

select * from latest
