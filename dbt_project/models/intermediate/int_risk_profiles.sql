{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['profile_kind', 'profile_key', 'valid_from'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['profile_key', 'profile_kind', 'valid_from'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        pre_hook="{{ look_up(\"set local work_mem = '256MB'; set local enable_hashagg = off;\") }}",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- sums by sorting: the intervals need the same order anyway, and almost every fact has a key of its own

-- loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

{% if is_incremental() %}
new_days as (
    select {{ earliest('known_on') }} as first_day
    from {{ ref('int_inspection_versions') }}
    where recorded_at > {{ newest_recorded() }}
    union all
    select {{ earliest('superseded_on') }} as first_day
    from {{ ref('int_inspection_versions') }}
    where superseded_recorded_at > {{ newest_recorded() }}
),

inspections as (
    select * from {{ ref('int_inspection_versions') }}
    where
        known_on >= (select min(new_days.first_day) from new_days)
        or superseded_on >= (select min(new_days.first_day) from new_days)
),
{% else %}
inspections as (select * from {{ ref('int_inspection_versions') }}),
{% endif %}

-- a version counts from the day it was known; a correction takes it back on the day the correction was known,
-- so that every interval before stays as it was
measures as (
    select
        importer_id,
        declaration_id,
        known_on,
        recorded_at,
        1 as inspections,
        has_finding::int as findings,
        additional_duty_cny as revenue_cny
    from inspections
    union all
    select
        importer_id,
        declaration_id,
        superseded_on as known_on,
        superseded_recorded_at as recorded_at,
        -1 as inspections,
        -has_finding::int as findings,
        -additional_duty_cny as revenue_cny
    from inspections
    where superseded_on is not null
),

declarations as (select * from {{ ref('int_declarations') }}),

-- many measures to one declaration; each counts in every profile that its declaration belongs to
facts as (
    select
        {{ profile_columns('profiles') }},
        measures.known_on,
        measures.recorded_at,
        measures.inspections,
        measures.findings,
        measures.revenue_cny
    from measures
    inner join declarations using (importer_id, declaration_id)
    cross join lateral (
        values
        ('all', 'all')
        {%- for kind, parts in risk_profile_keys().items() %},
        ('{{ kind }}', {{ profile_key(parts, 'declarations') }})
        {%- endfor %}
    ) as profiles (profile_kind, profile_key)
    where profiles.profile_key is not null
),

{{ advance_intervals(['inspections', 'findings', 'revenue_cny']) }},

profiles as (
    select
        profile_kind,
        profile_key,
        valid_from,
        inspections::bigint as inspections,
        findings::bigint as findings,
        revenue_cny,
        recorded_at
    from intervals
)

select * from profiles
