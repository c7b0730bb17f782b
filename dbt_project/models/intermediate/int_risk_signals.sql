{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='batch_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['signal_id', 'known_at', 'batch_id']},
            {'columns': ['mention_id']},
            {'columns': ['event_key']},
            {'columns': ['recorded_at']},
            {'columns': ['batch_id']},
        ],
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- a loop writes one part per feed
-- noqa: disable=LT02

with

batches as (
    select * from {{ ref('int_batches') }}
    {%- if is_incremental() %}
    where recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

signals as (
    {%- for feed in signal_feeds() %}
    select {{ signal_columns() | join(', ') }}
    from {{ ref('signals_' ~ feed) }}
    where
        batch_id in (
            select batches.batch_id from batches
            where batches.feed = '{{ feed }}'
        )
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

named as (
    select
        *,
        array_remove(array_prepend(mention_name, mention_aliases), null) as mention_names,
        coalesce(mention_identifiers, array[]::text[]) as identifiers
    from signals
),

-- many signals to one batch; equal mentions have one mention_id, and are resolved once
recorded as (
    select
        {%- for column in signal_columns() %}
        named.{{ column }},
        {%- endfor %}
        {{ mention_id('named.mention_kind', 'named.mention_names', 'named.identifiers', 'named.country') }}
            as mention_id,
        batches.recorded_at
    from named
    inner join batches using (batch_id)
)

select * from recorded
