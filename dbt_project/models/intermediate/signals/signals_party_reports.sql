with

reports as (select * from {{ ref('stg_party_reports') }}),

judged as (
    select
        reports.*,
        reports.reporter_name is null and reports.reporter_contact is null as is_anonymous,
        coalesce(reports.evidence::text, '[]') not in ('[]', '{}', 'null', '""') as has_evidence,
        coalesce(reports.measures_taken::text, '[]') not in ('[]', '{}', 'null', '""') as has_measures
    from reports
),

-- one report to the party and to the goods that it names
mentions as (
    select
        judged.*,
        'party' as mention_kind,
        coalesce(judged.subject_name, judged.subject_uscc) as mention_name,
        array_remove(array[judged.subject_uscc], null) as mention_identifiers,
        case when judged.subject_uscc is not null then 'CN' end as country,
        null::text as hs
    from judged
    where coalesce(judged.subject_name, judged.subject_uscc) is not null
    union all
    select
        judged.*,
        'commodity' as mention_kind,
        judged.hs6 as mention_name,
        array[judged.hs6] as mention_identifiers,
        judged.origin_country as country,
        judged.hs6 as hs
    from judged
    where judged.hs6 is not null
),

signals as (
    select
        concat_ws('|', 'party_reports', report_id, mention_kind) as signal_id,
        'party_reports' as feed,
        3 as channel,
        risk_domain,
        subject_type,
        mention_kind,
        mention_name,
        '{}'::text[] as mention_aliases,
        mention_identifiers,
        country,
        hs,
        -- what the reporter tells is for those who read the report itself
        concat_ws(' ', report_kind, risk_domain, declaration_id) as title,
        -- who found a risk and acted on it has made it smaller (Article 9)
        case
            when report_kind = 'self_report' and has_measures then 'low'
            when report_kind = 'self_report' then 'medium'
            when has_evidence then 'high'
            when is_anonymous then 'unknown'
            else 'medium'
        end as severity,
        true as is_adverse,
        case
            when report_kind = 'self_report' then 'B'
            when is_anonymous and has_evidence then 'D'
            when is_anonymous then 'F'
            else 'C'
        end as reliability,
        -- a party without a credit code may be a person
        case when subject_uscc is null then 'personal' else 'restricted' end as confidentiality,
        {{ business_day('received_at') }} as valid_from,
        null::date as valid_to,
        true as is_in_force,
        {{ business_day('received_at') }} as happened_on,
        null::text as event_key,
        null::text as legal_basis,
        report_id as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from mentions
)

select * from signals
