{{ config(materialized='view') }}

with

versions as (select * from {{ source('ops', 'warnings') }}),

recipients as (select * from {{ source('ops', 'warning_recipients') }}),

receipts as (select * from {{ source('ops', 'receipts') }}),

-- many recipients to one version, and at most one receipt to each
told as (
    select
        recipients.warning_id,
        recipients.version,
        count(*) as recipients,
        count(receipts.message_id) as receipts,
        max(receipts.received_at) as last_received_at,
        array_agg(recipients.recipient_id order by recipients.recipient_id) as recipient_ids,
        array_agg(distinct recipients.audience order by recipients.audience) as audiences
    from recipients
    inner join versions using (warning_id, version)
    left join receipts
        on
            receipts.message_id
            = concat_ws(':', versions.release_class, recipients.warning_id, recipients.version, recipients.recipient_id)
    group by recipients.warning_id, recipients.version
),

final as (
    select
        versions.warning_id,
        versions.version,
        versions.release_class,
        versions.cause,
        versions.risk_domain,
        versions.subject_kind,
        versions.subject_key,
        versions.country,
        versions.hs,
        versions.level,
        versions.is_public,
        case
            when versions.lifted_at is not null then 'lifted'
            when versions.superseded_at is not null then 'superseded'
            when versions.refused_at is not null then 'refused'
            when versions.issued_at is not null then 'issued'
            when versions.held_at is not null then 'held'
            when versions.approved_at is not null then 'approved'
            else 'drafted'
        end as state,
        versions.title_en,
        versions.title_zh,
        versions.advice_en,
        versions.advice_zh,
        versions.words_en,
        versions.words_zh,
        versions.evidence,
        versions.evidence_rows,
        versions.supersedes,
        {{ business_day('versions.drafted_at') }} as drafted_on,
        versions.drafted_at,
        versions.drafted_by,
        versions.approved_at,
        versions.approved_by,
        versions.approval_reason,
        versions.refused_at,
        versions.refused_by,
        versions.refusal_reason,
        versions.held_at,
        versions.held_because,
        versions.issued_at,
        versions.issued_by,
        versions.lifted_at,
        versions.lifted_by,
        versions.lifted_because_en,
        versions.lifted_because_zh,
        versions.superseded_at,
        coalesce(told.recipients, 0) as recipients,
        coalesce(told.receipts, 0) as receipts,
        told.last_received_at,
        coalesce(told.recipient_ids, array[]::text[]) as recipient_ids,
        coalesce(told.audiences, array[]::text[]) as audiences
    from versions
    left join told using (warning_id, version)
)

select * from final
