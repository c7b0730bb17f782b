with

deliveries as (select * from {{ source('raw', 'instruction_receipts') }}),

renamed as (
    select
        instruction_id,
        office_code,
        officer_id,
        acknowledged_at,
        response,
        remark,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
