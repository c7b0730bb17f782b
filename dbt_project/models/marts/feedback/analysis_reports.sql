{{ config(materialized='view') }}

with

reports as (select * from {{ ref('reports') }}),

final as (
    select
        report_id,
        version,
        is_latest,
        kind,
        risk_domain,
        period_from,
        period_to,
        as_of,
        html_file,
        html_sha256,
        pdf_file,
        pdf_sha256,
        recipient_id,
        made_at,
        received_at
    from reports
)

select * from final
