with

deliveries as (select * from {{ source('raw', 'exchange_rates') }}),

renamed as (
    select
        currency,
        valid_from,
        rate_cny,
        published_at,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
