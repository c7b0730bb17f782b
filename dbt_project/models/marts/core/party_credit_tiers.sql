with

tiers as (select * from {{ ref('int_credit_tiers') }}),

schemes as (select * from {{ ref('credit_tier_schemes') }}),

-- one tier to the orders that were in force meanwhile: each reads it as one of its own
final as (
    select
        tiers.party_id,
        greatest(tiers.valid_from, schemes.valid_from) as valid_from,
        least(tiers.valid_to, schemes.valid_to) as valid_to,
        tiers.known_from,
        tiers.known_to,
        schemes.tier_code,
        schemes.tier_rank,
        schemes.order_no,
        schemes.name_en as tier_name_en,
        schemes.name_zh as tier_name_zh,
        tiers.tier_code as told_tier_code,
        tiers.basis,
        tiers.fact_id
    from tiers
    inner join schemes
        on
            tiers.tier_code = any(string_to_array(schemes.told_as, ';'))
            and coalesce(tiers.valid_to, 'infinity') >= schemes.valid_from
            and coalesce(schemes.valid_to, 'infinity') >= tiers.valid_from
)

select * from final
