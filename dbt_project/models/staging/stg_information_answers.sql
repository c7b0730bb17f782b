with

deliveries as (select * from {{ source('raw', 'information_answers') }}),

renamed as (
    select
        request_id,
        party_id,
        answered_at,
        answer,
        is_complete,
        attachments,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
