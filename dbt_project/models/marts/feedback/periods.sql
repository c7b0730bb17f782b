{{ config(materialized='ephemeral', contract={'enforced': false}) }}

with

days as (select decided_on from {{ ref('int_daily_decisions') }}),

weeks as (
    select distinct
        'week' as period_kind,
        date_trunc('week', decided_on)::date as period_from,
        date_trunc('week', decided_on)::date + 6 as period_to
    from days
),

months as (
    select distinct
        'month' as period_kind,
        date_trunc('month', decided_on)::date as period_from,
        (date_trunc('month', decided_on) + interval '1 month - 1 day')::date as period_to
    from days
),

last_weeks as (
    select
        'last_8_weeks' as period_kind,
        max(period_from) - 49 as period_from,
        max(period_to) as period_to
    from weeks
    having count(*) > 0
),

all_days as (
    select
        'all' as period_kind,
        min(decided_on) as period_from,
        max(decided_on) as period_to
    from days
    having count(*) > 0
),

final as (
    select * from weeks
    union all
    select * from months
    union all
    select * from last_weeks
    union all
    select * from all_days
)

select * from final
