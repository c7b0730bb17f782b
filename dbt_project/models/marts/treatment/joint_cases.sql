with

cases as (select * from {{ source('ops', 'joint_cases') }}),

agencies as (select * from {{ source('ops', 'joint_case_agencies') }}),

fields as (select * from {{ source('ops', 'joint_case_fields') }}),

exchanges as (select * from {{ source('ops', 'joint_case_exchanges') }}),

outbox as (select * from {{ source('ops', 'outbox') }}),

clock as (
    select {{ moment() }} as as_of
),

-- who takes part now, and of a closed case who took part when it was closed
taking_part as (
    select
        case_id,
        max(agency) filter (where role = 'lead') as lead_agency,
        array_agg(agency || ' (' || role || ')' order by role <> 'lead', agency) as agencies
    from agencies
    where left_at is null
    group by case_id
),

allowed as (
    select
        case_id,
        count(*) filter (where ended_at is null) as fields_shared,
        array_agg(distinct class order by class) as classes_shared
    from fields
    group by case_id
),

exchanged as (
    select
        exchanges.case_id,
        count(*) filter (where exchanges.direction = 'sent') as exchanges_sent,
        count(*) filter (where exchanges.direction = 'received') as exchanges_received,
        count(outbox.dispatched_at) as exchanges_dispatched,
        coalesce(sum(exchanges.rows) filter (where exchanges.direction = 'sent'), 0)::bigint as rows_sent,
        max(exchanges.exchanged_at) as last_exchanged_at
    from exchanges
    left join outbox on outbox.message_id = 'exchange:' || exchanges.exchange_id
    group by exchanges.case_id
),

final as (
    select
        cases.case_id,
        cases.title_en,
        cases.title_zh,
        cases.risk_domain,
        cases.legal_basis,
        cases.opened_at,
        cases.opened_by,
        cases.reason,
        taking_part.lead_agency,
        coalesce(taking_part.agencies, '{}') as agencies,
        coalesce(allowed.fields_shared, 0) as fields_shared,
        coalesce(allowed.classes_shared, '{}') as classes_shared,
        coalesce(exchanged.exchanges_sent, 0) as exchanges_sent,
        coalesce(exchanged.exchanges_received, 0) as exchanges_received,
        coalesce(exchanged.exchanges_dispatched, 0) as exchanges_dispatched,
        coalesce(exchanged.rows_sent, 0) as rows_sent,
        exchanged.last_exchanged_at,
        case when cases.closed_at is null then 'open' else 'closed' end as status,
        cases.closed_at,
        cases.closed_by,
        cases.outcome,
        cases.outcome_en,
        cases.outcome_zh,
        extract(epoch from coalesce(cases.closed_at, clock.as_of) - cases.opened_at)::float8 / 86400 as days_open
    from cases
    cross join clock
    left join taking_part using (case_id)
    left join allowed using (case_id)
    left join exchanged using (case_id)
)

select * from final
