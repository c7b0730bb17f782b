with

steps as (select * from {{ source('ops', 'emergency_steps') }}),

activations as (select * from {{ source('ops', 'emergency_activations') }}),

clock as (
    select {{ moment() }} as as_of
),

-- what is not done yet is late from its deadline on, until the activation is stood down
final as (
    select
        steps.activation_id,
        steps.step_no,
        activations.plan_id,
        activations.plan_version,
        activations.is_drill,
        steps.responsible_role,
        steps.step_en,
        steps.step_zh,
        steps.due_at,
        steps.done_at,
        steps.done_by,
        steps.note,
        extract(epoch from steps.due_at - activations.started_at)::float8 / 3600 as hours_allowed,
        extract(epoch from steps.done_at - activations.started_at)::float8 / 3600 as hours_taken,
        coalesce(steps.done_at, activations.stood_down_at, clock.as_of) > steps.due_at as is_late
    from steps
    inner join activations using (activation_id)
    cross join clock
)

select * from final
