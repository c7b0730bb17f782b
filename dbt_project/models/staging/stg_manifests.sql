with

deliveries as (select * from {{ source('raw', 'manifests') }}),

renamed as (
    select
        manifest_no,
        manifest_function,
        bill_no,
        consignment_no,
        prepared_at,
        arrives_at,
        departed_on,
        carriage_mode,
        voyage_no,
        carrier_id,
        carrier_name,
        conveyance_id,
        conveyance_name,
        conveyance_flag,
        loading_port,
        discharge_port,
        destination_place,
        consignor_name,
        consignor_country,
        consignee_id,
        consignee_name,
        notify_name,
        hs6,
        goods_name,
        packages,
        gross_mass_kg,
        container_numbers,
        goods,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
