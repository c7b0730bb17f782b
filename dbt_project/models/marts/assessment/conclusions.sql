with

conclusions as (select * from {{ source('ml', 'conclusions') }}),

declarations as (select * from {{ ref('int_declarations') }}),

-- one to one: a conclusion is drawn on one declaration
final as (
    select
        conclusions.importer_id,
        conclusions.declaration_id,
        'goods' as subject_type,
        declarations.office_code,
        declarations.hs6,
        conclusions.likelihood,
        conclusions.expected_revenue_cny,
        conclusions.ranking_score,
        conclusions.level,
        conclusions.severity,
        conclusions.hazard_factors,
        {{ factor_words('conclusions.hazard_factors', 'en', '; ') }} as hazard_factors_en,
        {{ factor_words('conclusions.hazard_factors', 'zh', '；') }} as hazard_factors_zh,
        conclusions.model_version,
        conclusions.as_of,
        conclusions.assessed_at
    from conclusions
    inner join declarations using (importer_id, declaration_id)
)

select * from final
