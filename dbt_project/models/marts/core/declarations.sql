with

declarations as (select * from {{ ref('int_declarations') }}),

final as (
    select
        importer_id,
        declaration_id,
        declared_at,
        known_at,
        known_on,
        office_code,
        process_type,
        trade_mode,
        import_use,
        payment_type,
        transport_mode,
        declarant_id,
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
        is_backfill,
        batch_id
    from declarations
)

select * from final
