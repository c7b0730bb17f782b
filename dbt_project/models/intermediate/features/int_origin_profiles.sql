{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['profile_kind', 'profile_key', 'valid_from'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['profile_kind', 'profile_key', 'valid_from'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        post_hook="analyze {{ this }}"
    )
}}

-- the macro's loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

-- read by its indexes each time, rather than copied
signals as not materialized (select * from {{ ref('int_risk_signals') }}),

-- a signal counts once, when it is first told: what later versions say of it takes nothing back
facts as (
    select
        'origin' as profile_kind,
        signals.country as profile_key,
        signals.known_on,
        signals.recorded_at,
        1 as signals
    from signals
    where
        signals.mention_kind = 'commodity'
        and signals.is_adverse
        and signals.country is not null
        and not exists (
            select 1 from signals as earlier
            where
                earlier.signal_id = signals.signal_id
                and earlier.is_adverse
                and (earlier.known_at, earlier.batch_id, earlier.row_no)
                < (signals.known_at, signals.batch_id, signals.row_no)
        )
        {%- if is_incremental() %}
        and signals.known_on >= (
            select {{ earliest('arrived.known_on') }} from signals as arrived
            where arrived.recorded_at > {{ newest_recorded() }}
        )
        {%- endif %}
),

{{ advance_intervals(['signals']) }},

profiles as (
    select
        profile_kind,
        profile_key,
        valid_from,
        signals::bigint as signals,
        recorded_at
    from intervals
)

select * from profiles
