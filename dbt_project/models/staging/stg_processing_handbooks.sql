with

deliveries as (select * from {{ source('raw', 'processing_handbooks') }}),

renamed as (
    select
        handbook_no,
        line_no,
        operator_id,
        office_code,
        material_hs6,
        product_hs6,
        imported_quantity,
        exported_quantity,
        norm_consumption,
        declared_consumption,
        wastage_pct,
        stock_quantity,
        opened_on,
        due_on,
        extensions,
        status,
        reported_at,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
