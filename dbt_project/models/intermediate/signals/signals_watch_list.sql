with

entries as (select * from {{ ref('stg_watch_list') }}),

signals as (
    select
        'watch_list|' || entity_id as signal_id,
        'watch_list' as feed,
        5 as channel,
        case when sanctions is null then 'other' else 'prohibited_restricted' end as risk_domain,
        case entity_schema
            when 'Person' then 'persons'
            when 'Vessel' then 'transport_means'
            when 'Airplane' then 'transport_means'
            else 'goods'
        end as subject_type,
        case entity_schema when 'Vessel' then 'vessel' else 'party' end as mention_kind,
        entity_name as mention_name,
        {{ split_list('aliases') }} as mention_aliases,
        {{ split_list('identifiers') }} as mention_identifiers,
        -- of several countries none is the party's own
        case when countries ~ '^[a-z]{2}$' then upper(countries) end as country,
        null::text as hs,
        concat_ws(': ', dataset, coalesce(sanctions, entity_schema)) as title,
        case when sanctions is null then 'medium' else 'high' end as severity,
        true as is_adverse,
        'C' as reliability,
        'personal' as confidentiality,
        null::date as valid_from,
        null::date as valid_to,
        true as is_in_force,
        {{ business_day('last_change') }} as happened_on,
        -- the provider keeps OFAC's own numbers
        case when entity_id ~ '^ofac-[0-9]+$' then 'listing|' || entity_id end as event_key,
        null::text as legal_basis,
        concat_ws(' ', dataset, entity_id) as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from entries
)

select * from signals
