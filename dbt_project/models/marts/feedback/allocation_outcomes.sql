{{ config(materialized='view') }}

with

allocations as (select * from {{ ref('allocations') }}),

runs as (select * from {{ source('ml', 'allocation_runs') }}),

decisions as (select * from {{ ref('decisions') }}),

outcomes as (select * from {{ ref('int_outcomes') }}),

-- an office's eight domains together
offices as (
    select
        allocation_id,
        month_on,
        office_code,
        status,
        is_in_force,
        min(expected_declarations) as expected_declarations,
        min(present_rate) as present_rate,
        min(recommended_rate) as recommended_rate,
        sum(present_inspections) as present_inspections,
        sum(recommended_inspections) as recommended_inspections,
        sum(present_officer_hours) as present_officer_hours,
        sum(recommended_officer_hours) as recommended_officer_hours,
        sum(present_findings) as present_findings,
        sum(recommended_findings) as recommended_findings,
        sum(present_revenue_cny) as present_revenue_cny,
        sum(recommended_revenue_cny) as recommended_revenue_cny
    from allocations
    group by allocation_id, month_on, office_code, status, is_in_force
),

months as (select distinct month_on from offices),

-- what was decided in those months, with its outcome or none; only what a model had ranked is held against ranks
decided as (
    select
        months.month_on,
        decisions.office_code,
        decisions.selected_by,
        decisions.likelihood,
        decisions.expected_revenue_cny,
        (decisions.score_rank - 0.5) / decisions.declarations_in_stratum as rank_share,
        coalesce(outcomes.is_completed, false) as is_completed,
        coalesce(outcomes.findings, 0) as findings,
        coalesce(outcomes.revenue_cny, 0)::float8 as revenue_cny,
        coalesce(outcomes.officer_hours, 0)::float8 as officer_hours
    from months
    inner join decisions
        on
            months.month_on <= decisions.decided_on
            and decisions.decided_on < (months.month_on + interval '1 month')::date
    left join outcomes using (importer_id, declaration_id)
),

observed as (
    select
        month_on,
        office_code,
        count(*) as declarations,
        count(*) filter (where selected_by <> 'none') as inspections,
        count(*) filter (where selected_by = 'targeted') as targeted,
        count(*) filter (where is_completed) as results,
        sum(findings)::bigint as findings,
        sum(revenue_cny) as revenue_cny,
        sum(officer_hours) as officer_hours
    from decided
    group by month_on, office_code
),

-- what the likelihoods of the targeted came to, over all offices
came_true as (
    select
        month_on,
        {{ smoothed('sum(findings)', 'sum(likelihood)', '1') }} as share,
        coalesce(sum(revenue_cny) / nullif(sum(expected_revenue_cny), 0), 1) as revenue_share
    from decided
    where selected_by = 'targeted' and is_completed
    group by month_on
),

-- down to which share of its declarations an office's targeting went, and would have gone with what it had
reached as (
    select
        offices.allocation_id,
        offices.month_on,
        offices.office_code,
        offices.present_rate / offices.recommended_rate as present_share,
        observed.targeted::float8 / observed.declarations as cut,
        observed.targeted::float8 / observed.declarations
        * (offices.present_rate / offices.recommended_rate) as present_cut
    from offices
    inner join observed using (month_on, office_code)
    where offices.is_in_force and offices.recommended_rate > 0
),

-- who got more: what was found beyond where targeting would have ended. Who got less: what was likely to be found
-- between the two, and was not looked for. What was not targeted grew or shrank with the capacity
moved as (
    select
        reached.allocation_id,
        reached.office_code,
        coalesce(sum(decided.findings) filter (
            where decided.selected_by = 'targeted' and decided.rank_share > reached.present_cut
        ), 0)::float8 as won,
        coalesce(sum(decided.revenue_cny) filter (
            where decided.selected_by = 'targeted' and decided.rank_share > reached.present_cut
        ), 0) as won_revenue_cny,
        coalesce(sum(decided.likelihood) filter (
            where
            decided.selected_by = 'none'
            and decided.rank_share <= reached.present_cut
            and decided.rank_share > reached.cut
        ), 0) as likely_lost,
        coalesce(sum(decided.expected_revenue_cny) filter (
            where
            decided.selected_by = 'none'
            and decided.rank_share <= reached.present_cut
            and decided.rank_share > reached.cut
        ), 0) as likely_lost_revenue_cny,
        coalesce(sum(decided.findings) filter (where decided.selected_by not in ('none', 'targeted')), 0)
        * (1 - min(reached.present_share)) as by_other_ways,
        coalesce(sum(decided.revenue_cny) filter (where decided.selected_by not in ('none', 'targeted')), 0)
        * (1 - min(reached.present_share)) as revenue_by_other_ways,
        bool_or(reached.present_share < 1) as has_more
    from reached
    inner join decided using (month_on, office_code)
    group by reached.allocation_id, reached.office_code
),

gained as (
    select
        moved.allocation_id,
        moved.office_code,
        case when moved.has_more then moved.won else -moved.likely_lost * coalesce(came_true.share, 1) end
        + moved.by_other_ways as gained_findings,
        case
            when moved.has_more then moved.won_revenue_cny
            else -moved.likely_lost_revenue_cny * coalesce(came_true.revenue_share, 1)
        end + moved.revenue_by_other_ways as gained_revenue_cny,
        -- counts: the variance of each is its size
        case when moved.has_more then moved.won else moved.likely_lost * coalesce(came_true.share, 1) end
        + abs(moved.by_other_ways) as variance
    from moved
    inner join runs using (allocation_id)
    left join came_true using (month_on)
),

by_office as (
    select
        offices.*,
        observed.declarations,
        observed.inspections,
        observed.results,
        observed.findings,
        observed.revenue_cny,
        observed.officer_hours,
        gained.gained_findings,
        gained.gained_revenue_cny,
        gained.variance
    from offices
    left join observed using (month_on, office_code)
    left join gained using (allocation_id, office_code)
),

-- and all offices together
together as (
    select
        allocation_id,
        month_on,
        coalesce(office_code, 'all') as office_code,
        min(status) as status,
        bool_or(is_in_force) as is_in_force,
        sum(expected_declarations) as expected_declarations,
        sum(declarations)::bigint as declarations,
        sum(present_inspections) as present_inspections,
        sum(recommended_inspections) as recommended_inspections,
        sum(inspections)::bigint as inspections,
        sum(results)::bigint as results,
        sum(present_officer_hours) as present_officer_hours,
        sum(recommended_officer_hours) as recommended_officer_hours,
        sum(officer_hours) as officer_hours,
        sum(present_findings) as present_findings,
        sum(recommended_findings) as recommended_findings,
        sum(findings)::bigint as findings,
        sum(present_revenue_cny) as present_revenue_cny,
        sum(recommended_revenue_cny) as recommended_revenue_cny,
        sum(revenue_cny) as revenue_cny,
        sum(gained_findings) as gained_findings,
        sum(gained_findings) - 1.96 * sqrt(sum(variance)) as gained_findings_low,
        sum(gained_findings) + 1.96 * sqrt(sum(variance)) as gained_findings_high,
        sum(gained_revenue_cny) as gained_revenue_cny
    from by_office
    group by grouping sets ((allocation_id, month_on, office_code), (allocation_id, month_on))
),

final as (
    select
        allocation_id,
        month_on,
        office_code,
        status,
        is_in_force,
        expected_declarations,
        declarations,
        present_inspections,
        recommended_inspections,
        inspections,
        results,
        present_officer_hours,
        recommended_officer_hours,
        officer_hours,
        present_findings,
        recommended_findings,
        findings,
        recommended_findings - present_findings as expected_gain_findings,
        gained_findings,
        gained_findings_low,
        gained_findings_high,
        present_revenue_cny,
        recommended_revenue_cny,
        revenue_cny,
        recommended_revenue_cny - present_revenue_cny as expected_gain_revenue_cny,
        gained_revenue_cny
    from together
)

select * from final
