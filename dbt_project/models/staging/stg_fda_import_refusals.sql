with

deliveries as (select * from {{ source('raw', 'fda_import_refusals') }}),

renamed as (
    select
        entry_no,
        document_no,
        entry_line_no,
        line_suffix,
        product_code,
        product_description,
        refusal_date as refused_on,
        manufacturer_fei,
        manufacturer_name,
        street,
        street_more,
        city,
        province,
        origin_country,
        district,
        is_sampled_by_fda,
        is_sampled_privately,
        refusal_charges,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
