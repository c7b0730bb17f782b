{#
    What can carry a disease, as headings of the Harmonized System: live animals, meat, milk, eggs, hides. A disease is
    known by a part of WOAH's name for it; its short name is shared with other feeds.
#}
{% set carriers = [
    ('african swine fever', 'african swine fever', ['0103', '0203', '0206', '0210', '1601']),
    ('classical swine fever', 'classical swine fever', ['0103', '0203', '0206', '0210']),
    ('foot and mouth', 'foot and mouth disease', ['0102', '0103', '0104', '0201', '0202', '0203', '0204', '0206', '0402']),
    ('lumpy skin', 'lumpy skin disease', ['0102', '0201', '0202', '0206', '4101']),
    ('bovine spongiform', 'bovine spongiform encephalopathy', ['0102', '0201', '0202', '0206']),
    ('sheep pox', 'sheep pox and goat pox', ['0104', '0204', '4102']),
    ('peste des petits', 'peste des petits ruminants', ['0104', '0204']),
    ('avian influenza', 'avian influenza', ['0105', '0207', '0407', '0505']),
    ('newcastle', 'newcastle disease', ['0105', '0207', '0407']),
    ('white spot', 'white spot disease', ['0306']),
    ('hepatopancreatic', 'hepatopancreatic necrosis', ['0306']),
    ('infectious salmon', 'infectious salmon anaemia', ['0301', '0302', '0303', '0304']),
    ('bonamia', 'bonamiosis', ['0307']),
] %}

with

reports as (select * from {{ ref('stg_wahis_events') }}),

country_names as (select * from {{ ref('country_names') }}),

carriers (disease_part, short_name, headings) as (
    values
    {%- for part, short_name, headings in carriers %}
    ('{{ part }}', '{{ short_name }}', '{{ "{" ~ headings | join(",") ~ "}" }}'::text[]){{ ',' if not loop.last }}
    {%- endfor %}
),

-- one report to one country or none
located as (
    select
        reports.*,
        country_names.country
    from reports
    left join country_names on lower(country_names.country_name) = lower(trim(reports.country_name))
),

-- one report to the headings of its disease; a disease of none speaks of the place
about as (
    select
        located.*,
        coalesce(carriers.short_name, lower(located.disease)) as short_name,
        headings.hs
    from located
    left join carriers on lower(located.disease) like '%' || carriers.disease_part || '%'
    left join lateral unnest(carriers.headings) as headings (hs) on true
),

signals as (
    select
        concat_ws('|', 'wahis_events', event_id, hs) as signal_id,
        'wahis_events' as feed,
        1 as channel,
        'biosecurity' as risk_domain,
        'goods' as subject_type,
        case when hs is null then 'place' else 'commodity' end as mention_kind,
        coalesce(hs, country_name) as mention_name,
        '{}'::text[] as mention_aliases,
        array_remove(array[hs], null) as mention_identifiers,
        country,
        hs,
        concat_ws(', ', disease, disease_subtype, country_name) as title,
        case
            when event_status = 'Resolved' then 'low'
            when disease ~* 'african swine|foot and mouth|avian influenza|spongiform' then 'high'
            else 'medium'
        end as severity,
        true as is_adverse,
        'A' as reliability,
        'public' as confidentiality,
        event_started_on as valid_from,
        null::date as valid_to,
        event_status <> 'Resolved' as is_in_force,
        event_started_on as happened_on,
        'outbreak|' || short_name || '|' || country || '|' || to_char(event_started_on, 'YYYY"Q"Q') as event_key,
        null::text as legal_basis,
        'WAHIS ' || event_id || '/' || report_id as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from about
)

select * from signals
