{{ config(materialized='view') }}

with

states as (select * from {{ source('ops', 'measure_states') }}),

actions as (select * from {{ source('ops', 'measure_actions') }}),

rebuttals as (select * from {{ source('ops', 'rebuttals') }}),

inspections as (select * from {{ ref('int_inspections') }}),

declarations as (select * from {{ ref('int_declarations') }}),

finding_types as (select * from {{ ref('finding_types') }}),

clock as (
    select {{ moment() }} as as_of
),

-- one result to the subjects that a measure may be on
inspected as (
    select
        inspections.importer_id,
        inspections.declaration_id,
        inspections.inspected_at,
        inspections.has_finding,
        inspections.additional_duty_cny,
        finding_types.risk_domain,
        subject.subject_kind,
        subject.subject_key
    from inspections
    inner join declarations using (importer_id, declaration_id)
    left join finding_types using (finding_type)
    cross join
        lateral (
            values
            ('party', declarations.importer_id),
            ('commodity', declarations.hs6),
            ('commodity_origin', declarations.hs6 || '|' || declarations.origin_country),
            ('country', declarations.origin_country),
            ('office', declarations.office_code)
        ) as subject (subject_kind, subject_key)
    where
        inspections.inspected_at >= (
            select min(begun.effective_from) from states as begun
        )
),

-- many results to one measure: what was inspected of its subject while it had effect
effects as (
    select
        states.measure_id,
        count(distinct inspected.declaration_id) as inspections,
        count(distinct inspected.declaration_id) filter (where inspected.has_finding) as findings,
        count(distinct inspected.declaration_id)
        filter (where inspected.has_finding and inspected.risk_domain = states.risk_domain) as findings_of_domain,
        coalesce(sum(inspected.additional_duty_cny), 0) as revenue_cny
    from states
    inner join inspected using (subject_kind, subject_key)
    where
        inspected.inspected_at >= states.effective_from
        and inspected.inspected_at < coalesce(states.effective_to, 'infinity')
    group by states.measure_id
),

rebutted as (
    select
        measure_id,
        count(*) as rebuttals
    from rebuttals
    where refusal is null
    group by measure_id
),

-- one measure to one action, and to one row of effects or none
final as (
    select
        states.measure_id,
        states.kind_no,
        states.kind,
        actions.kind_en,
        actions.kind_zh,
        states.action,
        actions.action_en,
        actions.action_zh,
        states.risk_domain,
        states.subject_type,
        states.subject_kind,
        states.subject_key,
        states.scope,
        states.value_before,
        states.value_after,
        states.legal_basis,
        states.starts_at,
        states.ends_at,
        states.evidence,
        states.reason_en,
        states.reason_zh,
        states.proposed_at,
        states.proposed_by,
        states.rule_code,
        states.needs_approval,
        states.approval_id,
        states.answer,
        states.answered_at,
        states.answered_as,
        ops.measure_state(states, clock.as_of) as state,
        ops.measure_state(states, clock.as_of) = 'in_force' as is_in_force,
        states.effective_from,
        states.effective_to,
        states.supersedes,
        states.superseded_by,
        states.lifted_at,
        states.lifted_by,
        states.lift_reason,
        coalesce(rebutted.rebuttals, 0) as rebuttals,
        coalesce(effects.inspections, 0) as inspections,
        coalesce(effects.findings, 0) as findings,
        coalesce(effects.findings_of_domain, 0) as findings_of_domain,
        coalesce(effects.revenue_cny, 0) as revenue_cny
    from states
    inner join actions using (kind, action)
    cross join clock
    left join effects using (measure_id)
    left join rebutted using (measure_id)
)

select * from final
