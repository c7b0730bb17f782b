{{ config(materialized='view') }}

with

declarations as (select * from {{ ref('stg_declarations') }}),

first_versions as (select * from {{ ref('int_declarations') }}),

-- one declaration to its versions: the one that was assessed, and its corrections
versions as (
    select
        {%- for column in declared_columns() %}
        declarations.{{ column }},
        {%- endfor %}
        round(declarations.net_mass_kg, 1) as rounded_mass_kg,
        {{ licence_count('declarations.licences') }} as licence_count,
        declarations.batch_id = first_versions.batch_id as is_first,
        declarations.batch_id,
        declarations.row_no,
        declarations.known_at,
        declarations.known_on,
        first_versions.known_on as assessed_on,
        first_versions.is_backfill,
        first_versions.recorded_at
    from declarations
    inner join first_versions using (declaration_id)
)

select * from versions
