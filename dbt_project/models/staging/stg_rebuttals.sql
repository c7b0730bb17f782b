with

deliveries as (select * from {{ source('raw', 'rebuttals') }}),

renamed as (
    select
        measure_id,
        party_id,
        submitted_at,
        claim,
        statement,
        documents,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
