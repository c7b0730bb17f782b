{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='batch_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['batch_id'], 'unique': true},
            {'columns': ['feed', 'recorded_at']},
        ]
    )
}}

with

delivered as (select * from {{ source('ops', 'batches') }}),

looks as (select * from {{ source('ml', 'focus_runs') }}),

-- a day's look at the trade itself is a delivery of its own: what rises is a signal
batches as (
    select
        batch_id,
        feed,
        is_backfill,
        loaded,
        corrected,
        finished_at
    from delivered
    where status = 'loaded'
    union all
    select
        'focus|' || looked_on as batch_id,
        'focus' as feed,
        false as is_backfill,
        raised + ended as loaded,
        0 as corrected,
        looked_at as finished_at
    from looks
),

-- a delivery is recorded again when the ledger says that it changed: rows released, or read anew
recorded as (
    select
        batches.batch_id,
        batches.feed,
        batches.is_backfill,
        batches.loaded,
        coalesce(batches.corrected, 0) as corrected,
        batches.finished_at,
        now() as recorded_at
    from batches
    {%- if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as stored
            where
                stored.batch_id = batches.batch_id
                and stored.loaded = batches.loaded
                and stored.finished_at is not distinct from batches.finished_at
        )
    {%- endif %}
)

select * from recorded
