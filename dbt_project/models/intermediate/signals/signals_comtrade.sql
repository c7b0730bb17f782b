with

gaps as (select * from {{ ref('int_mirror_gaps') }}),

-- named apart from `gaps`: read once each, both are looked up by their indexes
earlier_gaps as (select * from {{ ref('int_mirror_gaps') }}),

-- large gaps, and those that a revision of the statistics has closed since
told as (
    select gaps.*
    from gaps
    where
        gaps.is_compared
        and (
            gaps.is_large
            or exists (
                select 1 from earlier_gaps as earlier
                where
                    earlier.hs6 = gaps.hs6
                    and earlier.origin_country = gaps.origin_country
                    and earlier.period_from = gaps.period_from
                    and earlier.period = gaps.period
                    and earlier.is_large
                    and earlier.known_at < gaps.known_at
            )
        )
),

signals as (
    select
        concat_ws('|', 'comtrade', origin_country, hs6, period) as signal_id,
        'comtrade' as feed,
        6 as channel,
        'tax' as risk_domain,
        'goods' as subject_type,
        'commodity' as mention_kind,
        hs6 as mention_name,
        '{}'::text[] as mention_aliases,
        array[hs6] as mention_identifiers,
        origin_country as country,
        hs6 as hs,
        concat(
            'Mirror gap ', period, ': ', round(100 * missing_share::numeric), ' % of ', round(reported_mass_kg),
            ' kg reported as exported to China were not declared here'
        ) as title,
        case
            when not is_large then 'low'
            when missing_share >= 0.5 then 'high'
            else 'medium'
        end as severity,
        is_large as is_adverse,
        'B' as reliability,
        'internal' as confidentiality,
        period_from as valid_from,
        null::date as valid_to,
        is_large as is_in_force,
        period_to as happened_on,
        null::text as event_key,
        null::text as legal_basis,
        concat_ws(' ', 'UN Comtrade', reporter_code, hs6, period) as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from told
)

select * from signals
