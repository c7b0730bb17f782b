{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='declaration_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['declaration_id'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        pre_hook="{{ look_up(each_by_index=true) }}"
    )
}}

with

arrived as (
    {{ new_batches('declarations') }}
),

-- the ledger knows which deliveries correct anything: the others need not be looked at
batches as (
    select * from {{ ref('int_batches') }}
    where corrected > 0 and batch_id in (select arrived.batch_id from arrived)
),

-- one to one: what is assessed, of which another version has come
corrected as (
    select
        first_versions.declaration_id,
        first_versions.batch_id as first_batch_id
    from {{ ref('stg_declarations') }} as declarations
    inner join {{ ref('int_declarations') }} as first_versions using (declaration_id)
    where declarations.{{ of_batches('batches') }} and first_versions.batch_id <> declarations.batch_id
    group by first_versions.declaration_id, first_versions.batch_id
),

-- one declaration to its versions, of which the latest is kept
latest as (
    select distinct on (declarations.declaration_id)
        declarations.*,
        corrected.first_batch_id
    from corrected
    {{ probe(ref('stg_declarations'), 'declaration_id', 'corrected.declaration_id') }} as declarations
    order by declarations.declaration_id asc, declarations.known_at desc, declarations.batch_id desc
),

recorded as (
    select
        {%- for column in declared_columns() %}
        {{ column }},
        {%- endfor %}
        batch_id,
        row_no,
        known_at,
        known_on,
        now() as recorded_at
    from latest
    where batch_id <> first_batch_id
)

select * from recorded
