{{ config(materialized='view') }}

with

approvals as (select * from {{ source('ops', 'approvals') }}),

clock as (
    select {{ moment() }} as as_of
),

final as (
    select
        approvals.approval_id,
        approvals.matter,
        approvals.subject_id,
        approvals.question_en,
        approvals.question_zh,
        approvals.recommended,
        approvals.recommendation,
        approvals.asked_at,
        approvals.asked_by,
        approvals.needed_posts,
        approvals.due_at,
        approvals.escalates_to,
        approvals.escalated_at,
        case
            when approvals.answer is not null then approvals.answer
            when approvals.withdrawn_at is not null then 'withdrawn'
            when approvals.due_at < clock.as_of then 'overdue'
            else 'open'
        end as status,
        approvals.answered_at,
        approvals.answered_by,
        approvals.answered_post,
        approvals.answered_as,
        coalesce(approvals.reason, approvals.withdrawal_reason) as reason,
        extract(epoch from coalesce(approvals.answered_at, approvals.withdrawn_at, clock.as_of) - approvals.asked_at)
        ::float8 / 3600 as hours_waited
    from approvals
    cross join clock
)

select * from final
