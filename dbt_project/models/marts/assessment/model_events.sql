with

events as (select * from {{ source('ml', 'model_events') }}),

final as (
    select
        event_no,
        happened_at,
        model_version,
        event,
        other_version,
        decided_by,
        is_policy,
        reason,
        evidence
    from events
)

select * from final
