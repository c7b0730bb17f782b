with

combinations as (select * from {{ source('ml', 'combined_conclusions') }}),

declarations as (select * from {{ ref('int_declarations') }}),

-- the latest stands
latest as (
    select distinct on (importer_id, declaration_id, risk_domain) *
    from combinations
    order by importer_id asc, declaration_id asc, risk_domain asc, combination_no desc
),

-- one to one: a combination is of one declaration
final as (
    select
        latest.importer_id,
        latest.declaration_id,
        declarations.office_code,
        latest.risk_domain,
        latest.combination_no,
        latest.combined_at,
        latest.likelihood,
        latest.likelihood_low,
        latest.likelihood_high,
        latest.level,
        latest.agreement,
        latest.disagreement,
        latest.model_version,
        latest.model_as_of,
        latest.model_likelihood,
        latest.model_level,
        latest.model_domain_likelihood,
        latest.model_weight,
        latest.experts,
        latest.expert_likelihood,
        latest.expert_statements,
        latest.base_rate,
        latest.rule_hash
    from latest
    inner join declarations using (importer_id, declaration_id)
)

select * from final
