{{
    config(
        schema='intermediate',
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='decided_on',
        on_schema_change='fail',
        contract={'enforced': false},
        indexes=[
            {'columns': ['decided_on', 'parameter_id'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
    )
}}

with

hits as (select * from {{ ref('int_parameter_hits') }}),

matches as (select * from {{ source('ops', 'parameter_hits') }}),

decisions as (select * from {{ ref('decisions') }}),

daily as (select * from {{ ref('int_daily_outcomes') }}),

{% if is_incremental() %}
-- days that were counted anew, and those of hits that were found since
changed_days as (
    select decided_on from daily
    where recorded_at > {{ newest_recorded() }}
    union
    select decisions.decided_on
    from matches
    inner join decisions using (importer_id, declaration_id)
    where matches.matched_at > {{ newest_recorded() }} and matches.matched_at <= now()
),
{% endif %}

-- a hit without a result is pending, where it is inspected at all
final as (
    select
        decided_on,
        parameter_id,
        count(*) as declarations,
        count(*) filter (where selected_by <> 'none' or is_examined) as selected,
        count(*) filter (where selected_by <> 'none') as instructions,
        count(*) filter (where selected_by <> 'none' and is_examined) as answered_instructions,
        count(*) filter (where is_examined) as completed,
        count(*) filter (where has_finding) as findings,
        count(*) filter (where is_examined and is_sole_hit) as sole_completed,
        count(*) filter (where has_finding and is_sole_hit) as sole_findings,
        coalesce(sum(revenue_cny), 0)::float8 as revenue_cny,
        coalesce(sum(revenue_cny ^ 2), 0)::float8 as revenue_squares,
        count(officer_hours) as timed_results,
        count(*) filter (where has_finding and officer_hours is not null) as timed_findings,
        coalesce(sum(revenue_cny) filter (where officer_hours is not null), 0)::float8 as timed_revenue_cny,
        coalesce(sum(revenue_cny ^ 2) filter (where officer_hours is not null), 0)::float8 as timed_revenue_squares,
        coalesce(sum(officer_hours), 0)::float8 as officer_hours,
        coalesce(sum(officer_hours ^ 2), 0)::float8 as officer_hours_squares,
        coalesce(sum(officer_hours * revenue_cny), 0)::float8 as officer_hours_revenue,
        coalesce(sum(officer_hours) filter (where has_finding), 0)::float8 as officer_hours_findings,
        now() as recorded_at
    from hits
    where
        decided_on is not null
        {%- if is_incremental() %}
        and decided_on = any(array(select changed_days.decided_on from changed_days))
        {%- endif %}
    group by decided_on, parameter_id
)

select * from final
