{{ config(materialized='view') }}

with

requests as (select * from {{ source('ops', 'inspection_requests') }}),

claims as (select * from {{ source('ops', 'claims') }}),

decisions as (select * from {{ ref('decisions') }}),

inspections as (select * from {{ ref('int_inspections') }}),

-- one result or none to one declaration that was selected for the request; others were claimed by something before it
outcomes as (
    select
        claims.claim_key as request_id,
        count(distinct claims.declaration_id) as claimed,
        count(distinct decisions.declaration_id) as selected,
        count(distinct inspections.declaration_id) as inspected,
        count(distinct inspections.declaration_id) filter (where inspections.has_finding) as findings,
        sum(inspections.additional_duty_cny) as additional_duty_cny
    from claims
    left join decisions
        on
            claims.importer_id = decisions.importer_id
            and claims.declaration_id = decisions.declaration_id
            and claims.claim_key = decisions.claim_key
            and decisions.selected_by = 'analyst'
    left join inspections
        on
            decisions.importer_id = inspections.importer_id
            and decisions.declaration_id = inspections.declaration_id
    where claims.claim = 'analyst'
    group by claims.claim_key
),

final as (
    select
        requests.request_id,
        requests.subject_kind,
        requests.subject_key,
        requests.office_code,
        requests.risk_domain,
        requests.words_en,
        requests.words_zh,
        requests.legal_basis,
        requests.asked_at,
        requests.asked_by,
        requests.starts_on,
        requests.ends_on,
        requests.most,
        requests.withdrawn_at,
        requests.withdrawn_by,
        requests.withdraw_reason,
        coalesce(outcomes.claimed, 0) as claimed,
        coalesce(outcomes.selected, 0) as selected,
        coalesce(outcomes.inspected, 0) as inspected,
        coalesce(outcomes.findings, 0) as findings,
        coalesce(outcomes.additional_duty_cny, 0) as additional_duty_cny
    from requests
    left join outcomes using (request_id)
)

select * from final
