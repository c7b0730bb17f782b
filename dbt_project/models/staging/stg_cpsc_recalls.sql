with

deliveries as (select * from {{ source('raw', 'cpsc_recalls') }}),

renamed as (
    select
        recall_id,
        recall_number,
        recalled_on,
        last_published_at,
        title,
        narrative,
        page_url,
        products,
        hazards,
        injuries,
        remedies,
        manufacturers,
        importers,
        distributors,
        retailers,
        manufacturer_countries,
        product_upcs,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
