{# FDA's industries, the first two digits of a product code, as prefixes of the Harmonized System and a risk domain. #}
{% set industries = {
    '02': ('11', 'food_safety'),
    '03': ('1905', 'food_safety'),
    '04': ('1902', 'food_safety'),
    '05': ('1904', 'food_safety'),
    '07': ('1905', 'food_safety'),
    '09': ('04', 'food_safety'),
    '12': ('0406', 'food_safety'),
    '13': ('2105', 'food_safety'),
    '15': ('0407', 'food_safety'),
    '16': ('03', 'food_safety'),
    '17': ('02', 'food_safety'),
    '18': ('2106', 'food_safety'),
    '20': ('08', 'food_safety'),
    '21': ('08', 'food_safety'),
    '22': ('08', 'food_safety'),
    '23': ('08', 'food_safety'),
    '24': ('07', 'food_safety'),
    '25': ('07', 'food_safety'),
    '26': ('15', 'food_safety'),
    '27': ('2103', 'food_safety'),
    '28': ('09', 'food_safety'),
    '29': ('2202', 'food_safety'),
    '31': ('09', 'food_safety'),
    '32': ('22', 'food_safety'),
    '33': ('17', 'food_safety'),
    '34': ('18', 'food_safety'),
    '36': ('17', 'food_safety'),
    '37': ('2106', 'food_safety'),
    '38': ('2104', 'food_safety'),
    '40': ('1901', 'food_safety'),
    '53': ('33', 'commodity_quality'),
    '54': ('2106', 'food_safety'),
} %}

with

refusals as (select * from {{ ref('stg_fda_import_refusals') }}),

industries (industry, hs, risk_domain) as (
    values
    {%- for industry, known in industries.items() %}
    ('{{ industry }}', '{{ known[0] }}', '{{ known[1] }}'){{ ',' if not loop.last }}
    {%- endfor %}
),

-- many refusals to one industry or none: drugs and devices have no prefix of their own here
about as (
    select
        refusals.*,
        industries.hs,
        coalesce(industries.risk_domain, 'commodity_quality') as risk_domain
    from refusals
    left join industries on left(refusals.product_code, 2) = industries.industry
),

signals as (
    select
        concat_ws(
            '|', 'fda_import_refusals',
            entry_no, document_no, entry_line_no, product_code, manufacturer_fei, refused_on
        ) as signal_id,
        'fda_import_refusals' as feed,
        4 as channel,
        risk_domain,
        'goods' as subject_type,
        'party' as mention_kind,
        coalesce(manufacturer_name, 'FEI ' || manufacturer_fei) as mention_name,
        '{}'::text[] as mention_aliases,
        array[manufacturer_fei] as mention_identifiers,
        origin_country as country,
        hs,
        coalesce(product_description, product_code) as title,
        -- a refusal after analysis rests on what was found, others on papers or on an alert
        case
            when is_sampled_by_fda then 'high'
            when refusal_charges like '%,%' then 'medium'
            else 'low'
        end as severity,
        true as is_adverse,
        'B' as reliability,
        'public' as confidentiality,
        refused_on as valid_from,
        null::date as valid_to,
        true as is_in_force,
        refused_on as happened_on,
        'refusal|US|' || entry_no || '|' || entry_line_no as event_key,
        null::text as legal_basis,
        concat_ws('/', 'FDA ' || entry_no, document_no, entry_line_no, line_suffix) as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from about
)

select * from signals
