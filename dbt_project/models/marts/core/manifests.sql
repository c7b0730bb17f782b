with

manifests as (select * from {{ ref('int_manifests') }}),

final as (
    select
        manifest_no,
        bill_no,
        consignment_no,
        manifest_function,
        coalesce(manifest_function = '1', false) as is_cancelled,
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
        known_at,
        known_on,
        is_backfill,
        batch_id
    from manifests
)

select * from final
