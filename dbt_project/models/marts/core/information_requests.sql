with

requests as (select * from {{ source('ops', 'information_requests') }}),

answers as (select * from {{ ref('int_information_answers') }}),

outbox as (select * from {{ source('ops', 'outbox') }}),

clock as (
    select {{ moment() }} as as_of
),

-- many answers to one request: it is answered when the party has given all that was asked; what another party says
-- does not answer it
answered as (
    select
        request_id,
        party_id,
        count(*) as answers,
        max(answered_at) as last_answered_at,
        min(answered_at) filter (where is_complete) as completed_at,
        (array_agg(answer order by answered_at desc))[1] as last_answer,
        (array_agg(attachments order by answered_at desc))[1] as last_attachments
    from answers
    group by request_id, party_id
),

final as (
    select
        requests.request_id,
        requests.party_id,
        requests.party_name,
        requests.what_en,
        requests.what_zh,
        requests.legal_basis,
        requests.asked_at,
        requests.asked_by,
        requests.due_at,
        outbox.dispatched_at,
        coalesce(answered.answers, 0) as answers,
        answered.last_answered_at,
        answered.completed_at,
        answered.last_answer,
        answered.last_attachments,
        requests.closed_at,
        requests.close_reason,
        case
            when requests.closed_at is not null then 'closed'
            when answered.completed_at is not null then 'answered'
            when requests.due_at < clock.as_of then 'overdue'
            else 'open'
        end as status,
        greatest(
            extract(epoch from coalesce(answered.completed_at, requests.closed_at, clock.as_of) - requests.due_at), 0
        )::float8 / 86400 as days_late
    from requests
    cross join clock
    left join answered using (request_id, party_id)
    left join outbox on outbox.message_id = 'request:' || requests.request_id
)

select * from final
