with

deliveries as (select * from {{ source('raw', 'disease_outbreak_news') }}),

renamed as (
    select
        news_id,
        don_id,
        title,
        override_title,
        url_name,
        published_at,
        last_modified_at,
        summary,
        overview,
        epidemiology,
        assessment,
        advice,
        region_ids,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
