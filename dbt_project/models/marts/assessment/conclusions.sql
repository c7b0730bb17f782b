with

final as (
    select
        importer_id,
        declaration_id,
        conclusion_no,
        trigger,
        subject_type,
        office_code,
        hs6,
        risk_domain,
        domain_likelihoods,
        likelihood,
        likelihood_low,
        likelihood_high,
        expected_revenue_cny,
        ranking_score,
        exploration_score,
        level,
        severity,
        trend,
        hazard_factors,
        hazard_factors_en,
        hazard_factors_zh,
        uncertainty_kind,
        evidence,
        novelty,
        disagreement,
        would_help_en,
        would_help_zh,
        review_on,
        model_version,
        as_of,
        assessed_at
    from {{ ref('int_conclusions') }}
)

select * from final
