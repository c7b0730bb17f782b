with

samples as (select * from {{ ref('stg_monitoring_samples') }}),

-- a sample stands for ever; that the limit is kept is a signal too
signals as (
    select
        'monitoring_samples|' || sample_id as signal_id,
        'monitoring_samples' as feed,
        1 as channel,
        -- chapters 1 to 24 of the Harmonized System are what is eaten and drunk
        case when left(hs6, 2) <= '24' then 'food_safety' else 'commodity_quality' end as risk_domain,
        'goods' as subject_type,
        'commodity' as mention_kind,
        hs6 as mention_name,
        '{}'::text[] as mention_aliases,
        array[hs6] as mention_identifiers,
        origin_country as country,
        hs6 as hs,
        concat_ws(' ', analyte, result_value, '/', limit_value, unit) as title,
        case
            when is_compliant then 'low'
            when result_value > 2 * limit_value then 'high'
            else 'medium'
        end as severity,
        not is_compliant as is_adverse,
        'A' as reliability,
        'restricted' as confidentiality,
        sampled_on as valid_from,
        null::date as valid_to,
        true as is_in_force,
        sampled_on as happened_on,
        null::text as event_key,
        null::text as legal_basis,
        concat_ws(' ', plan_id, point_id, sample_id) as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from samples
)

select * from signals
