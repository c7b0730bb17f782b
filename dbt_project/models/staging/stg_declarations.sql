with

deliveries as (select * from {{ source('raw', 'declarations') }}),

renamed as (
    select
        declaration_id,
        declared_at,
        office_code,
        process_type,
        trade_mode,
        import_use,
        payment_type,
        transport_mode,
        declarant_id,
        importer_id,
        importer_credit_tier,
        seller_id,
        courier_id,
        hs6,
        goods_name,
        departure_country,
        origin_country,
        tax_rate_pct,
        tax_type,
        origin_indicator,
        net_mass_kg,
        declared_value_cny,
        importer_name,
        seller_name,
        conveyance_id,
        conveyance_name,
        bill_no,
        container_numbers,
        trade_currency,
        declared_value,
        lines,
        containers,
        licences,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
