{# What CPSC names in words, as headings of the Harmonized System: the first pattern that fits counts. #}
{% set products = [
    ('game console|video game', '9504'),
    ('\mtoys?\M|\mdolls?\M|plush|rattle', '9503'),
    ('helmet', '6506'),
    ('power bank|batter', '8507'),
    ('charger|power supply|adapter', '8504'),
    ('earphone|headphone|earbud|speaker', '8518'),
    ('\mfans?\M|compressor', '8414'),
    ('bicycle|\mbikes?\M', '8712'),
    ('stroller|chair|\mseats?\M|rocker', '9401'),
    ('dresser|\mbeds?\M|\mtables?\M|crib|furniture|cabinet', '9403'),
    ('sweatshirt|hood|sweater', '6110'),
    ('pajama|nightgown|robe', '6108'),
    ('t-shirt|\mshirts?\M', '6109'),
    ('detergent|cleaner', '3402'),
    ('cosmetic|makeup|sunscreen|minoxidil', '3304'),
    ('phone', '8517'),
    ('laptop|tablet|computer', '8471'),
    ('tire', '4011'),
] %}

with

-- read three times, and still only for the deliveries that are asked for
recalls as not materialized (select * from {{ ref('stg_cpsc_recalls') }}),

country_names as (select * from {{ ref('country_names') }}),

-- one recall to many countries of manufacture; a firm whose name says none is of the only one there is
countries as (
    select
        recalls.batch_id,
        recalls.row_no,
        case when count(distinct country_names.country) = 1 then min(country_names.country) end as only_country,
        array_agg(distinct country_names.country) as countries
    from recalls
    cross join lateral {{ json_items('recalls.manufacturer_countries') }} as made_in (place)
    inner join country_names on lower(country_names.country_name) = lower(trim(made_in.place ->> 'Country'))
    group by recalls.batch_id, recalls.row_no
),

-- one recall to many firms: "Maker Co. Ltd., of Vietnam"
firms as (
    select
        recalls.*,
        'party' as mention_kind,
        trim(regexp_replace(makers.maker ->> 'Name', ',?\s+of\s+[^,]+(,[^,]+)?$', '')) as mention_name,
        coalesce(named.country, countries.only_country) as country,
        null::text as hs
    from recalls
    cross join lateral {{ json_items('recalls.manufacturers') }} as makers (maker)
    left join countries using (batch_id, row_no)
    left join country_names as named
        on lower(named.country_name) = lower(trim(substring(makers.maker ->> 'Name' from '\mof\s+(?:.*,\s*)?([^,]+)$')))
    where trim(coalesce(makers.maker ->> 'Name', '')) <> ''
),

-- one recall to many products, each from every country of manufacture
products as (
    select
        recalls.*,
        'commodity' as mention_kind,
        listed.product ->> 'Name' as mention_name,
        origins.country,
        case
            {%- for pattern, heading in products %}
            when listed.product ->> 'Name' ~* '{{ pattern }}' then '{{ heading }}'
            {%- endfor %}
        end as hs
    from recalls
    cross join lateral {{ json_items('recalls.products') }} as listed (product)
    left join countries using (batch_id, row_no)
    left join lateral unnest(countries.countries) as origins (country) on true
    where trim(coalesce(listed.product ->> 'Name', '')) <> ''
),

mentions as (
    select * from firms
    union all
    select * from products
),

signals as (
    select
        concat_ws('|', 'cpsc_recalls', recall_id, mention_kind, coalesce(country, '-'), md5(lower(mention_name)))
            as signal_id,
        'cpsc_recalls' as feed,
        4 as channel,
        'commodity_quality' as risk_domain,
        'goods' as subject_type,
        mention_kind,
        mention_name,
        '{}'::text[] as mention_aliases,
        array_remove(array[hs], null) as mention_identifiers,
        country,
        hs,
        title,
        case
            when hazards::text ~* 'death|suffocat|strangl|fire|ignite|explo|choking|electrocut' then 'high'
            when hazards::text ~* 'burn|shock|fall|lead|lacerat|flammab|impact|tip-over' then 'medium'
            else 'unknown'
        end as severity,
        true as is_adverse,
        'A' as reliability,
        'public' as confidentiality,
        recalled_on as valid_from,
        null::date as valid_to,
        true as is_in_force,
        recalled_on as happened_on,
        'recall|US|' || recall_number as event_key,
        'Consumer Product Safety Act, Section 15' as legal_basis,
        coalesce(page_url, 'CPSC ' || recall_number) as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from mentions
)

select distinct on (signal_id, batch_id, row_no) * from signals
order by signal_id, batch_id, row_no
