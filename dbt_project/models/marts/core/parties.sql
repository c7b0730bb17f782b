with

subjects as (
    select * from {{ ref('int_subjects') }}
    where subject_kind = 'party'
),

roles as (select * from {{ ref('int_party_roles') }}),

tiers as (select * from {{ ref('party_credit_tiers') }}),

clock as (
    select {{ business_day(moment()) }} + 1 as as_of
),

-- many roles to one party
acted as (
    select
        party_id,
        array_agg(party_role order by party_role) as party_roles,
        min(first_known_on) as first_known_on,
        max(last_known_on) as last_known_on,
        coalesce(max(declarations) filter (where party_role = 'importer'), 0) as declarations_as_importer,
        coalesce(max(declarations) filter (where party_role = 'declarant'), 0) as declarations_as_declarant,
        coalesce(max(declarations) filter (where party_role = 'seller'), 0) as declarations_as_seller
    from roles
    group by party_id
),

-- at most one to one: what is in force after the newest known day, by all that is known
present_tiers as (
    select tiers.*
    from tiers
    cross join clock
    where {{ in_period('tiers', 'clock.as_of') }} and tiers.known_to is null
),

final as (
    select
        acted.party_id,
        acted.party_roles,
        subjects.subject_names[1] as party_name,
        coalesce(subjects.subject_names, array[]::text[]) as party_names,
        subjects.country,
        acted.first_known_on,
        acted.last_known_on,
        acted.declarations_as_importer,
        acted.declarations_as_declarant,
        acted.declarations_as_seller,
        present_tiers.tier_code,
        present_tiers.tier_rank,
        present_tiers.basis as tier_basis,
        present_tiers.valid_from as tier_valid_from
    from acted
    left join subjects on acted.party_id = subjects.subject_id
    left join present_tiers using (party_id)
)

select * from final
