{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['profile_kind', 'profile_key'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['profile_key', 'profile_kind', 'valid_from'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        sql_header="set local enable_nestloop = off;",
        post_hook="analyze {{ this }}"
    )
}}

-- no nested loops: the planner cannot know how many rows the steps below leave, takes them for one, and would
-- compare every signal with every version

with

all_signals as (select * from {{ ref('int_signals') }}),

{% if is_incremental() %}
new_signals as (
    select distinct
        profile_kind,
        signal_key
    from all_signals
    where recorded_at > {{ newest_recorded() }}
),

-- the keys that a new version names, and those that only an earlier version named
touched as (
    select distinct
        all_signals.profile_kind,
        all_signals.profile_key
    from all_signals
    inner join new_signals using (profile_kind, signal_key)
    where all_signals.profile_key is not null
),

related as (
    select distinct
        all_signals.profile_kind,
        all_signals.signal_key
    from all_signals
    inner join touched using (profile_kind, profile_key)
),

-- every version of every signal that bears on a touched key: these few keys are computed anew
signals as (
    select all_signals.*
    from all_signals
    inner join related using (profile_kind, signal_key)
),
{% else %}
signals as (select * from all_signals),
{% endif %}

versions as (
    select distinct
        profile_kind,
        signal_key,
        known_at,
        batch_id,
        row_no
    from signals
),

-- a version counts from the day after it was known until the day after the next one was
superseded as (
    select
        profile_kind,
        signal_key,
        batch_id,
        row_no,
        lead({{ business_day('known_at') }} + 1) over (
            partition by profile_kind, signal_key
            order by known_at, batch_id, row_no
        ) as superseded_on
    from versions
),

-- many rows (one per key) to one version
episodes as (
    select
        {{ profile_columns('signals') }},
        signals.is_adverse,
        signals.recorded_at,
        greatest(signals.known_on + 1, signals.in_force_from) as starts_on,
        least(superseded.superseded_on, signals.in_force_to + 1) as ends_on,
        signals.known_on + 1 as known_from,
        signals.is_in_force
    from signals
    inner join superseded using (profile_kind, signal_key, batch_id, row_no)
    {%- if is_incremental() %}
    inner join touched using (profile_kind, profile_key)
    {%- else %}
    where signals.profile_key is not null
    {%- endif %}
),

effective as (
    select * from episodes
    where is_in_force and (ends_on is null or starts_on < ends_on)
),

changes as (
    select
        profile_kind,
        profile_key,
        starts_on as valid_from,
        1 as signals,
        is_adverse::int as adverse_signals
    from effective
    union all
    select
        profile_kind,
        profile_key,
        ends_on as valid_from,
        -1 as signals,
        -is_adverse::int as adverse_signals
    from effective
    where ends_on is not null
    union all
    -- the key's first day of all, so that a withdrawn future notice leaves nothing behind
    select
        profile_kind,
        profile_key,
        min(known_from) as valid_from,
        0 as signals,
        0 as adverse_signals
    from episodes
    group by profile_kind, profile_key
),

daily as (
    select
        profile_kind,
        profile_key,
        valid_from,
        sum(signals) as signals,
        sum(adverse_signals) as adverse_signals
    from changes
    group by profile_kind, profile_key, valid_from
),

newest as (
    select
        profile_kind,
        profile_key,
        max(recorded_at) as recorded_at
    from episodes
    group by profile_kind, profile_key
),

profiles as (
    select
        daily.profile_kind,
        daily.profile_key,
        daily.valid_from,
        lead(daily.valid_from) over by_day as valid_to,
        (sum(daily.signals) over by_day)::bigint as signals,
        (sum(daily.adverse_signals) over by_day)::bigint as adverse_signals,
        newest.recorded_at
    from daily
    inner join newest using (profile_kind, profile_key)
    window by_day as (partition by daily.profile_kind, daily.profile_key order by daily.valid_from)
)

select * from profiles
