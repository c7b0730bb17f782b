-- What is wrong with deliveries, at %(moment)s. One row per alarm; `lasts` says whether it still is.
with

contracts as (
    select distinct on (feed)
        feed,
        declared ->> 'recipient' as recipient,
        declared ->> 'schedule' as schedule,
        (declared ->> 'freshness_hours')::numeric as freshness_hours,
        first_used_at
    from ops.contracts
    order by feed asc, version desc
),

batches as (
    select
        *,
        coalesce(sent_at, landed_at) as delivered_at
    from ops.batches
    where not is_backfill
),

newest as (
    select
        feed,
        max(delivered_at) filter (where status = 'loaded') as loaded_at,
        -- the same bytes again are no news, but the sender is there
        max(delivered_at) filter (where status in ('loaded', 'repeated')) as heard_at
    from batches
    group by feed
),

-- fewer or more rows than the contract expects, or whatever else the gate warned of
odd_deliveries as (
    select
        'volume:' || batches.batch_id as alarm_id,
        'volume' as kind,
        batches.feed,
        batches.batch_id as subject,
        format('%%s: batch %%s: %%s', batches.feed, batches.batch_id, warned.told) as message_en,
        format('%%s：批次 %%s 触发质量警告：%%s', batches.feed, batches.batch_id, warned.told) as message_zh,
        jsonb_build_object('received', batches.received, 'warnings', batches.warnings) as details,
        batches.delivered_at = newest.loaded_at as lasts
    from batches
    inner join newest using (feed)
    cross join lateral (
        select string_agg(warning.told, '; ' order by warning.told) as told
        from jsonb_array_elements_text(batches.warnings) as warning (told)
    ) as warned
    where batches.status = 'loaded' and batches.warnings <> '[]'
),

-- a refusal lasts until the file is taken up, or the sender has delivered anew
refused_deliveries as (
    select
        'refused_delivery:' || batches.batch_id as alarm_id,
        'refused_delivery' as kind,
        batches.feed,
        batches.batch_id as subject,
        format('%%s: %%s was refused: %%s', batches.feed, batches.file_name, batches.reason) as message_en,
        format('%%s：文件 %%s 整批拒收：%%s', batches.feed, batches.file_name, batches.reason) as message_zh,
        jsonb_build_object('file_name', batches.file_name, 'reason', batches.reason) as details,
        coalesce(batches.delivered_at > newest.loaded_at, true) as lasts
    from batches
    inner join newest using (feed)
    where batches.status = 'refused'
),

-- a feed that never delivered is late from the day it was declared, where the wall's clock counts
heard as (
    select
        contracts.*,
        newest.heard_at,
        ops.hours_late(
            contracts.schedule,
            contracts.freshness_hours,
            coalesce(newest.heard_at, case when %(in_service)s then contracts.first_used_at end),
            %(moment)s,
            %(zone)s
        ) as hours_late
    from contracts
    left join newest using (feed)
),

late_feeds as (
    select
        format('freshness:%%s:%%s', feed, coalesce(to_char(heard_at at time zone 'utc', 'YYYYMMDDHH24MISS'), 'never'))
            as alarm_id,
        'freshness' as kind,
        feed,
        feed as subject,
        format(
            '%%s: nothing for %%s hours longer than the %%s that its contract allows', feed, ceil(hours_late),
            freshness_hours
        ) as message_en,
        format('%%s：已超出合约时效 %%s 小时未交付（时效 %%s 小时）', feed, ceil(hours_late), freshness_hours)
            as message_zh,
        jsonb_build_object('last_delivery_at', heard_at, 'hours_late', round(hours_late::numeric, 1)) as details,
        true as lasts
    from heard
    where hours_late > 0
),

-- told once a day while it goes on
failing_sources as (
    select
        format('source_failed:%%s:%%s', failures.feed, to_char(failures.failed_at at time zone %(zone)s, 'YYYY-MM-DD'))
            as alarm_id,
        'source_failed' as kind,
        failures.feed,
        failures.feed as subject,
        format('%%s: the source failed: %%s', failures.feed, failures.message) as message_en,
        format('%%s：数据来源获取失败：%%s', failures.feed, failures.message) as message_zh,
        jsonb_build_object('failed_at', failures.failed_at, 'message', failures.message) as details,
        true as lasts
    from ops.source_failures as failures
),

due as (
    select * from odd_deliveries
    union all
    select * from refused_deliveries
    union all
    select * from late_feeds
    union all
    select * from failing_sources
)

select
    due.*,
    coalesce(contracts.recipient, due.feed) as recipient
from due
left join contracts using (feed)
