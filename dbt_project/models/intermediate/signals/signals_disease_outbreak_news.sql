with

news as (
    select
        items.*,
        coalesce(items.override_title, items.title) as shown_title
    from {{ ref('stg_disease_outbreak_news') }} as items
),

country_names as (select * from {{ ref('country_names') }}),

-- a title is "disease - place", and the last dash between spaces parts the two
told as (
    select
        news.*,
        trim(coalesce(substring(news.shown_title from '^(.*)\s[-–—]\s'), news.shown_title)) as disease,
        trim(substring(news.shown_title from '^.*\s[-–—]\s+(.*)$')) as place
    from news
),

-- one item to one country, or to none when it tells of several
located as (
    select
        told.*,
        country_names.country
    from told
    left join country_names on lower(country_names.country_name) = lower(told.place)
),

-- the words in which WHO says how high the risk is, the gravest first
judged as (
    select
        located.*,
        case
            when located.assessment ~* 'risk[^.]*\m(very high|high)\M' then 'high'
            when located.assessment ~* 'risk[^.]*\mmoderate\M' then 'medium'
            when located.assessment ~* 'risk[^.]*\mlow\M' then 'low'
            else 'unknown'
        end as severity
    from located
),

signals as (
    select
        'disease_outbreak_news|' || news_id as signal_id,
        'disease_outbreak_news' as feed,
        4 as channel,
        'port_health' as risk_domain,
        'persons' as subject_type,
        'place' as mention_kind,
        coalesce(place, shown_title) as mention_name,
        '{}'::text[] as mention_aliases,
        '{}'::text[] as mention_identifiers,
        country,
        null::text as hs,
        shown_title as title,
        severity,
        true as is_adverse,
        'A' as reliability,
        'public' as confidentiality,
        {{ business_day('published_at') }} as valid_from,
        null::date as valid_to,
        true as is_in_force,
        {{ business_day('published_at') }} as happened_on,
        'outbreak|' || case when disease ~* 'avian influenza' then 'avian influenza' else lower(disease) end
        || '|' || country || '|' || to_char(published_at, 'YYYY"Q"Q') as event_key,
        null::text as legal_basis,
        coalesce(don_id, url_name) as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from judged
)

select * from signals
