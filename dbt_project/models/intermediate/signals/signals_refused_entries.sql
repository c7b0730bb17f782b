with

refusals as (select * from {{ ref('stg_refused_entries') }}),

-- one refusal to the goods, the importer and the manufacturer that it names
mentions as (
    select
        refusals.*,
        'commodity' as mention_kind,
        refusals.hs6 as mention_name,
        array[refusals.hs6] as mention_identifiers,
        refusals.origin_country as country,
        refusals.hs6 as hs
    from refusals
    union all
    select
        refusals.*,
        'party' as mention_kind,
        refusals.importer_name as mention_name,
        array_remove(array[refusals.importer_registration_no], null) as mention_identifiers,
        'CN' as country,
        refusals.hs6 as hs
    from refusals
    where refusals.importer_name is not null
    union all
    select
        refusals.*,
        'party' as mention_kind,
        refusals.manufacturer_name as mention_name,
        '{}'::text[] as mention_identifiers,
        refusals.origin_country as country,
        refusals.hs6 as hs
    from refusals
    where refusals.manufacturer_name is not null
),

signals as (
    select
        concat_ws(
            '|', 'refused_entries', application_no, hs_code, md5(goods_name), mention_kind, country, md5(mention_name)
        ) as signal_id,
        'refused_entries' as feed,
        4 as channel,
        case
            when refusal_reason ~ '有害生物|动植物检疫|疫区|检疫性' then 'biosecurity'
            when left(hs6, 2) <= '24' then 'food_safety'
            else 'commodity_quality'
        end as risk_domain,
        'goods' as subject_type,
        mention_kind,
        mention_name,
        '{}'::text[] as mention_aliases,
        mention_identifiers,
        country,
        hs,
        concat_ws(' ', goods_name, refusal_reason) as title,
        -- what can make ill weighs more than papers
        case
            when refusal_reason ~ '致病|沙门|李斯特|检出|农药|兽药|超标|毒素|重金属|疫区|有害生物' then 'high'
            when refusal_reason ~ '标签|证书|货证不符|未获准入|未按要求' then 'low'
            else 'medium'
        end as severity,
        true as is_adverse,
        'A' as reliability,
        'public' as confidentiality,
        {{ business_day('published_at') }} as valid_from,
        null::date as valid_to,
        true as is_in_force,
        {{ business_day('published_at') }} as happened_on,
        null::text as event_key,
        null::text as legal_basis,
        '报检单号 ' || application_no as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from mentions
)

select * from signals
