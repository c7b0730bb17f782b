{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        indexes=[
            {'columns': ['act_id'], 'unique': true},
            {'columns': ['declaration_id']},
            {'columns': ['known_on']},
            {'columns': ['recorded_at']},
            {'columns': ['batch_id', 'row_no']},
        ],
        pre_hook="{{ look_up(each_by_index=true) }}"
    )
}}

with

batches as (
    {{ new_batches('enforcement_acts') }}
),

acts as (select * from {{ ref('stg_enforcement_acts') }}),

-- an act is told once; what its first delivery said stays
arrived as (
    {%- if is_incremental() %}
    select distinct on (acts.act_id) acts.*
    from acts
    where
        acts.{{ of_batches('batches') }}
        and not exists (
            select 1 from {{ this }} as stored
            where stored.act_id = acts.act_id
        )
    order by acts.act_id asc, acts.known_at asc, acts.batch_id asc
    {%- else %}
    select distinct on (acts.act_id) acts.*
    from acts
    where acts.{{ of_batches('batches') }}
    order by acts.act_id asc, acts.known_at asc, acts.batch_id asc
    {%- endif %}
),

recorded as (
    select
        act_id,
        act,
        declaration_id,
        instruction_id,
        office_code,
        officer_id,
        acted_at,
        released_at,
        hs6_before,
        hs6_after,
        tax_rate_before_pct,
        tax_rate_after_pct,
        value_before_cny,
        value_after_cny,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on,
        now() as recorded_at
    from arrived
)

select * from recorded
