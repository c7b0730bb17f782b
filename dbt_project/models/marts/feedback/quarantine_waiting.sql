{{ config(materialized='view') }}

with

quarantine as (
    select * from {{ source('ops', 'quarantine') }}
    where released_at is null
),

batches as (select * from {{ source('ops', 'batches') }}),

-- a row that broke several rules waits under each of them; many rows to one batch
final as (
    select
        quarantine.feed,
        rules.rule,
        count(*) as waiting,
        count(distinct quarantine.batch_id) as deliveries,
        min(coalesce(batches.sent_at, batches.landed_at, quarantine.quarantined_at)) as oldest_at,
        max(coalesce(batches.sent_at, batches.landed_at, quarantine.quarantined_at)) as newest_at
    from quarantine
    cross join lateral unnest(quarantine.broken) as rules (rule)
    left join batches using (batch_id)
    group by quarantine.feed, rules.rule
)

select * from final
