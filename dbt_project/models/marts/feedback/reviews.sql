{{ config(materialized='view') }}

with

reviews as (select * from {{ source('ops', 'reviews') }}),

approvals as (select * from {{ source('ops', 'approvals') }}),

clock as (
    select {{ moment() }} as as_of
),

-- one question per recommendation
asked as (
    select
        subject_id as review_id,
        approval_id,
        due_at
    from approvals
    where matter = 'review'
),

-- one to one or none, each
final as (
    select
        reviews.review_id,
        reviews.month_on,
        reviews.subject_kind,
        reviews.subject_id,
        reviews.version,
        reviews.risk_domain,
        reviews.previous_review_id,
        reviews.from_on,
        reviews.to_on,
        reviews.days_in_force,
        reviews.hits,
        reviews.inspected,
        reviews.findings,
        reviews.expected_precision,
        reviews.precision_low,
        reviews.precision_high,
        reviews.random_inspected,
        reviews.random_findings,
        reviews.random_rate,
        reviews.random_rate_low,
        reviews.random_rate_high,
        reviews.lift,
        reviews.lift_low,
        reviews.lift_high,
        reviews.officer_hours,
        reviews.revenue_cny,
        reviews.claimed_inspections,
        reviews.claimed_findings,
        reviews.findings_displaced,
        reviews.findings_gained_high,
        reviews.before_from_on,
        reviews.before_to_on,
        reviews.hits_before,
        reviews.inspected_before,
        reviews.compliance_before,
        reviews.compliance_before_low,
        reviews.compliance_before_high,
        reviews.compliance_after,
        reviews.compliance_after_low,
        reviews.compliance_after_high,
        reviews.compliance_change,
        reviews.compliance_change_low,
        reviews.compliance_change_high,
        reviews.verdict,
        reviews.rule_code,
        reviews.rules_version,
        reviews.reason_en,
        reviews.reason_zh,
        reviews.change,
        reviews.created_at,
        reviews.outcome,
        reviews.outcome_at,
        reviews.outcome_by,
        reviews.outcome_reason,
        reviews.became,
        case
            when reviews.verdict = 'keep' then 'kept'
            when reviews.outcome is not null then reviews.outcome
            when asked.due_at < clock.as_of then 'overdue'
            else 'waiting'
        end as status,
        asked.approval_id,
        previous.verdict as previous_verdict,
        previous.outcome as previous_outcome,
        extract(epoch from reviews.outcome_at - reviews.created_at)::float8 / 86400 as days_to_outcome
    from reviews
    cross join clock
    left join asked using (review_id)
    left join reviews as previous on reviews.previous_review_id = previous.review_id
)

select * from final
