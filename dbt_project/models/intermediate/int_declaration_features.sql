{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[
            {'columns': ['known_on']},
            {'columns': ['recorded_at']},
        ],
        pre_hook="{{ look_up(\"set local work_mem = '64MB';\") }}",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- the macro's loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

declarations as (
    select
        *,
        {{ log_measures() }}
    from {{ ref('int_declarations') }}
    {%- if is_incremental() %}
    where {{ not_stored_yet() }}
    {%- endif %}
    -- goods of one kind follow each other: most of what is looked up for the next is at hand already
    order by hs6, origin_country, known_on
),

{{ declaration_features('declarations', 'declarations.known_on') }}

select * from features
