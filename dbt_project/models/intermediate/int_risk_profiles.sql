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
        sql_header="set local work_mem = '128MB';",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

inspections as (
    select * from {{ ref('int_inspections') }}
    {{- since_first_new(ref('int_inspections')) }}
),

declarations as (select * from {{ ref('int_declarations') }}),

-- many inspections to one declaration; each counts in every profile that its declaration belongs to
facts as (
    select
        profiles.profile_kind,
        profiles.profile_key,
        inspections.known_on,
        inspections.recorded_at,
        1 as inspections,
        inspections.has_finding::int as findings,
        inspections.additional_duty_cny as revenue_cny
    from inspections
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
        valid_to,
        inspections::bigint as inspections,
        findings::bigint as findings,
        revenue_cny,
        recorded_at
    from intervals
)

select * from profiles
