with

deliveries as (select * from {{ source('raw', 'watch_list') }}),

renamed as (
    select
        id as entity_id,
        schema as entity_schema,
        name as entity_name,
        aliases,
        countries,
        identifiers,
        sanctions,
        dataset,
        first_seen,
        last_seen,
        last_change,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
