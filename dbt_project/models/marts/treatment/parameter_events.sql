{{ config(materialized='view') }}

with

events as (select * from {{ source('ops', 'parameter_events') }}),

final as (
    select
        event_no,
        parameter_id,
        version,
        event,
        happened_at,
        officer,
        unit_code,
        reason
    from events
)

select * from final
