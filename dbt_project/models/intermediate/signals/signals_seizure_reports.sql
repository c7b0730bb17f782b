with

seizures as (select * from {{ ref('stg_seizure_reports') }}),

-- one seizure to many parties
parties as (
    select
        seizures.*,
        case when involved.party ->> 'role' in ('passenger', 'courier', 'driver') then 'persons' else 'goods' end
            as subject_type,
        'party' as mention_kind,
        trim(involved.party ->> 'name') as mention_name,
        array(
            select listed.identifier #>> '{}'
            from {{ json_items("involved.party -> 'identifiers'") }} as listed (identifier)
        ) as mention_identifiers,
        case when involved.party ->> 'country' ~ '^[A-Z]{2}$' then involved.party ->> 'country' end as country,
        seizures.hs6 as hs
    from seizures
    cross join lateral {{ json_items('seizures.parties') }} as involved (party)
    where trim(coalesce(involved.party ->> 'name', '')) <> ''
),

goods as (
    select
        seizures.*,
        'goods' as subject_type,
        'commodity' as mention_kind,
        seizures.hs6 as mention_name,
        array[seizures.hs6] as mention_identifiers,
        coalesce(seizures.origin_country, seizures.departure_country) as country,
        seizures.hs6 as hs
    from seizures
    where seizures.hs6 is not null
),

vessels as (
    select
        seizures.*,
        'transport_means' as subject_type,
        'vessel' as mention_kind,
        coalesce(seizures.conveyance_name, seizures.conveyance_id) as mention_name,
        array_remove(array[seizures.conveyance_id], null) as mention_identifiers,
        null::text as country,
        seizures.hs6 as hs
    from seizures
    where seizures.conveyance_kind = 'sea' and coalesce(seizures.conveyance_name, seizures.conveyance_id) is not null
),

-- one seizure to many containers
containers as (
    select
        seizures.*,
        'transport_equipment' as subject_type,
        'container' as mention_kind,
        listed.container as mention_name,
        array[listed.container] as mention_identifiers,
        null::text as country,
        seizures.hs6 as hs
    from seizures
    cross join lateral unnest({{ split_list('seizures.container_numbers') }}) as listed (container)
),

mentions as (
    select * from parties
    union all
    select * from goods
    union all
    select * from vessels
    union all
    select * from containers
),

signals as (
    select
        concat_ws('|', 'seizure_reports', seizure_id, mention_kind, md5(mention_name)) as signal_id,
        'seizure_reports' as feed,
        6 as channel,
        risk_domain,
        subject_type,
        mention_kind,
        mention_name,
        '{}'::text[] as mention_aliases,
        mention_identifiers,
        country,
        hs,
        concat_ws(', ', seized_goods, concat_ws(' ', quantity, quantity_unit), concealment) as title,
        case when risk_domain in ('prohibited_restricted', 'port_health', 'biosecurity') then 'high' else 'medium' end
            as severity,
        true as is_adverse,
        'B' as reliability,
        case mention_kind when 'party' then 'personal' else 'restricted' end as confidentiality,
        seized_on as valid_from,
        null::date as valid_to,
        true as is_in_force,
        seized_on as happened_on,
        'seizure|' || seizure_country || '|' || seized_on || '|' || conveyance_id as event_key,
        null::text as legal_basis,
        concat_ws(' ', reported_by, seizure_id) as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from mentions
),

-- a party or container that one report names twice is one mention
distinct_signals as (
    select distinct on (signal_id, batch_id, row_no) * from signals
    order by signal_id, batch_id, row_no
)

select * from distinct_signals
