{{ config(schema='intermediate', materialized='view', contract={'enforced': false}) }}

with

decisions as (select * from {{ ref('decisions') }}),

outcomes as (select * from {{ ref('int_outcomes') }}),

explanations as (select * from {{ source('ml', 'explanations') }}),

-- one decision to its outcome or none, and to what was told of it when it was explained first, or nothing
judged as (
    select
        decisions.office_code,
        decisions.decided_on,
        -- bins of rank within the stratum: fine where capacities lie, the best ranked first
        width_bucket(
            (decisions.score_rank - 0.5) / decisions.declarations_in_stratum,
            array[
                0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.10, 0.12, 0.14, 0.16, 0.18, 0.20, 0.25, 0.30,
                0.40, 0.60
            ]::numeric[]
        ) as rank_bin,
        case
            when decisions.selected_by in ('mandatory', 'analyst', 'parameter') then 'claimed'
            when decisions.selected_by = 'exploration' then 'explored'
            else decisions.selected_by
        end as way,
        told.risk_domain,
        decisions.likelihood,
        coalesce(decisions.expected_revenue_cny, 0) as expected_revenue_cny,
        coalesce(outcomes.is_completed, false) as is_completed,
        coalesce(outcomes.findings, 0) as findings,
        coalesce(outcomes.revenue_cny, 0)::float8 as revenue_cny,
        outcomes.officer_hours::float8 as officer_hours
    from decisions
    left join outcomes using (importer_id, declaration_id)
    left join lateral (
        select explanations.risk_domain
        from explanations
        where
            explanations.importer_id = decisions.importer_id
            and explanations.declaration_id = decisions.declaration_id
        order by explanations.conclusion_no
        limit 1
    ) as told on true
    where decisions.likelihood is not null
),

final as (
    select
        office_code,
        decided_on,
        rank_bin,
        way,
        risk_domain,
        count(*) as declarations,
        sum(likelihood) as likelihood,
        sum(expected_revenue_cny) as expected_revenue_cny,
        count(*) filter (where is_completed) as results,
        coalesce(sum(findings) filter (where is_completed), 0)::bigint as findings,
        coalesce(sum(likelihood) filter (where is_completed), 0) as result_likelihood,
        coalesce(sum(revenue_cny) filter (where is_completed), 0) as revenue_cny,
        coalesce(sum(expected_revenue_cny) filter (where is_completed), 0) as result_expected_revenue_cny,
        count(officer_hours) as timed_results,
        coalesce(sum(findings) filter (where officer_hours is not null), 0)::bigint as timed_findings,
        coalesce(sum(officer_hours), 0) as officer_hours,
        coalesce(sum(officer_hours * findings), 0) as officer_hours_of_findings
    from judged
    group by office_code, decided_on, rank_bin, way, risk_domain
)

select * from final
