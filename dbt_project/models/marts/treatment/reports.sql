{{ config(materialized='view') }}

with

made as (select * from {{ source('ops', 'reports') }}),

receipts as (select * from {{ source('ops', 'receipts') }}),

numbered as (
    select
        *,
        version = max(version) over (partition by report_id) as is_latest
    from made
),

-- one report to at most one receipt
final as (
    select
        numbered.report_id,
        numbered.version,
        numbered.is_latest,
        numbered.kind,
        numbered.risk_domain,
        numbered.period_from,
        numbered.period_to,
        numbered.as_of,
        numbered.html_file,
        numbered.html_sha256,
        numbered.pdf_file,
        numbered.pdf_sha256,
        numbered.recipient_id,
        numbered.content_sha256,
        numbered.made_at,
        receipts.received_at
    from numbered
    left join receipts on receipts.message_id = concat_ws(':', 'report', numbered.report_id, numbered.version)
)

select * from final
