with

deliveries as (select * from {{ source('raw', 'other_notices') }}),

renamed as (
    select
        message_id,
        agency,
        msg_type,
        subject_uscc,
        ref_no,
        legal_basis,
        valid_from,
        valid_to,
        status,
        issued_at,
        payload,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
