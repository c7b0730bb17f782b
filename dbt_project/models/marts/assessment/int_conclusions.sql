{{ config(schema='intermediate', materialized='view', contract={'enforced': false}) }}

-- what the pipeline's own models read: it asks nobody's rights, so that rows are looked up in it by index

with

-- read twice: materialized, it would be read whole each time
conclusions as not materialized (select * from {{ source('ml', 'conclusions') }}),

explanations as (select * from {{ source('ml', 'explanations') }}),

declarations as (select * from {{ ref('int_declarations') }}),

reviews as (select * from {{ ref('conclusion_reviews') }}),

-- of several conclusions on one declaration the latest stands
standing as (
    select * from conclusions
    where {{ is_standing('conclusions') }}
),

-- one to one: a conclusion is drawn on one declaration, and explained once or not at all
final as (
    select
        standing.importer_id,
        standing.declaration_id,
        standing.conclusion_no,
        standing.trigger,
        'goods' as subject_type,
        declarations.office_code,
        declarations.hs6,
        explanations.risk_domain,
        explanations.domain_likelihoods,
        standing.likelihood,
        standing.likelihood_low,
        standing.likelihood_high,
        standing.expected_revenue_cny,
        standing.ranking_score,
        standing.exploration_score,
        standing.level,
        standing.severity,
        standing.trend,
        explanations.hazard_factors,
        {{ factor_words('explanations.hazard_factors', 'en', '; ') }} as hazard_factors_en,
        {{ factor_words('explanations.hazard_factors', 'zh', '；') }} as hazard_factors_zh,
        standing.uncertainty_kind,
        standing.evidence,
        standing.novelty,
        explanations.disagreement,
        reviews.would_help_en,
        reviews.would_help_zh,
        {{ business_day('standing.as_of') }} + reviews.review_after_days as review_on,
        standing.model_version,
        standing.as_of,
        standing.assessed_at
    from standing
    inner join declarations using (importer_id, declaration_id)
    left join explanations using (importer_id, declaration_id, conclusion_no)
    left join reviews using (level, uncertainty_kind)
)

select * from final
