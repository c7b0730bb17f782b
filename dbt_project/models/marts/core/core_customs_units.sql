{{ config(alias='customs_units') }}

with

units as (select * from {{ ref('customs_units') }}),

final as (
    select
        unit_code,
        unit_level,
        level_no,
        parent_code,
        name_en,
        name_zh,
        valid_from,
        valid_to,
        source
    from units
)

select * from final
