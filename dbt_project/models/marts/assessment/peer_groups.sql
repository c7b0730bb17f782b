with

peer_groups as (select * from {{ source('ml', 'peer_groups') }}),

final as (
    select
        subject_kind,
        subject_key,
        group_level,
        group_key,
        members,
        is_own,
        declarations,
        as_of_on,
        rules_version
    from peer_groups
)

select * from final
