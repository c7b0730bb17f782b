{{ config(materialized='view') }}

with

recipients as (select * from {{ source('ops', 'warning_recipients') }}),

versions as (select * from {{ source('ops', 'warnings') }}),

receipts as (select * from {{ source('ops', 'receipts') }}),

-- named twice, since what is read twice under one name is read whole
lifting_receipts as (select * from {{ source('ops', 'receipts') }}),

-- one recipient to its version, to one receipt or none, and to one or none of the message that lifts it
final as (
    select
        recipients.warning_id,
        recipients.version,
        recipients.recipient_id,
        versions.release_class,
        recipients.audience,
        recipients.name_en,
        recipients.name_zh,
        recipients.sharing_basis,
        recipients.release,
        recipients.release_sha256,
        recipients.told_at,
        receipts.received_at,
        lifting_receipts.received_at as lifting_received_at
    from recipients
    inner join versions using (warning_id, version)
    left join receipts
        on
            receipts.message_id
            = concat_ws(':', versions.release_class, recipients.warning_id, recipients.version, recipients.recipient_id)
    left join lifting_receipts
        on
            lifting_receipts.message_id
            = concat_ws(':', 'lifting', recipients.warning_id, recipients.version, recipients.recipient_id)
)

select * from final
