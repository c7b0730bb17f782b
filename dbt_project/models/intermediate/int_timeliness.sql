{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='batch_id',
        on_schema_change='fail',
        indexes=[{'columns': ['batch_id'], 'unique': true}, {'columns': ['recorded_at']}]
    )
}}

with

batches as (
    select * from {{ ref('int_batches') }}
    where
        not is_backfill
        {%- if is_incremental() %}
        and recorded_at > {{ newest_recorded() }}
        {%- endif %}
),

versions as (select * from {{ source('ops', 'contracts') }}),

-- each contract names the column that says when a thing happened
contracts as (
    select distinct on (feed)
        feed,
        declared ->> 'known_at' as happened,
        (declared ->> 'freshness_hours')::numeric as freshness_hours
    from versions
    order by feed asc, version desc
),

-- one to one: what was measured of each delivery
measured as (
    select
        batches.batch_id,
        batches.feed,
        counted.measured_rows,
        counted.timely_rows,
        counted.median_hours_to_know,
        batches.recorded_at
    from batches
    inner join contracts using (feed)
    cross join lateral ops.timeliness(
        batches.feed, batches.batch_id, contracts.happened, contracts.freshness_hours
    ) as counted (measured_rows, timely_rows, median_hours_to_know)
)

select * from measured
