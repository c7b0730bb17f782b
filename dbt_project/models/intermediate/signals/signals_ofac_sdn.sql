{% set kinds = 'IMO|MMSI|\\(USCC\\)|LEI|Registration (?:Number|ID)|Passport|National ID No\\.|Tax ID No\\.' %}
{% set numbers_told = '(?:' ~ kinds ~ ')\\s+([0-9A-Z][0-9A-Z./-]{2,38}[0-9A-Z])' %}

with

entries as (select * from {{ ref('stg_ofac_sdn') }}),

country_names as (select * from {{ ref('country_names') }}),

-- a vessel is of its flag, whoever else of its addresses
entries_at as (
    select
        entries.*,
        {{ split_list("case sdn_type when 'vessel' then vess_flag else countries end") }} as places
    from entries
),

-- one entry to its countries; of several, none is its own
located as (
    select
        entries_at.batch_id,
        entries_at.row_no,
        min(country_names.country) as country
    from entries_at
    cross join lateral unnest(entries_at.places) as named (place)
    inner join country_names on lower(country_names.country_name) = lower(named.place)
    group by entries_at.batch_id, entries_at.row_no
    having count(distinct country_names.country) = 1
),

-- what the remarks call a number of something: IMO 9187629; Registration ID 12-345; ... (USCC) 9131...
numbered as (
    select
        entries.batch_id,
        entries.row_no,
        array_agg(distinct numbers.found[1]) as told_identifiers
    from entries
    cross join lateral regexp_matches(entries.remarks, '{{ numbers_told }}', 'g') as numbers (found)
    group by entries.batch_id, entries.row_no
),

identified as (
    select
        entries.*,
        located.country,
        array_remove(coalesce(numbered.told_identifiers, '{}') || entries.call_sign, null) as mention_identifiers
    from entries
    left join located using (batch_id, row_no)
    left join numbered using (batch_id, row_no)
),

signals as (
    select
        'ofac_sdn|' || ent_num as signal_id,
        'ofac_sdn' as feed,
        4 as channel,
        'prohibited_restricted' as risk_domain,
        case sdn_type
            when 'individual' then 'persons'
            when 'vessel' then 'transport_means'
            when 'aircraft' then 'transport_means'
            else 'goods'
        end as subject_type,
        case sdn_type when 'vessel' then 'vessel' else 'party' end as mention_kind,
        sdn_name as mention_name,
        {{ split_list('aliases') }} as mention_aliases,
        mention_identifiers,
        country,
        null::text as hs,
        'OFAC SDN ' || program as title,
        'high' as severity,
        true as is_adverse,
        'B' as reliability,
        case sdn_type when 'individual' then 'personal' else 'public' end as confidentiality,
        null::date as valid_from,
        null::date as valid_to,
        true as is_in_force,
        null::date as happened_on,
        'listing|ofac-' || ent_num as event_key,
        program as legal_basis,
        'OFAC SDN ' || ent_num as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from identified
)

select * from signals
