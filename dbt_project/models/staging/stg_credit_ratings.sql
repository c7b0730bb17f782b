with

deliveries as (select * from {{ source('raw', 'credit_ratings') }}),

renamed as (
    select
        rating_id,
        subject_uscc,
        enterprise_name,
        order_no,
        tier_code,
        effective_from,
        effective_to,
        decided_by,
        decided_at,
        reason,
        status,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
