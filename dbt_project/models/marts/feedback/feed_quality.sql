with

ledger as (
    select * from {{ source('ops', 'batches') }}
    where not is_backfill and status <> 'landed'
),

versions as (select * from {{ source('ops', 'contracts') }}),

timeliness as (select * from {{ ref('int_timeliness') }}),

clock as (
    select
        {{ moment() }} as as_of,
        {{ business_day(moment()) }}::timestamp as last_day
),

contracts as (
    select distinct on (feed)
        feed,
        declared ->> 'channel' as channel,
        (declared ->> 'freshness_hours')::numeric as freshness_hours,
        (declared -> 'volume' ->> 'minimum')::bigint as volume_min,
        (declared -> 'volume' ->> 'maximum')::bigint as volume_max,
        declared ->> 'schedule' as schedule
    from versions
    order by feed asc, version desc
),

-- one batch to its contract's figures and to its timeliness, if it was loaded
batches as (
    select
        ledger.*,
        {{ business_day('coalesce(ledger.sent_at, ledger.landed_at)') }} as delivered_on,
        coalesce(ledger.sent_at, ledger.landed_at) as delivered_at,
        ledger.received between contracts.volume_min and contracts.volume_max as is_within_bounds,
        timeliness.measured_rows,
        timeliness.timely_rows
    from ledger
    left join contracts using (feed)
    left join timeliness using (batch_id)
),

daily as (
    select
        feed,
        delivered_on,
        count(*) filter (where status <> 'repeated') as deliveries,
        count(*) filter (where status = 'loaded') as accepted_deliveries,
        count(*) filter (where status = 'refused') as refused_deliveries,
        count(*) filter (where status = 'loaded' and is_within_bounds) as deliveries_within_bounds,
        coalesce(sum(received), 0)::bigint as received,
        coalesce(sum(loaded), 0)::bigint as loaded,
        coalesce(sum(quarantined), 0)::bigint as quarantined,
        coalesce(sum(released), 0)::bigint as released,
        coalesce(sum(duplicate), 0)::bigint as duplicates,
        coalesce(sum(corrected), 0)::bigint as corrected,
        sum(measured_rows)::bigint as measured_rows,
        sum(timely_rows)::bigint as timely_rows,
        (extract(epoch from avg(
            finished_at - {{ 'sent_at' if var('schedules', 'on') == 'on' else 'landed_at' }}
        ) filter (where status = 'loaded')) / 60)::float8 as mean_minutes_to_load,
        -- the same bytes again are no news, but the sender is there
        min(delivered_at) filter (where status in ('loaded', 'repeated')) as first_accepted_at,
        max(delivered_at) filter (where status in ('loaded', 'repeated')) as last_accepted_at
    from batches
    group by feed, delivered_on
),

-- every day since a feed's first delivery, those without one too
first_days as (
    select
        feed,
        min(delivered_on) as first_day
    from daily
    group by feed
),

calendar as (
    select
        first_days.feed,
        days.calendar_day::date as delivered_on
    from first_days
    cross join clock
    inner join lateral generate_series(
        first_days.first_day::timestamp, clock.last_day, interval '1 day'
    ) as days (calendar_day) on true
    union
    select
        feed,
        delivered_on
    from daily
),

waited as (
    select
        calendar.feed,
        calendar.delivered_on,
        daily.first_accepted_at,
        max(daily.last_accepted_at) over (
            partition by calendar.feed order by calendar.delivered_on
            rows between unbounded preceding and 1 preceding
        ) as previous_accepted_at
    from calendar
    left join daily using (feed, delivered_on)
),

-- from the delivery before until this day's first, or until the day's end when none came
lateness as (
    select
        waited.feed,
        waited.delivered_on,
        waited.first_accepted_at is null and ops.is_planned(contracts.schedule, waited.delivered_on) as is_awaited,
        ops.hours_late(
            contracts.schedule,
            contracts.freshness_hours,
            waited.previous_accepted_at,
            coalesce(
                waited.first_accepted_at,
                least(clock.as_of, (waited.delivered_on + 1)::timestamp at time zone '{{ var("time_zone") }}')
            ),
            '{{ var("time_zone") }}'
        ) as hours_late
    from waited
    cross join clock
    left join contracts using (feed)
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
        lateness.feed,
        lateness.delivered_on,
        contracts.channel,
        coalesce(daily.deliveries, 0) as deliveries,
        coalesce(daily.accepted_deliveries, 0) as accepted_deliveries,
        coalesce(daily.refused_deliveries, 0) as refused_deliveries,
        coalesce(daily.received, 0) as received,
        coalesce(daily.loaded, 0) as loaded,
        coalesce(daily.quarantined, 0) as quarantined,
        coalesce(daily.released, 0) as released,
        coalesce(daily.duplicates, 0) as duplicates,
        coalesce(daily.corrected, 0) as corrected,
        -- what had to be repaired was not accurate when it came
        (daily.loaded - daily.released)::float8 / nullif(daily.loaded + daily.quarantined, 0) as accurate_share,
        daily.corrected::float8 / nullif(daily.loaded, 0) as corrected_share,
        daily.accepted_deliveries::float8 / nullif(daily.deliveries, 0) as complete_share,
        usual.usual_received,
        daily.received / nullif(usual.usual_received, 0) as volume_against_usual,
        daily.deliveries_within_bounds::float8 / nullif(daily.accepted_deliveries, 0) as volume_within_bounds_share,
        coalesce(lateness.is_awaited and lateness.hours_late > 0, false)::int as missed_deliveries,
        coalesce(daily.measured_rows, 0) as measured_rows,
        coalesce(daily.timely_rows, 0) as timely_rows,
        daily.timely_rows::float8 / nullif(daily.measured_rows, 0) as timely_share,
        daily.mean_minutes_to_load,
        lateness.hours_late
    from lateness
    left join daily using (feed, delivered_on)
    left join usual using (feed, delivered_on)
    left join contracts using (feed)
)

select * from final
