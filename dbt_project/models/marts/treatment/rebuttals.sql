{{ config(materialized='view') }}

with

rebuttals as (select * from {{ source('ops', 'rebuttals') }}),

documents as (select * from {{ source('ops', 'rebuttal_documents') }}),

states as (select * from {{ source('ops', 'measure_states') }}),

outbox as (
    select * from {{ source('ops', 'outbox') }}
    where kind = 'measure'
),

clock as (
    select {{ moment() }} as as_of
),

-- many documents to one case
handed_in as (
    select
        rebuttal_id,
        count(*) as documents,
        jsonb_agg(
            jsonb_build_object('name', document_name, 'kind', document_kind, 'sha256', sha256)
            order by received_at, sha256
        ) as document_list
    from documents
    group by rebuttal_id
),

-- one case to one measure, or none where there is no such measure; one message tells the party
final as (
    select
        rebuttals.rebuttal_id,
        rebuttals.measure_id,
        states.kind,
        states.action,
        states.risk_domain,
        rebuttals.party_id,
        rebuttals.claim,
        rebuttals.statement,
        rebuttals.received_via,
        rebuttals.submitted_at,
        rebuttals.opened_at,
        rebuttals.due_at,
        coalesce(handed_in.documents, 0) as documents,
        coalesce(handed_in.document_list, '[]') as document_list,
        case
            when rebuttals.refusal is not null then 'refused'
            when rebuttals.outcome is not null then rebuttals.outcome
            when rebuttals.due_at < clock.as_of then 'overdue'
            else 'open'
        end as status,
        rebuttals.refusal,
        rebuttals.reviewed_at,
        rebuttals.reviewed_by,
        rebuttals.reviewed_as,
        rebuttals.review_en,
        rebuttals.review_zh,
        rebuttals.adjusted_measure_id,
        outbox.dispatched_at as told_at
    from rebuttals
    cross join clock
    left join states using (measure_id)
    left join handed_in using (rebuttal_id)
    left join outbox
        on outbox.message_id = 'measure:' || rebuttals.measure_id || ':rebuttal:' || rebuttals.rebuttal_id
)

select * from final
