{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='batch_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['profile_kind', 'signal_key']},
            {'columns': ['profile_kind', 'profile_key']},
            {'columns': ['recorded_at']},
            {'columns': ['batch_id', 'row_no']},
        ],
        post_hook="analyze {{ this }}"
    )
}}

with

batches as (
    {{ new_batches('monitoring_samples') }}
    union all
    {{ new_batches('enterprise_status') }}
    union all
    {{ new_batches('watch_list') }}
),

-- a sample stands for ever
monitoring as (
    select
        'monitoring' as profile_kind,
        sample_id as signal_key,
        hs6 || '|' || origin_country as profile_key,
        null::date as in_force_from,
        null::date as in_force_to,
        not is_compliant as is_adverse,
        true as is_in_force,
        batch_id,
        row_no,
        known_at,
        known_on
    from {{ ref('stg_monitoring_samples') }}
),

-- a notice holds from the day it names to the day it names, or until it is withdrawn
notices as (
    select
        'government_notice' as profile_kind,
        concat_ws('|', agency, msg_type, subject_uscc, ref_no) as signal_key,
        subject_uscc as profile_key,
        valid_from as in_force_from,
        valid_to as in_force_to,
        true as is_adverse,
        status = 'active' as is_in_force,
        batch_id,
        row_no,
        known_at,
        known_on
    from {{ ref('stg_enterprise_status') }}
),

-- one listed entity to many identifiers; an entity without one still replaces its earlier version
listed as (
    select
        'watch_list' as profile_kind,
        entities.entity_id as signal_key,
        nullif(trim(identifiers.identifier), '') as profile_key,
        null::date as in_force_from,
        null::date as in_force_to,
        true as is_adverse,
        true as is_in_force,
        entities.batch_id,
        entities.row_no,
        entities.known_at,
        entities.known_on
    from {{ ref('stg_watch_list') }} as entities
    left join lateral string_to_table(entities.identifiers, ';') as identifiers (identifier) on true
),

signals as (
    select * from monitoring
    union all
    select * from notices
    union all
    select * from listed
),

recorded as (
    select
        *,
        now() as recorded_at
    from signals
    where {{ of_batches('batches') }}
)

select * from recorded
