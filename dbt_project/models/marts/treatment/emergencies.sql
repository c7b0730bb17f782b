with

activations as (select * from {{ source('ops', 'emergency_activations') }}),

plans as (select * from {{ source('ops', 'emergency_plans') }}),

approvals as (select * from {{ source('ops', 'approvals') }}),

updates as (select * from {{ source('ops', 'emergency_updates') }}),

measures as (select * from {{ source('ops', 'emergency_measures') }}),

steps as (select * from {{ ref('emergency_steps') }}),

findings as (select * from {{ source('ops', 'emergency_findings') }}),

outbox as (select * from {{ source('ops', 'outbox') }}),

clock as (
    select {{ moment() }} as as_of
),

-- of each thing, what was told of it last
known as (
    select
        activation_id,
        count(*) as updates,
        max(noted_at) as updated_at,
        (array_agg(cause_en order by update_no desc) filter (where cause_en is not null))[1] as cause_en,
        (array_agg(cause_zh order by update_no desc) filter (where cause_zh is not null))[1] as cause_zh,
        (array_agg(severity order by update_no desc) filter (where severity is not null))[1] as severity,
        (array_agg(scope_en order by update_no desc) filter (where scope_en is not null))[1] as scope_en,
        (array_agg(scope_zh order by update_no desc) filter (where scope_zh is not null))[1] as scope_zh
    from updates
    group by activation_id
),

measured as (
    select
        measures.activation_id,
        count(*) as measures,
        count(*) filter (
            where clock.as_of >= measures.starts_at and clock.as_of < coalesce(measures.ended_at, measures.ends_at)
        ) as measures_running,
        count(measures.measure_id) as measures_carried_out
    from measures
    cross join clock
    group by measures.activation_id
),

stepped as (
    select
        activation_id,
        count(*) as steps,
        count(done_at) as steps_done,
        count(*) filter (where is_late) as steps_late
    from steps
    group by activation_id
),

found as (
    select
        activation_id,
        count(*) as findings,
        count(*) filter (where mended_at is null) as findings_open
    from findings
    group by activation_id
),

told as (
    select
        subject_id as activation_id,
        count(*) as messages,
        count(dispatched_at) as messages_sent
    from outbox
    where kind in ('emergency', 'drill')
    group by subject_id
),

-- one activation to one plan, one approval, and what is counted of it
final as (
    select
        activations.activation_id,
        activations.plan_id,
        activations.plan_version,
        plans.risk_domain,
        plans.title_en,
        plans.title_zh,
        activations.is_drill,
        activations.event_en,
        activations.event_zh,
        coalesce(known.cause_en, 'unknown') as cause_en,
        coalesce(known.cause_zh, '未知') as cause_zh,
        coalesce(known.severity, 'unknown') as severity,
        coalesce(known.scope_en, 'unknown') as scope_en,
        coalesce(known.scope_zh, '未知') as scope_zh,
        known.updates,
        known.updated_at,
        activations.requested_at,
        activations.requested_by,
        activations.reason,
        activations.approval_id,
        approvals.answer,
        approvals.answered_by,
        approvals.answered_as,
        extract(epoch from approvals.answered_at - activations.requested_at)::float8 / 3600 as hours_to_answer,
        activations.started_at,
        activations.refused_at,
        activations.stood_down_at,
        activations.stood_down_by,
        activations.stand_down_reason,
        case
            when activations.stood_down_at is not null then 'stood_down'
            when activations.refused_at is not null then 'refused'
            when activations.started_at is not null then 'active'
            else 'requested'
        end as status,
        coalesce(measured.measures, 0) as measures,
        coalesce(measured.measures_running, 0) as measures_running,
        coalesce(measured.measures_carried_out, 0) as measures_carried_out,
        coalesce(stepped.steps, 0) as steps,
        coalesce(stepped.steps_done, 0) as steps_done,
        coalesce(stepped.steps_late, 0) as steps_late,
        coalesce(found.findings, 0) as findings,
        coalesce(found.findings_open, 0) as findings_open,
        coalesce(told.messages, 0) as messages,
        coalesce(told.messages_sent, 0) as messages_sent
    from activations
    inner join plans using (plan_id, plan_version)
    left join approvals on activations.approval_id = approvals.approval_id
    left join known using (activation_id)
    left join measured using (activation_id)
    left join stepped using (activation_id)
    left join found using (activation_id)
    left join told using (activation_id)
)

select * from final
