{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        indexes=[
            {'columns': ['importer_id', 'declaration_id'], 'unique': true},
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
    {{ new_batches('declarations') }}
),

declarations as (select * from {{ ref('stg_declarations') }}),

-- a declaration number counts once: its first version is the one that is assessed and decided; what was
-- corrected later is in int_declaration_corrections
first_versions as (
    select distinct on (declarations.declaration_id) declarations.*
    from declarations
    inner join batches using (batch_id)
    {%- if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as stored
            where stored.declaration_id = declarations.declaration_id
        )
    {%- endif %}
    order by declarations.declaration_id asc, declarations.known_at asc, declarations.batch_id asc
),

recorded as (
    select
        {%- for column in declared_columns() %}
        {{ column }},
        {%- endfor %}
        round(net_mass_kg, 1) as rounded_mass_kg,
        is_backfill,
        batch_id,
        row_no,
        known_at,
        known_on,
        now() as recorded_at
    from first_versions
)

select * from recorded
