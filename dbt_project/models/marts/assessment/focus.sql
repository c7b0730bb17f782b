with

episodes as (select * from {{ source('ml', 'focus') }}),

final as (
    select
        focus_id,
        measure,
        subject_kind,
        subject_key,
        direction,
        is_adverse,
        case when ended_on is null then 'in_focus' else 'ended' end as status,
        since_on,
        detected_on,
        until_on,
        ended_on,
        ended_because,
        level_before,
        level_after,
        trend_per_week,
        strength,
        en,
        zh
    from episodes
)

select * from final
