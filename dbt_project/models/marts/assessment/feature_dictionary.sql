with

dictionary as (select * from {{ source('ml', 'feature_dictionary') }}),

final as (
    select
        position,
        feature,
        feature_group,
        group_en,
        group_zh,
        meaning_en,
        meaning_zh,
        unit,
        direction,
        source_table,
        known_from_en,
        known_from_zh,
        leak_check_en,
        leak_check_zh
    from dictionary
)

select * from final
