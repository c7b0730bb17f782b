with

-- read twice, and still only for the deliveries that are asked for
reports as not materialized (select * from {{ ref('stg_enterprise_credit') }}),

-- the report as a whole: good or bad, the latest one stands for the enterprise
standings as (
    select
        reports.*,
        'standing' as about,
        'other' as risk_domain,
        concat_ws(' ', reports.enterprise_name, reports.credit_rating, reports.enterprise_state) as title,
        case
            when reports.credit_rating in ('CCC', 'CC', 'C', 'D') then 'high'
            when reports.credit_rating in ('BB', 'B') or reports.enterprise_state ~ '异常|注销|吊销|失信' then 'medium'
            when reports.credit_rating is null then 'unknown'
            else 'low'
        end as severity,
        reports.credit_rating in ('BB', 'B', 'CCC', 'CC', 'C', 'D')
        or reports.enterprise_state ~ '异常|注销|吊销|失信' as is_adverse,
        {{ business_day('reports.updated_at') }} as happened_on,
        null::text as event_key,
        reports.report_id as source_ref
    from reports
),

-- one report to many penalties; a penalty stays the same thing in every later report
penalties as (
    select
        reports.*,
        'penalty|' || coalesce(imposed.penalty ->> 'punishNumber', imposed.place::text) as about,
        case imposed.penalty ->> 'type'
            when 'tax' then 'tax'
            when 'customs' then 'tax'
            when 'quality' then 'commodity_quality'
            when 'food' then 'food_safety'
            when 'intellectual_property' then 'ipr'
            else 'other'
        end as risk_domain,
        concat_ws(' ', imposed.penalty ->> 'cause', imposed.penalty ->> 'content') as title,
        case
            when imposed.penalty ->> 'amount' !~ '^[0-9]{1,15}(\.[0-9]{1,4})?$' then 'unknown'
            when (imposed.penalty ->> 'amount')::numeric >= 100000 then 'high'
            when (imposed.penalty ->> 'amount')::numeric >= 10000 then 'medium'
            else 'low'
        end as severity,
        true as is_adverse,
        case
            when imposed.penalty ->> 'decisionDate' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
                and pg_input_is_valid(imposed.penalty ->> 'decisionDate', 'date')
                then (imposed.penalty ->> 'decisionDate')::date
        end as happened_on,
        'notice|' || reports.subject_uscc || '|' || (imposed.penalty ->> 'punishNumber') as event_key,
        concat_ws(' ', imposed.penalty ->> 'departmentName', imposed.penalty ->> 'punishNumber') as source_ref
    from reports
    cross join lateral {{ json_items('reports.sanctions_imposed') }} with ordinality as imposed (penalty, place)
),

told as (
    select * from standings
    union all
    select * from penalties
),

signals as (
    select
        concat_ws('|', 'enterprise_credit', subject_uscc, about) as signal_id,
        'enterprise_credit' as feed,
        5 as channel,
        risk_domain,
        'goods' as subject_type,
        'party' as mention_kind,
        enterprise_name as mention_name,
        '{}'::text[] as mention_aliases,
        array[subject_uscc] as mention_identifiers,
        'CN' as country,
        null::text as hs,
        title,
        severity,
        coalesce(is_adverse, false) as is_adverse,
        'C' as reliability,
        'restricted' as confidentiality,
        happened_on as valid_from,
        null::date as valid_to,
        true as is_in_force,
        happened_on,
        event_key,
        null::text as legal_basis,
        source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from told
)

select * from signals
