{{
    config(
        schema='intermediate',
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='decided_on',
        on_schema_change='fail',
        contract={'enforced': false},
        indexes=[
            {
                'columns': [
                    'decided_on', 'office_code', 'importer_credit_tier', 'lane', 'selected_by', 'has_instruction',
                    'is_below_cutoff', 'risk_domain',
                ],
                'unique': true,
            },
            {'columns': ['recorded_at']},
        ],
    )
}}

with

-- read more than once, each time by an index
decisions as not materialized (select * from {{ ref('decisions') }}),

declarations as (select * from {{ ref('int_declarations') }}),

results as (select * from {{ ref('int_results') }}),

versions as not materialized (select * from {{ ref('int_inspection_versions') }}),

{% if is_incremental() %}
-- live results that came or were corrected. The upper bounds say nothing new, but let the planner expect few rows, and
-- use the index; arrays do the same for equality
changed_results as (
    select declaration_id from versions
    where not is_backfill and recorded_at > {{ newest_recorded() }} and recorded_at <= now()
    union
    select declaration_id from versions
    where
        not is_backfill
        and superseded_recorded_at > {{ newest_recorded() }}
        and superseded_recorded_at <= now()
),

-- a day is counted anew when a decision, a result or a correction of a result was added to it: a late result moves
-- the day of its decision and no other
changed_days as (
    select decided_on from decisions
    where decided_at > {{ newest_recorded() }} and decided_at <= now()
    union
    select decided_on from decisions
    where declaration_id = any(array(select changed_results.declaration_id from changed_results))
),
{% endif %}

-- one to one, and to results or none: probed for one by one, since the days counted are few beside the history.
-- What was inspected without an instruction was somebody's choice, and never counts as random
outcomes as (
    select
        decisions.decided_on,
        decisions.office_code,
        coalesce((
            select declarations.importer_credit_tier from declarations
            where
                declarations.importer_id = decisions.importer_id
                and declarations.declaration_id = decisions.declaration_id
        ), 'not stated') as importer_credit_tier,
        decisions.lane,
        case
            when decisions.selected_by <> 'none' then decisions.selected_by
            when result.declaration_id is null then 'none'
            else 'analyst'
        end as selected_by,
        decisions.selected_by <> 'none' as has_instruction,
        coalesce(decisions.selection_probability < 1, false) as is_below_cutoff,
        coalesce(result.risk_domain, 'none') as risk_domain,
        result.declaration_id is not null as is_completed,
        result.has_finding::int as findings,
        result.is_coded,
        result.revenue_cny::float8 as revenue_cny,
        result.officer_hours::float8 as officer_hours,
        decisions.likelihood,
        result.result_known_on - decisions.decided_on as delay_days,
        -- how many declarations an inspection stands for: chance chose it, or the instruction was certain
        case
            when decisions.selected_by <> 'none' and result.declaration_id is not null
                then 1 / nullif(decisions.selection_probability, 0)
        end as weight
    from decisions
    left join lateral (
        select results.*
        from results
        where
            results.importer_id = decisions.importer_id
            and results.declaration_id = decisions.declaration_id
        order by results.result_known_on
        limit 1
    ) as result on true
    {%- if is_incremental() %}
    where decisions.decided_on = any(array(select changed_days.decided_on from changed_days))
    {%- endif %}
),

-- sums of squares and products let any group of days say how sure its ratios are, and so do the largest weights. What
-- leaks is what an inspection stands for beside itself
final as (
    select
        decided_on,
        office_code,
        importer_credit_tier,
        lane,
        selected_by,
        has_instruction,
        is_below_cutoff,
        risk_domain,
        count(*) as declarations,
        count(*) filter (where selected_by <> 'none') as selected,
        count(*) filter (where has_instruction) as instructions,
        count(*) filter (where is_completed) as completed,
        coalesce(sum(findings), 0)::bigint as findings,
        coalesce(sum(revenue_cny), 0) as revenue_cny,
        coalesce(sum(revenue_cny ^ 2), 0) as revenue_squares,
        count(officer_hours) as timed_results,
        coalesce(sum(findings) filter (where officer_hours is not null), 0)::bigint as timed_findings,
        coalesce(sum(revenue_cny) filter (where officer_hours is not null), 0) as timed_revenue_cny,
        coalesce(sum(revenue_cny ^ 2) filter (where officer_hours is not null), 0) as timed_revenue_squares,
        coalesce(sum(officer_hours), 0) as officer_hours,
        coalesce(sum(officer_hours ^ 2), 0) as officer_hours_squares,
        coalesce(sum(officer_hours * revenue_cny), 0) as officer_hours_revenue,
        coalesce(sum(officer_hours * findings), 0) as officer_hours_findings,
        count(likelihood) filter (where is_completed) as scored_results,
        coalesce(sum(findings) filter (where likelihood is not null), 0)::bigint as scored_findings,
        coalesce(sum(likelihood) filter (where is_completed), 0) as expected_findings,
        count(*) filter (where has_instruction and is_completed) as answered_instructions,
        count(*) filter (where has_instruction and is_completed and is_coded) as coded_instructions,
        coalesce(sum(delay_days) filter (where has_instruction), 0)::bigint as delay_days,
        coalesce(sum(delay_days ^ 2) filter (where has_instruction), 0) as delay_squares,
        coalesce(sum(weight), 0) as weights,
        coalesce(sum(weight ^ 2), 0) as weight_squares,
        coalesce(max(weight), 0) as largest_weight,
        coalesce(sum(weight * findings), 0) as weighted_findings,
        coalesce(sum((weight - 1) * findings), 0) as represented_findings,
        coalesce(sum(((weight - 1) * findings) ^ 2), 0) as represented_squares,
        coalesce(sum((weight - 1) * revenue_cny), 0) as represented_revenue_cny,
        coalesce(sum(((weight - 1) * revenue_cny) ^ 2), 0) as represented_revenue_squares,
        coalesce(max((weight - 1) * revenue_cny), 0) as largest_represented_revenue_cny,
        now() as recorded_at
    from outcomes
    group by
        decided_on, office_code, importer_credit_tier, lane, selected_by, has_instruction, is_below_cutoff, risk_domain
)

select * from final
