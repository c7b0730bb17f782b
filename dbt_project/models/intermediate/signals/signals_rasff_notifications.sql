{# RASFF's categories of products, as prefixes of the Harmonized System. #}
{% set categories = {
    'meat and meat products (other than poultry)': ['0201', '0202', '0203', '0204', '0206', '1601', '1602'],
    'poultry meat and poultry meat products': ['0207'],
    'fish and fish products': ['0302', '0303', '0304', '0305', '1604'],
    'crustaceans and products thereof': ['0306'],
    'bivalve molluscs and products thereof': ['0307'],
    'cephalopods and products thereof': ['0307'],
    'milk and milk products': ['0401', '0402', '0404', '0405', '0406'],
    'eggs and egg products': ['0407', '0408'],
    'honey and royal jelly': ['0409'],
    'nuts, nut products and seeds': ['0801', '0802', '1202', '1207'],
    'fruits and vegetables': ['07', '0803', '0804', '0805', '0806', '0807', '0808', '0809', '0810', '2008'],
    'herbs and spices': ['0904', '0906', '0908', '0909', '0910'],
    'cocoa and cocoa preparations, coffee and tea': ['0901', '0902', '18'],
    'cereals and bakery products': ['10', '1101', '1102', '1905'],
    'fats and oils': ['1507', '1508', '1509', '1511', '1512', '1515'],
    'confectionery': ['1704'],
    'dietetic foods, food supplements and fortified foods': ['1901', '2106'],
    'soups, broths, sauces and condiments': ['2103', '2104'],
    'non-alcoholic beverages': ['2009', '2202'],
    'wine': ['2204'],
    'alcoholic beverages': ['2203', '2208'],
} %}

with

notifications as (select * from {{ ref('stg_rasff_notifications') }}),

categories (product_category, prefixes) as (
    values
    {%- for category, prefixes in categories.items() %}
    ('{{ category }}', '{{ "{" ~ prefixes | join(",") ~ "}" }}'::text[]){{ ',' if not loop.last }}
    {%- endfor %}
),

-- one notification to many origins, and to many prefixes of its category; none of either is one row
about as (
    select
        notifications.*,
        origins.origin ->> 'isoCode' as country,
        prefixes.hs
    from notifications
    left join lateral {{ json_items('notifications.origin_countries') }} as origins (origin) on true
    left join categories on categories.product_category = lower(notifications.product_category)
    left join lateral unnest(categories.prefixes) as prefixes (hs) on true
),

signals as (
    select
        concat_ws('|', 'rasff_notifications', notif_id, coalesce(country, '-'), coalesce(hs, '-')) as signal_id,
        'rasff_notifications' as feed,
        4 as channel,
        'food_safety' as risk_domain,
        'goods' as subject_type,
        'commodity' as mention_kind,
        coalesce(hs, product_category) as mention_name,
        array[product_category] as mention_aliases,
        array_remove(array[hs], null) as mention_identifiers,
        country,
        hs,
        notification_subject as title,
        case lower(risk_decision)
            when 'serious' then 'high'
            when 'potentially serious' then 'medium'
            when 'potential risk' then 'medium'
            when 'not serious' then 'low'
            when 'no risk' then 'low'
            else 'unknown'
        end as severity,
        lower(coalesce(risk_decision, '')) <> 'no risk' as is_adverse,
        'A' as reliability,
        'public' as confidentiality,
        {{ business_day('validated_at') }} as valid_from,
        null::date as valid_to,
        true as is_in_force,
        {{ business_day('validated_at') }} as happened_on,
        'rasff|' || notification_reference as event_key,
        'Regulation (EC) No 178/2002, Article 50' as legal_basis,
        'RASFF ' || notification_reference as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from about
)

select * from signals
