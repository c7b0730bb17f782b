with

referrals as (select * from {{ source('ops', 'referrals') }}),

declarations as (select * from {{ ref('int_declarations') }}),

results as (select * from {{ ref('int_audit_results') }}),

outbox as (select * from {{ source('ops', 'outbox') }}),

clock as (
    select {{ moment() }} as as_of
),

-- several results of one referral: the last that became known is the outcome
last_results as (
    select distinct on (referral_id) *
    from results
    order by referral_id asc, known_at desc, result_id asc
),

-- one referral to one declaration, or none of a case, and to one result or none
final as (
    select
        referrals.referral_id,
        referrals.referral_kind,
        referrals.importer_id,
        referrals.declaration_id,
        declarations.office_code,
        declarations.hs6,
        referrals.selected_by,
        referrals.reason_en,
        referrals.reason_zh,
        referrals.result_ids as rests_on,
        referrals.likelihood,
        referrals.expected_revenue_cny,
        referrals.cohort_from,
        referrals.cohort_to,
        referrals.declarations_in_cohort,
        referrals.audit_capacity,
        referrals.random_capacity,
        referrals.score_rank,
        referrals.random_draw,
        referrals.selection_probability,
        referrals.selection_seed,
        referrals.rule_hash,
        referrals.referred_at,
        referrals.due_at,
        outbox.dispatched_at,
        case
            when last_results.result_id is not null then 'answered'
            when referrals.due_at < clock.as_of then 'overdue'
            else 'open'
        end as status,
        last_results.result_id,
        last_results.outcome,
        last_results.finding_type,
        last_results.additional_duty_cny,
        last_results.officer_hours,
        last_results.audited_at,
        last_results.known_on,
        extract(epoch from last_results.known_at - referrals.referred_at)::float8 / 86400 as days_to_result
    from referrals
    cross join clock
    left join declarations using (importer_id, declaration_id)
    left join last_results using (referral_id)
    left join outbox on outbox.message_id = 'referral:' || referrals.referral_id
)

select * from final
