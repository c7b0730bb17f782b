with

deliveries as (select * from {{ source('raw', 'passenger_lists') }}),

renamed as (
    select
        flight_no,
        carrier_id,
        departure_airport,
        departs_on,
        arrival_airport,
        arrives_at,
        prepared_at,
        traveller_role,
        family_name,
        given_names,
        sex,
        date_of_birth,
        nationality,
        embarked_at_airport,
        debarks_at_airport,
        booking_ref,
        traveller_ref,
        travel_document_type,
        travel_document_no,
        travel_document_country,
        travel_document_expires_on,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
