{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        indexes=[
            {'columns': ['declaration_id', 'importer_id'], 'unique': true},
            {'columns': ['importer_id']},
            {'columns': ['known_on']},
            {'columns': ['recorded_at']},
            {'columns': ['batch_id', 'row_no']},
        ],
        pre_hook="{{ look_up(\"set local work_mem = '256MB';\", each_by_index=true) }}",
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
    {%- if is_incremental() %}
    select distinct on (declarations.declaration_id) declarations.*
    from declarations
    where
        declarations.{{ of_batches('batches') }}
        and not exists (
            select 1 from {{ this }} as stored
            where stored.declaration_id = declarations.declaration_id
        )
    order by declarations.declaration_id asc, declarations.known_at asc, declarations.batch_id asc
    {%- else %}
    -- the same, without putting a whole history in order
    select declarations.*
    from declarations
    where
        declarations.{{ of_batches('batches') }}
        and not exists (
            select 1 from {{ ref('stg_declarations') }} as versions
            where
                versions.declaration_id = declarations.declaration_id
                and (versions.known_at, versions.batch_id) < (declarations.known_at, declarations.batch_id)
        )
    {%- endif %}
),

recorded as (
    select
        {%- for column in declared_columns() %}
        {{ column }},
        {%- endfor %}
        round(net_mass_kg, 1) as rounded_mass_kg,
        {{ licence_count('licences') }} as licence_count,
        is_backfill,
        batch_id,
        row_no,
        known_at,
        known_on,
        now() as recorded_at
    from first_versions
)

select * from recorded
