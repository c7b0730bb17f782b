{{ config(materialized='view') }}

with

inspections as (select * from {{ ref('stg_inspection_results') }}),

audits as (select * from {{ ref('stg_audit_results') }}),

-- an audit looks at goods as an inspection does, only later and in the books: what it finds is a finding like any
-- other. A case on a party is of no declaration, and no label
final as (
    select
        result_id,
        declaration_id,
        instruction_id,
        officer_id,
        inspected_at,
        reported_at,
        selected_by,
        has_finding,
        finding_type,
        additional_duty_cny,
        officer_hours,
        is_backfill,
        batch_id,
        row_no,
        known_at
    from inspections
    union all
    select
        'audit:' || result_id as result_id,
        declaration_id,
        referral_id as instruction_id,
        auditor_id as officer_id,
        audited_at as inspected_at,
        reported_at,
        'audit' as selected_by,
        outcome = 'violation' as has_finding,
        finding_type,
        additional_duty_cny,
        officer_hours,
        is_backfill,
        batch_id,
        row_no,
        known_at
    from audits
    where declaration_id is not null
)

select * from final
