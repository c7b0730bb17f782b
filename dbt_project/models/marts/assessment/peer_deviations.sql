with

deviations as (select * from {{ source('ml', 'peer_deviations') }}),

final as (
    select
        as_of_on,
        as_of_on = max(as_of_on) over () as is_current,
        subject_kind,
        subject_key,
        measure,
        group_level,
        group_key,
        peers,
        observations,
        value,
        peer_value,
        estimate,
        z,
        p_value,
        false_discovery_share,
        stands_out,
        direction,
        is_adverse,
        words_en,
        words_zh,
        rules_version
    from deviations
)

select * from final
