{{
    config(
        materialized='incremental',
        tags=['instruct'],
        incremental_strategy='append',
        on_schema_change='fail',
        full_refresh=false,
        indexes=[
            {'columns': ['instruction_id']},
            {'columns': ['decided_on', 'office_code']},
            {'columns': ['decided_at']},
        ],
    )
}}

with

decisions as (select * from {{ ref('decisions') }}),

examinations as (select * from {{ ref('examinations') }}),

declarations as (select * from {{ ref('int_declarations') }}),

conclusions as (select * from {{ ref('int_conclusions') }}),

-- one decision to the one conclusion that it was made from
selected as (
    select
        decisions.*,
        conclusions.hazard_factors_en,
        conclusions.hazard_factors_zh,
        case decisions.selected_by
            when 'random' then '' else coalesce(conclusions.hazard_factors -> 0 ->> 'feature', '')
        end as strongest_factor
    from decisions
    inner join conclusions using (importer_id, declaration_id)
    where
        decisions.selected_by <> 'none'
        {%- if is_incremental() %}
        and decisions.decided_at > (select coalesce(max(issued.decided_at), '-infinity') from {{ this }} as issued)
        {%- endif %}
),

-- one examination per instruction: the first pattern that matches
final as (
    select
        selected.importer_id,
        selected.declaration_id,
        'I' || to_char(selected.decided_on, 'YYYYMMDD') || '-'
        || upper(substr(md5(selected.importer_id || '|' || selected.declaration_id), 1, 12)) as instruction_id,
        selected.office_code,
        selected.decided_on,
        selected.selected_by,
        selected.lane,
        selected.level,
        declarations.hs6,
        declarations.goods_name,
        examination.what_to_examine_en,
        examination.what_to_examine_zh,
        selected.reason_en || coalesce('. Hazard factors: ' || selected.hazard_factors_en, '') as reason_en,
        selected.reason_zh || coalesce('。风险因素：' || selected.hazard_factors_zh, '') as reason_zh,
        selected.model_version,
        selected.likelihood,
        selected.expected_revenue_cny,
        selected.score_rank,
        selected.declarations_in_stratum,
        selected.random_probability,
        selected.selection_probability,
        selected.decided_at
    from selected
    inner join declarations using (importer_id, declaration_id)
    cross join lateral (
        select examinations.*
        from examinations
        where selected.strongest_factor ~ examinations.feature_pattern
        order by examinations.priority
        limit 1
    ) as examination
)

select * from final
