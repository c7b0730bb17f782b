{{ config(materialized='view', tags=['instruct']) }}

with

instructions as (select * from {{ ref('instructions') }}),

outbox as (select * from {{ source('ops', 'outbox') }}),

receipts as (select * from {{ source('ops', 'receipts') }}),

dead_letters as (select * from {{ source('ops', 'dead_letters') }}),

acknowledgements as (select * from {{ ref('int_instruction_receipts') }}),

inspections as (select * from {{ ref('int_inspections') }}),

clock as (
    select {{ moment() }} as as_of
),

-- one instruction to its one message, which has one receipt at most, and dies once at a time; to the one answer of
-- its office; to the last of its results
followed as (
    select
        instructions.*,
        outbox.message_id,
        outbox.dispatched_at,
        dead_letters.dead_at,
        dead_letters.reason as dead_reason,
        receipts.receiver,
        receipts.receipt_id,
        receipts.received_at,
        acknowledgements.acknowledged_at,
        acknowledgements.officer_id as acknowledged_by,
        acknowledgements.response,
        acknowledgements.remark,
        result.result_id,
        result.inspected_at,
        result.reported_at,
        result.has_finding,
        result.finding_type,
        outbox.dispatched_at + interval '{{ var("acknowledged_within_hours") }} hours' as acknowledgement_due_at,
        outbox.dispatched_at + interval '{{ var("reported_within_hours") }} hours' as result_due_at,
        clock.as_of
    from instructions
    cross join clock
    left join outbox on outbox.message_id = 'instruction:' || instructions.instruction_id
    left join receipts on outbox.message_id = receipts.message_id
    left join dead_letters on outbox.message_id = dead_letters.message_id and dead_letters.ended_at is null
    left join acknowledgements on instructions.instruction_id = acknowledgements.instruction_id
    left join lateral (
        select inspections.*
        from inspections
        where
            inspections.declaration_id = instructions.declaration_id
            and inspections.instruction_id = instructions.instruction_id
        order by inspections.reported_at desc
        limit 1
    ) as result on true
),

final as (
    select
        importer_id,
        declaration_id,
        instruction_id,
        office_code,
        decided_on,
        selected_by,
        case
            when selected_by in ('targeted', 'parameter', 'analyst') then 'High risk! Targeted check!'
            when selected_by = 'mandatory' then 'Check without exception!'
            when selected_by = 'exploration' then 'Little is known! Check to learn!'
            else 'Random check'
        end as headline_en,
        case
            when selected_by in ('targeted', 'parameter', 'analyst') then '高风险！精准布控！'
            when selected_by = 'mandatory' then '必查布控！'
            when selected_by = 'exploration' then '所知甚少！探索布控！'
            else '随机布控'
        end as headline_zh,
        level,
        hs6,
        goods_name,
        what_to_examine_en,
        what_to_examine_zh,
        reason_en,
        reason_zh,
        case
            when result_id is not null then 'answered'
            when response <> 'accepted' then 'declined'
            when acknowledged_at is not null then 'acknowledged'
            when dispatched_at is not null then 'dispatched'
            when dead_at is not null then 'undeliverable'
            else 'issued'
        end as status,
        decided_at as issued_at,
        dispatched_at,
        receiver,
        receipt_id,
        received_at,
        dead_reason,
        acknowledged_at,
        acknowledged_by,
        nullif(response, 'accepted') as declined_because,
        remark,
        result_id,
        inspected_at,
        reported_at,
        has_finding,
        finding_type,
        acknowledgement_due_at,
        result_due_at,
        extract(epoch from acknowledged_at - dispatched_at)::float8 / 3600 as hours_to_acknowledge,
        extract(epoch from inspected_at - acknowledged_at)::float8 / 3600 as hours_to_inspect,
        extract(epoch from reported_at - dispatched_at)::float8 / 3600 as hours_to_result,
        -- whoever has answered late is late still; whoever has not is late from the moment it was due
        coalesce(coalesce(acknowledged_at, as_of) > acknowledgement_due_at, false) as is_acknowledgement_overdue,
        -- an office that declines has given its answer
        coalesce(
            coalesce(reported_at, case when response <> 'accepted' then acknowledged_at end, as_of) > result_due_at,
            false
        ) as is_result_overdue,
        -- goods were opened before anybody confirmed to have the instruction
        coalesce(result_id is not null and coalesce(acknowledged_at > inspected_at, true), false)
            as is_inspected_unacknowledged,
        as_of
    from followed
)

select * from final
