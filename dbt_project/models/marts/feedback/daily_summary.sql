with

daily_decisions as (select * from {{ ref('int_daily_decisions') }}),

outcomes as (select * from {{ ref('int_daily_outcomes') }}),

answered as (
    select
        decided_on,
        sum(answered_instructions)::bigint as results,
        sum(findings)::bigint as findings,
        sum(revenue_cny)::numeric as revenue_cny,
        coalesce(sum(answered_instructions) filter (where selected_by = 'targeted'), 0)::bigint as targeted_results,
        coalesce(sum(findings) filter (where selected_by = 'targeted'), 0)::bigint as targeted_findings,
        coalesce(sum(answered_instructions) filter (where selected_by = 'random'), 0)::bigint as random_results,
        coalesce(sum(findings) filter (where selected_by = 'random'), 0)::bigint as random_findings
    from outcomes
    where has_instruction
    group by decided_on
),

-- one to one or none: a day on which nothing was selected has no outcome. Days from before inspections were claimed
-- or spent on learning have no number of them
final as (
    select
        daily_decisions.decided_on,
        daily_decisions.declarations,
        daily_decisions.low_lane,
        daily_decisions.medium_lane,
        daily_decisions.high_lane,
        daily_decisions.targeted
        + coalesce(daily_decisions.claimed, 0)
        + coalesce(daily_decisions.exploration, 0)
        + daily_decisions.random as instructions,
        daily_decisions.targeted,
        coalesce(daily_decisions.claimed, 0) as claimed,
        coalesce(daily_decisions.exploration, 0) as exploration,
        daily_decisions.random,
        coalesce(answered.results, 0) as results,
        coalesce(answered.findings, 0) as findings,
        coalesce(answered.revenue_cny, 0)::numeric as revenue_cny,
        coalesce(answered.targeted_results, 0) as targeted_results,
        coalesce(answered.targeted_findings, 0) as targeted_findings,
        answered.targeted_findings::float8 / nullif(answered.targeted_results, 0) as targeted_find_rate,
        coalesce(answered.random_results, 0) as random_results,
        coalesce(answered.random_findings, 0) as random_findings,
        answered.random_findings::float8 / nullif(answered.random_results, 0) as random_find_rate
    from daily_decisions
    left join answered using (decided_on)
)

select * from final
