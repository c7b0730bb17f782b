{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['profile_kind', 'profile_key', 'valid_from'],
        on_schema_change='append_new_columns',
        indexes=[
            {'columns': ['profile_key', 'valid_from']},
            {'columns': ['recorded_at']},
        ],
        pre_hook=[
            "{{ look_up(\"set local work_mem = '256MB'; set local enable_hashagg = off;\") }}",
            "{% if is_incremental() %}alter table {{ this }} add column if not exists licensed bigint{% endif %}",
        ],
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- hardly a key is of two kinds, so the index goes without the kind: a quarter less of what a new day is spread over.
-- That kind, key and day are there once is tested

-- only these kinds are compared with by price and mass
{%- set priced_kinds = ['importer_hs6', 'hs6_origin'] %}

-- sums by sorting: the intervals need the same order anyway, and almost every fact has a key of its own

-- loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

-- logarithms as exact decimals: their sums are the same in whatever order they are added
declarations as (
    select
        *,
        round(ln(declared_value_cny / net_mass_kg), 6) as log_unit_value,
        round(ln(net_mass_kg), 6) as log_mass
    from {{ ref('int_declarations') }}
    {{- since_first_new(ref('int_declarations')) }}
),

facts as (
    select
        {{ profile_columns('profiles') }},
        declarations.known_on,
        declarations.recorded_at,
        1 as declarations,
        case when profiles.is_priced then declarations.log_unit_value end as log_unit_value_sum,
        case when profiles.is_priced then declarations.log_unit_value ^ 2 end as log_unit_value_square_sum,
        case when profiles.is_priced then declarations.log_mass end as log_mass_sum,
        case when profiles.is_priced then declarations.log_mass ^ 2 end as log_mass_square_sum,
        case when profiles.is_priced then (declarations.licence_count > 0)::int end as licensed
    from declarations
    cross join lateral (
        values
        {%- for kind, parts in activity_profile_keys().items() %}
        ('{{ kind }}', {{ profile_key(parts, 'declarations') }}, {{ kind in priced_kinds }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as profiles (profile_kind, profile_key, is_priced)
    where profiles.profile_key is not null
),

{{ advance_intervals([
    'declarations', 'log_unit_value_sum', 'log_unit_value_square_sum', 'log_mass_sum', 'log_mass_square_sum',
    'licensed',
]) }},

profiles as (
    select
        profile_kind,
        profile_key,
        valid_from,
        declarations::bigint as declarations,
        log_unit_value_sum,
        log_unit_value_square_sum,
        log_mass_sum,
        log_mass_square_sum,
        licensed::bigint as licensed,
        recorded_at
    from intervals
)

select * from profiles
