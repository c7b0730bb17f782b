{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        indexes=[
            {'columns': ['importer_id', 'declaration_id', 'result_id'], 'unique': true},
            {'columns': ['result_id']},
            {'columns': ['declaration_id']},
            {'columns': ['known_on']},
            {'columns': ['recorded_at']},
            {'columns': ['batch_id', 'row_no']},
        ],
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

with

batches as (
    {{ unfinished_batches('inspection_results') }}
),

results as (select * from {{ ref('stg_inspection_results') }}),

declarations as (select * from {{ ref('int_declarations') }}),

new_results as (
    select distinct on (results.result_id) results.*
    from results
    inner join batches using (batch_id)
    {%- if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as stored
            where stored.result_id = results.result_id
        )
    {%- endif %}
    order by results.result_id asc, results.known_at asc, results.row_no asc
),

-- many results to one declaration; a result whose declaration is not there yet waits for it,
-- and counts from the day on which both are known
inspections as (
    select
        declarations.importer_id,
        new_results.declaration_id,
        new_results.result_id,
        new_results.instruction_id,
        declarations.office_code,
        new_results.officer_id,
        new_results.inspected_at,
        new_results.reported_at,
        new_results.selected_by,
        new_results.has_finding,
        new_results.finding_type,
        new_results.additional_duty_cny,
        new_results.officer_hours,
        new_results.is_backfill,
        new_results.batch_id,
        new_results.row_no,
        greatest(new_results.known_at, declarations.known_at) as known_at,
        greatest(new_results.known_on, declarations.known_on) as known_on,
        now() as recorded_at
    from new_results
    inner join declarations using (declaration_id)
)

select * from inspections
