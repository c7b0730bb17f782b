with

deliveries as (select * from {{ source('raw', 'comtrade') }}),

renamed as (
    select
        freq_code,
        period,
        reporter_code,
        reporter_iso,
        flow_code,
        partner_code,
        partner2_code,
        hs_edition,
        hs6,
        customs_code,
        mot_code,
        quantity_unit,
        quantity,
        reported_mass_kg,
        is_mass_estimated,
        cif_value_usd,
        fob_value_usd,
        primary_value_usd,
        is_aggregate,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
