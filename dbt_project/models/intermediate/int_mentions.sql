{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        indexes=[
            {'columns': ['mention_id'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

with

signals as (select * from {{ ref('int_risk_signals') }}),

-- many signals to one mention
mentions as (
    select distinct on (mention_id)
        mention_id,
        mention_kind,
        array_remove(array_prepend(mention_name, mention_aliases), null) as mention_names,
        coalesce(mention_identifiers, array[]::text[]) as mention_identifiers,
        country,
        recorded_at
    from signals
    {%- if is_incremental() %}
    where
        recorded_at > {{ newest_recorded() }}
        and not exists (
            select 1 from {{ this }} as stored
            where stored.mention_id = signals.mention_id
        )
    {%- endif %}
    order by mention_id asc, recorded_at asc
)

select * from mentions
