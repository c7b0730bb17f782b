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
        refusal_date,
        -- 22-Dec-25; what is written otherwise has no date
        case
            when refusal_date ~ '^[0-9]{1,2}-[A-Za-z]{3}-[0-9]{2}$' then to_date(refusal_date, 'DD-Mon-YY')
        end as refused_on,
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
        listed_since,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
