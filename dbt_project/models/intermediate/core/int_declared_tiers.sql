{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['importer_id', 'known_on'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['importer_id', 'known_on'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        pre_hook="{{ look_up(each_by_index=true) }}",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- a condition that only some builds have is indented as the others are
-- noqa: disable=LT02

with

declarations as (
    select * from {{ ref('int_declarations') }}
    where
        importer_credit_tier is not null
        {%- if is_incremental() %}
        and recorded_at > {{ newest_recorded() }}
        {%- endif %}
),

-- the second and the rank in one number, so that its greatest value is the last word of the day; of two in one second
-- the worse tier counts
told as (
    select
        importer_id,
        known_on,
        max(
            extract(epoch from declared_at)::bigint * 8 + array_position({{ tier_codes() }}, importer_credit_tier)
        ) as last_told,
        max(recorded_at) as recorded_at
    from declarations
    group by importer_id, known_on
),

{% if is_incremental() %}
-- one to one or none: what was told earlier of the same day
merged as (
    select
        told.importer_id,
        told.known_on,
        greatest(told.last_told, stored.last_told) as last_told,
        told.recorded_at
    from told
    left join {{ this }} as stored using (importer_id, known_on)
),
{% else %}
merged as (select * from told),
{% endif %}

recorded as (
    select
        importer_id,
        known_on,
        ({{ tier_codes() }})[last_told % 8] as tier_code,
        last_told,
        recorded_at
    from merged
)

select * from recorded
