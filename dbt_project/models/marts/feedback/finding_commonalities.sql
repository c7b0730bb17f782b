{#
    A table, made anew each day: thousands of candidates are judged against each other, at the same cost however
    seldom anybody looks, and the window of 180 days bounds that cost whatever the history.
#}

-- the loop writes the lines whose indent a linter would judge
-- noqa: disable=LT02

-- what findings may share: the parts of its key, and its name in both languages
{%- set kinds = {
    'importer': {'parts': ['importer_id'], 'en': 'importer', 'zh': '进口人'},
    'declarant': {'parts': ['declarant_id'], 'en': 'declarant', 'zh': '申报单位'},
    'seller': {'parts': ['seller_id'], 'en': 'seller', 'zh': '境外卖方'},
    'hs6': {'parts': ['hs6'], 'en': 'commodity', 'zh': '商品'},
    'origin': {'parts': ['origin_country'], 'en': 'origin', 'zh': '原产地'},
    'departure': {'parts': ['departure_country'], 'en': 'country of departure', 'zh': '启运国'},
    'office': {'parts': ['office_code'], 'en': 'customs office', 'zh': '申报海关'},
    'transport_mode': {'parts': ['transport_mode'], 'en': 'mode of transport', 'zh': '运输方式'},
    'departure_origin': {'parts': ['departure_country', 'origin_country'], 'en': 'departure and origin', 'zh': '启运国与原产地'},
    'route': {'parts': risk_profile_keys()['route'], 'en': 'commodity and route', 'zh': '商品与航线'},
    'hs6_origin': {'parts': ['hs6', 'origin_country'], 'en': 'commodity and origin', 'zh': '商品与原产地'},
    'importer_hs6': {'parts': ['importer_id', 'hs6'], 'en': 'importer and commodity', 'zh': '进口人与商品'},
    'importer_origin': {'parts': ['importer_id', 'origin_country'], 'en': 'importer and origin', 'zh': '进口人与原产地'},
    'importer_declarant': {'parts': ['importer_id', 'declarant_id'], 'en': 'importer and declarant', 'zh': '进口人与申报单位'},
    'seller_importer': {'parts': ['seller_id', 'importer_id'], 'en': 'seller and importer', 'zh': '境外卖方与进口人'},
    'seller_hs6': {'parts': ['seller_id', 'hs6'], 'en': 'seller and commodity', 'zh': '境外卖方与商品'},
    'declarant_hs6': {'parts': ['declarant_id', 'hs6'], 'en': 'declarant and commodity', 'zh': '申报单位与商品'},
    'office_origin': {'parts': ['office_code', 'origin_country'], 'en': 'customs office and origin', 'zh': '申报海关与原产地'},
    'office_declarant': {'parts': ['office_code', 'declarant_id'], 'en': 'customs office and declarant', 'zh': '申报海关与申报单位'},
} %}

with

-- named twice, and still read by its indexes
inspections as not materialized (select * from {{ ref('int_inspections') }}),

declarations as (select * from {{ ref('int_declarations') }}),

newest as (select max(known_on) as known_on from inspections),

-- several results of one declaration count together
results as (
    select
        inspections.importer_id,
        inspections.declaration_id,
        bool_or(inspections.has_finding) as has_finding,
        max(inspections.known_on) as result_known_on
    from inspections
    where inspections.known_on > (select newest.known_on - 180 from newest)
    group by inspections.importer_id, inspections.declaration_id
),

-- one to one
inspected as (
    select
        results.has_finding,
        results.result_known_on,
        declarations.*
    from results
    inner join declarations using (importer_id, declaration_id)
),

totals as (
    select
        count(*) as inspections,
        count(*) filter (where has_finding) as findings
    from inspected
),

kinds (attribute, parts, name_en, name_zh) as (
    values
    {%- for kind, told in kinds.items() %}
    ('{{ kind }}', {{ told.parts | length }}, '{{ told.en }}', '{{ told.zh }}'){{ ',' if not loop.last }}
    {%- endfor %}
),

-- one inspection to each thing that it may share with others; what is not told is shared with nobody
shared as (
    select
        inspected.declaration_id,
        inspected.result_known_on,
        inspected.has_finding,
        attributes.attribute,
        attributes.attribute_value
    from inspected
    cross join lateral (
        values
        {%- for kind, told in kinds.items() %}
        ('{{ kind }}', {{ profile_key(told.parts, 'inspected') }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as attributes (attribute, attribute_value)
    where attributes.attribute_value is not null
),

-- what is judged is chosen by inspections alone: what was found must not decide what is looked at
counted as (
    select
        attribute,
        attribute_value,
        count(*) as inspections,
        count(*) filter (where has_finding) as findings,
        bit_xor(hashtextextended(declaration_id, 0)) as fingerprint
    from shared
    group by attribute, attribute_value
    having count(*) >= 5
),

found as (
    select
        attribute,
        attribute_value,
        (array_agg(declaration_id order by result_known_on desc, declaration_id asc))[1:5] as examples
    from shared
    where has_finding
    group by attribute, attribute_value
),

-- a pair that comes up in the same inspections as one of its parts says nothing more
told_once as (
    select
        counted.*,
        kinds.parts,
        kinds.name_en,
        kinds.name_zh,
        min(kinds.parts) over (partition by counted.fingerprint, counted.inspections) as fewest_parts
    from counted
    inner join kinds using (attribute)
),

candidates as (
    select
        told_once.*,
        totals.inspections as all_inspections,
        totals.findings as all_findings
    from told_once
    cross join totals
    where told_once.parts = told_once.fewest_parts
),

-- Fisher's exact test, one-sided: the chance of so many findings or more among so many of the inspections, had they
-- been drawn blindly. lgamma(n + 1) is the logarithm of n factorial; what is too small to be told is next to nothing
tested as (
    select
        candidates.*,
        least(tail.probability, 1) as p_value
    from candidates
    cross join lateral (
        select
            sum(exp(greatest(
                lgamma(candidates.inspections + 1) + lgamma(candidates.all_inspections - candidates.inspections + 1)
                + lgamma(candidates.all_findings + 1)
                + lgamma(candidates.all_inspections - candidates.all_findings + 1)
                - lgamma(candidates.all_inspections + 1)
                - lgamma(hits.n + 1) - lgamma(candidates.inspections - hits.n + 1)
                - lgamma(candidates.all_findings - hits.n + 1)
                - lgamma(
                    candidates.all_inspections - candidates.inspections - candidates.all_findings + hits.n + 1
                ),
                -700
            ))) as probability
        from generate_series(
            candidates.findings, least(candidates.inspections, candidates.all_findings)
        ) as hits (n)
    ) as tail
),

ranked as (
    select
        *,
        p_value * count(*) over () / row_number() over (order by p_value) as step_up
    from tested
),

-- Benjamini and Hochberg 1995: of what is called significant, no more than this share is expected to be chance
controlled as (
    select
        *,
        min(step_up) over (order by p_value desc) as q_value,
        all_findings::float8 / all_inspections as overall_rate
    from ranked
),

-- one to one. What a single finding has is shared with no other
measured as (
    select
        controlled.*,
        found.examples,
        {{ smoothed('controlled.findings', 'controlled.inspections', 'controlled.overall_rate') }}
        / controlled.overall_rate as lift,
        controlled.findings::float8 / controlled.all_findings as share_of_findings,
        replace(controlled.attribute_value, '|', ' × ') as shown_value
    from controlled
    inner join found using (attribute, attribute_value)
    where controlled.findings >= 2
),

final as (
    select
        attribute,
        attribute_value,
        inspections,
        findings,
        all_inspections,
        all_findings,
        lift,
        p_value,
        q_value,
        q_value <= 0.05 as is_significant,
        share_of_findings,
        findings - inspections * overall_rate as excess_findings,
        examples,
        format(
            'of %s findings in 180 days, %s share one %s (%s): %s of its %s inspections, %s times the overall rate',
            all_findings, findings, name_en, shown_value, findings, inspections, round(lift::numeric, 1)
        ) as words_en,
        format(
            '近180天%s起查获中，%s起同属一%s（%s）：%s次查验查获%s起，为总体查获率的%s倍',
            all_findings, findings, name_zh, shown_value, inspections, findings, round(lift::numeric, 1)
        ) as words_zh
    from measured
)

select * from final
