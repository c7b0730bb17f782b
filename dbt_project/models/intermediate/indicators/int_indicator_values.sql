{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['indicator_code', 'version', 'subject_key', 'valid_from'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['subject_key', 'indicator_code', 'version', 'valid_from'], 'unique': true},
            {'columns': ['advanced_to']},
            {'columns': ['recorded_at']},
        ],
        sql_header="set local work_mem = '128MB';",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- an increment looks up each event and each stored value by its index. The planner takes the new rows for many, and
-- would read a whole history to join them; an offset in what is looked up keeps it from that, and asks for no order.
-- Conditions of the incremental build stand inside the parts
-- noqa: disable=LT02,AM09

with

indicators as (select * from {{ ref('int_indicator_definitions') }}),

-- used in many parts: materialized, it would be read whole each time
events as not materialized (select * from {{ ref('int_indicator_events') }}),

-- windows close as days go by: values are advanced up to the day after the newest live delivery, and no further
reach as (
    select
        {%- if is_incremental() %}
        coalesce(max(built.advanced_to), '-infinity'::date) as from_day,
        greatest(max(built.advanced_to), {{ business_day(moment()) }} + 1) as to_day
    from {{ this }} as built
        {%- else %}
        {{ business_day(moment()) }} + 1 as to_day
        {%- endif %}
),

{% if is_incremental() %}
-- each part of this is found by an index of its own, however long the history
stirred as materialized (
    select
        events.*,
        events.counts_from as from_day
    from events
    where events.recorded_at > {{ newest_recorded() }}
    union all
    select
        events.*,
        events.counts_from as from_day
    from reach
    inner join events on reach.from_day < events.counts_from and reach.to_day >= events.counts_from
    union all
    select
        events.*,
        events.ends_on as from_day
    from reach
    inner join events on reach.from_day < events.ends_on and reach.to_day >= events.ends_on
),

windows as materialized (
    select distinct
        indicators.measure,
        indicators.window_days,
        reach.from_day - indicators.window_days as aged_after,
        reach.to_day - indicators.window_days as aged_to
    from indicators
    cross join reach
    where indicators.window_days is not null
),

closed as materialized (
    select
        events.*,
        windows.window_days
    from windows
    cross join lateral (
        select events.* from events
        where
            windows.measure = events.measure
            and windows.aged_after < events.aged_from
            and windows.aged_to >= events.aged_from
        offset 0
    ) as events
),

-- what changes, from which day: new events, validities that began or ended, windows that closed, new indicators
changes as (
    select
        indicators.indicator_code,
        indicators.version,
        stirred.subject_kind,
        stirred.subject_key,
        stirred.from_day
    from stirred
    inner join indicators on {{ is_about('indicators', 'stirred') }}
    union all
    select
        indicators.indicator_code,
        indicators.version,
        closed.subject_kind,
        closed.subject_key,
        closed.aged_from + indicators.window_days as from_day
    from closed
    inner join indicators on {{ is_about('indicators', 'closed') }} and closed.window_days = indicators.window_days
    union all
    select
        indicators.indicator_code,
        indicators.version,
        events.subject_kind,
        events.subject_key,
        events.counts_from as from_day
    from indicators
    cross join lateral (
        select events.* from events
        where {{ is_about('indicators', 'events') }}
        offset 0
    ) as events
    where indicators.recorded_at > {{ newest_recorded() }}
    union all
    -- an indicator that says something else now: what it said before begins again, too
    select
        former.indicator_code,
        former.version,
        former.subject_kind,
        former.subject_key,
        former.valid_from as from_day
    from indicators
    cross join lateral (
        select former.* from {{ this }} as former
        where
            indicators.indicator_code = former.indicator_code
            and indicators.version = former.version
        offset 0
    ) as former
    where indicators.recorded_at > {{ newest_recorded() }}
),

-- in the order of the index: what is looked up next lies beside what was looked up last
touched as materialized (
    select
        indicator_code,
        version,
        subject_kind,
        subject_key,
        min(from_day) as from_day
    from changes
    group by indicator_code, version, subject_kind, subject_key
    order by subject_key, indicator_code, version
),

spans as (
    select
        touched.*,
        indicators.measure,
        indicators.feeds,
        indicators.risk_domain,
        indicators.among,
        indicators.counting,
        indicators.formula,
        indicators.window_days,
        reach.to_day
    from touched
    inner join indicators using (indicator_code, version)
    cross join reach
),

-- an event begins to count once and stops once; each is found by the day on which it does
started as (
    select
        spans.indicator_code,
        spans.version,
        spans.subject_kind,
        spans.subject_key,
        events.counts_from as valid_from,
        {{ event_numerator('spans', 'events') }} as numerator,
        {{ event_denominator('spans', 'events') }} as denominator
    from spans
    cross join lateral (
        select events.* from events
        where
            {{ is_about('spans', 'events') }}
            and spans.subject_key = events.subject_key
            and events.counts_from between spans.from_day and spans.to_day
            and coalesce(events.counts_from < {{ stops_counting_on('spans', 'events') }}, true)
        offset 0
    ) as events
),

aged as (
    select
        spans.indicator_code,
        spans.version,
        spans.subject_kind,
        spans.subject_key,
        events.aged_from + spans.window_days as valid_from,
        -{{ event_numerator('spans', 'events') }} as numerator,
        -{{ event_denominator('spans', 'events') }} as denominator
    from spans
    cross join lateral (
        select events.* from events
        where
            {{ is_about('spans', 'events') }}
            and spans.subject_key = events.subject_key
            and events.aged_from between spans.from_day - spans.window_days and spans.to_day - spans.window_days
            and events.counts_from < events.aged_from + spans.window_days
            and (events.ends_on is null or events.ends_on >= events.aged_from + spans.window_days)
        offset 0
    ) as events
),

ended as (
    select
        spans.indicator_code,
        spans.version,
        spans.subject_kind,
        spans.subject_key,
        events.ends_on as valid_from,
        -{{ event_numerator('spans', 'events') }} as numerator,
        -{{ event_denominator('spans', 'events') }} as denominator
    from spans
    cross join lateral (
        select events.* from events
        where
            {{ is_about('spans', 'events') }}
            and spans.subject_key = events.subject_key
            and events.ends_on between spans.from_day and spans.to_day
            and events.counts_from < events.ends_on
            and (spans.window_days is null or events.ends_on < events.aged_from + spans.window_days)
        offset 0
    ) as events
),

-- at most one to one: the newest step that is there. Mostly it lies before what changes, and one look-up tells all
newest as materialized (
    select
        touched.from_day,
        stored.*
    from touched
    inner join lateral (
        select stored.*
        from {{ this }} as stored
        where
            stored.indicator_code = touched.indicator_code
            and stored.version = touched.version
            and stored.subject_key = touched.subject_key
        order by stored.valid_from desc
        limit 1
    ) as stored on true
),

-- at most one to one: what was in force the day before
opening as (
    select
        in_force.indicator_code,
        in_force.version,
        in_force.subject_kind,
        in_force.subject_key,
        in_force.valid_from,
        in_force.numerator,
        in_force.denominator
    from newest as in_force
    where in_force.valid_from < in_force.from_day
    union all
    select
        in_force.indicator_code,
        in_force.version,
        in_force.subject_kind,
        in_force.subject_key,
        in_force.valid_from,
        in_force.numerator,
        in_force.denominator
    from newest
    inner join lateral (
        select stored.*
        from {{ this }} as stored
        where
            stored.indicator_code = newest.indicator_code
            and stored.version = newest.version
            and stored.subject_key = newest.subject_key
            and stored.valid_from < newest.from_day
        order by stored.valid_from desc
        limit 1
    ) as in_force on true
    where newest.valid_from >= newest.from_day
),

-- steps that are there already are kept, though nothing may change at them any more
kept as (
    select
        stored.indicator_code,
        stored.version,
        stored.subject_kind,
        stored.subject_key,
        stored.valid_from,
        0 as numerator,
        0 as denominator
    from newest
    cross join lateral (
        select stored.* from {{ this }} as stored
        where
            newest.indicator_code = stored.indicator_code
            and newest.version = stored.version
            and newest.subject_key = stored.subject_key
            and stored.valid_from >= newest.from_day
        offset 0
    ) as stored
    where newest.valid_from >= newest.from_day
),

steps as (
    select * from opening
    union all
    select * from kept
    union all
    select * from started
    union all
    select * from aged
    union all
    select * from ended
),
{% else %}
spans as (
    select
        indicators.indicator_code,
        indicators.version,
        events.subject_kind,
        events.subject_key,
        events.counts_from,
        {{ stops_counting_on('indicators', 'events') }} as stops_on,
        reach.to_day,
        {{ event_numerator('indicators', 'events') }} as numerator,
        {{ event_denominator('indicators', 'events') }} as denominator
    from events
    inner join indicators on {{ is_about('indicators', 'events') }}
    cross join reach
),

-- an event begins to count once and stops once
steps as (
    select
        spans.indicator_code,
        spans.version,
        spans.subject_kind,
        spans.subject_key,
        turns.valid_from,
        turns.sign * spans.numerator as numerator,
        turns.sign * spans.denominator as denominator
    from spans
    cross join lateral (
        values
        (spans.counts_from, 1),
        (spans.stops_on, -1)
    ) as turns (valid_from, sign)
    where coalesce(spans.counts_from < spans.stops_on, true) and turns.valid_from <= spans.to_day
),
{% endif %}

daily as (
    select
        indicator_code,
        version,
        subject_kind,
        subject_key,
        valid_from,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from steps
    group by indicator_code, version, subject_kind, subject_key, valid_from
),

intervals as (
    select
        indicator_code,
        version,
        subject_kind,
        subject_key,
        valid_from,
        lead(valid_from) over by_day as valid_to,
        sum(numerator) over by_day as numerator,
        sum(denominator) over by_day as denominator
    from daily
    window by_day as (partition by indicator_code, version, subject_kind, subject_key order by valid_from)
),

valued as (
    select
        intervals.indicator_code,
        intervals.version,
        intervals.subject_kind,
        intervals.subject_key,
        intervals.valid_from,
        intervals.valid_to,
        intervals.numerator::numeric as numerator,
        intervals.denominator::numeric as denominator,
        {{ indicator_value(
            'indicators.formula', 'indicators.shrinkage', 'intervals.numerator', 'intervals.denominator',
        ) }}::numeric as value,
        reach.to_day as advanced_to,
        greatest(
            (select max(events.recorded_at) from events), (select max(defined.recorded_at) from indicators as defined)
        ) as recorded_at
    from intervals
    inner join indicators using (indicator_code, version)
    cross join reach
)

select * from valued
