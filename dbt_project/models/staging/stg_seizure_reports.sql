with

deliveries as (select * from {{ source('raw', 'seizure_reports') }}),

renamed as (
    select
        seizure_id,
        reported_at,
        reported_by,
        seized_on,
        risk_domain,
        seized_goods,
        declared_as,
        hs6,
        quantity,
        quantity_unit,
        seizure_country,
        seizure_place,
        origin_country,
        departure_country,
        transit_countries,
        destination_country,
        conveyance_kind,
        conveyance_name,
        conveyance_id,
        container_numbers,
        concealment,
        parties,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
