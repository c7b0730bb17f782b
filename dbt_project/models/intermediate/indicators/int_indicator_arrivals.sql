{{ config(materialized='view') }}

-- Asked for a few days, this looks up their events by the index on counts_from.

with

definitions as (select * from {{ ref('int_indicator_definitions') }}),

events as (select * from {{ ref('int_indicator_events') }}),

-- the newest version of each indicator, where its value is made of whole events
indicators as (
    select distinct on (indicator_code) *
    from definitions
    where formula in ('count', 'share')
    order by indicator_code asc, version desc
),

-- a fact arrives once: not with its later versions, and not if the match that it rests on was taken back
arrived as (
    select * from events
    where version_no = 1 and coalesce(ends_on > counts_from, true)
),

-- many events to one indicator; of a count, only what is counted
counted as (
    select
        indicators.indicator_code,
        indicators.formula,
        arrived.subject_kind,
        arrived.subject_key,
        arrived.counts_from,
        {{ event_numerator('indicators', 'arrived') }} as numerator,
        {{ event_denominator('indicators', 'arrived') }} as denominator
    from arrived
    inner join indicators on {{ is_about('indicators', 'arrived') }}
),

final as (
    select
        indicator_code,
        subject_kind,
        subject_key,
        counts_from,
        sum(case formula when 'share' then denominator else numerator end)::bigint as units,
        sum(numerator)::bigint as events
    from counted
    group by indicator_code, subject_kind, subject_key, counts_from
)

select * from final
