{{ config(materialized='view') }}

with

ratings as (select * from {{ ref('stg_credit_ratings') }}),

declared as (select * from {{ ref('int_declared_tiers') }}),

-- a version of a decision is what is known until the next version of it is
decided as (
    select
        subject_uscc as party_id,
        'register' as basis,
        rating_id as fact_id,
        tier_code,
        effective_from as starts_on,
        effective_to as ends_on,
        status = 'active' as is_active,
        known_on + 1 as known_from,
        lead(known_on + 1) over (
            partition by subject_uscc, rating_id
            order by known_at, batch_id, row_no
        ) as replaced_on,
        known_at
    from ratings
),

compared as (
    select
        *,
        lag(tier_code) over (partition by importer_id order by known_on) as earlier_tier_code
    from declared
),

-- what declarations carried, where it was something else than before; as every fact, it counts from the day after
carried as (
    select
        importer_id as party_id,
        'declared' as basis,
        importer_id || '|' || known_on as fact_id,
        tier_code,
        known_on + 1 as starts_on,
        null::date as ends_on,
        true as is_active,
        known_on + 1 as known_from,
        null::date as replaced_on,
        known_on::timestamp at time zone '{{ var("time_zone") }}' as known_at
    from compared
    where tier_code is distinct from earlier_tier_code
),

facts as (
    select * from decided
    union all
    select * from carried
)

select * from facts
