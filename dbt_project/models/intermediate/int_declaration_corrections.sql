{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='declaration_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['declaration_id'], 'unique': true},
            {'columns': ['recorded_at']},
        ]
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

declarations as (select * from {{ ref('stg_declarations') }}),

first_versions as (select * from {{ ref('int_declarations') }}),

corrected as (
    select distinct declarations.declaration_id
    from declarations
    inner join batches using (batch_id)
    inner join first_versions using (declaration_id)
    where first_versions.batch_id <> declarations.batch_id
),

latest as (
    select distinct on (declarations.declaration_id) declarations.*
    from declarations
    inner join corrected using (declaration_id)
    order by declarations.declaration_id asc, declarations.known_at desc, declarations.batch_id desc
),

recorded as (
    select
        {%- for column in declared_columns() %}
        latest.{{ column }},
        {%- endfor %}
        latest.batch_id,
        latest.row_no,
        latest.known_at,
        latest.known_on,
        now() as recorded_at
    from latest
    inner join first_versions using (declaration_id)
    where first_versions.batch_id <> latest.batch_id
)

select * from recorded
