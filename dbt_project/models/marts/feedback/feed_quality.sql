with

batches as (
    select * from {{ source('ops', 'batches') }}
    where not is_backfill
),

daily as (
    select
        feed,
        {{ business_day('coalesce(sent_at, landed_at)') }} as delivered_on,
        count(*) filter (where status <> 'repeated') as deliveries,
        count(*) filter (where status = 'loaded') as accepted_deliveries,
        count(*) filter (where status = 'refused') as refused_deliveries,
        coalesce(sum(received), 0)::bigint as received,
        coalesce(sum(loaded), 0)::bigint as loaded,
        coalesce(sum(quarantined), 0)::bigint as quarantined,
        coalesce(sum(duplicate), 0)::bigint as duplicates,
        (extract(epoch from avg(finished_at - landed_at)) / 60)::float8 as mean_minutes_to_load
    from batches
    group by feed, delivered_on
),

-- what the feed usually brings: the median of its ten earlier days
usual as (
    select
        daily.feed,
        daily.delivered_on,
        percentile_cont(0.5) within group (order by earlier.received) as usual_received
    from daily
    inner join lateral (
        select previous.received
        from daily as previous
        where previous.feed = daily.feed and previous.delivered_on < daily.delivered_on
        order by previous.delivered_on desc
        limit 10
    ) as earlier on true
    group by daily.feed, daily.delivered_on
),

final as (
    select
        daily.*,
        daily.loaded::float8 / nullif(daily.loaded + daily.quarantined, 0) as accurate_share,
        daily.accepted_deliveries::float8 / nullif(daily.deliveries, 0) as complete_share,
        usual.usual_received,
        daily.received / nullif(usual.usual_received, 0) as volume_against_usual
    from daily
    left join usual using (feed, delivered_on)
)

select * from final
