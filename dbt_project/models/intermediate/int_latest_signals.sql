{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='signal_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['signal_id'], 'unique': true},
            {'columns': ['mention_id']},
            {'columns': ['event_key']},
            {'columns': ['recorded_at']},
        ],
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- a loop writes the columns
-- noqa: disable=LT02

with

-- every version of the signals that have a new one
versions as (
    select * from {{ ref('int_risk_signals') }}
    {%- if is_incremental() %}
    where signal_id in (
        select arrived.signal_id from {{ ref('int_risk_signals') }} as arrived
        where arrived.recorded_at > {{ newest_recorded() }}
    )
    {%- endif %}
),

counted as (
    select
        *,
        row_number() over (partition by signal_id order by known_at desc, batch_id desc, row_no desc) as newest_first,
        min(known_at) over (partition by signal_id) as first_known_at,
        count(*) over (partition by signal_id) as versions,
        max(recorded_at) over (partition by signal_id) as last_recorded_at
    from versions
),

latest as (
    select
        {%- for column in signal_columns() %}
        {{ column }},
        {%- endfor %}
        mention_id,
        first_known_at,
        versions,
        last_recorded_at as recorded_at
    from counted
    where newest_first = 1
)

select * from latest
