with

episodes as (select * from {{ source('ml', 'focus') }}),

-- what is watched of the trade itself, and has become worse. A change of an indicator is told by the signals that the
-- indicator is made of
worse as (
    select
        episodes.*,
        string_to_array(episodes.subject_key, '|') as parts
    from episodes
    where episodes.is_adverse and episodes.measure in ('find_rate', 'volume', 'price')
),

-- an episode is told when it is noticed, and again when it is over; a day's look is one delivery
versions as (
    select
        *,
        true as is_in_force,
        detected_on as looked_on,
        detected_at as looked_at,
        null::date as told_until
    from worse
    union all
    select
        *,
        false as is_in_force,
        ended_on as looked_on,
        ended_at as looked_at,
        until_on - 1 as told_until
    from worse
    where ended_on is not null
),

mentions as (
    select
        *,
        case
            when subject_kind in ('importer', 'declarant', 'seller') then 'party'
            when subject_kind = 'office' then 'place'
            else 'commodity'
        end as mention_kind,
        case subject_kind
            when 'hs6_origin' then parts[2]
            when 'route' then parts[3]
            when 'importer' then 'CN'
            when 'declarant' then 'CN'
        end as mention_country
    from versions
),

signals as (
    select
        'focus|' || focus_id as signal_id,
        'focus' as feed,
        1 as channel,
        case measure when 'price' then 'tax' else 'other' end as risk_domain,
        'goods' as subject_type,
        mention_kind,
        parts[1] as mention_name,
        '{}'::text[] as mention_aliases,
        array[parts[1]] as mention_identifiers,
        mention_country as country,
        case when mention_kind = 'commodity' then parts[1] end as hs,
        en || ' · ' || zh as title,
        case when measure = 'find_rate' and level_after >= 0.25 then 'high' else 'medium' end as severity,
        true as is_adverse,
        'B' as reliability,
        'restricted' as confidentiality,
        since_on as valid_from,
        told_until as valid_to,
        is_in_force,
        since_on as happened_on,
        null::text as event_key,
        null::text as legal_basis,
        focus_id as source_ref,
        'focus|' || looked_on as batch_id,
        row_number() over (partition by looked_on order by focus_id, is_in_force) as row_no,
        false as is_backfill,
        looked_at as known_at,
        {{ business_day('looked_at') }} as known_on
    from mentions
)

select * from signals
