with

deliveries as (select * from {{ source('raw', 'refused_entries') }}),

renamed as (
    select
        application_no,
        hs_code,
        hs6,
        goods_name,
        origin_country,
        manufacturer_name,
        importer_name,
        importer_registration_no,
        weight_told,
        -- 25千克, 1.2吨, 300克, 25KG; a bare number is kilograms
        substring(weight_told from '^\s*([0-9]+(?:\.[0-9]+)?)')::numeric * case
            when weight_told ~* '(吨|[0-9]\s*t)\s*$' then 1000
            when weight_told ~* '(千克|公斤|kg|[0-9])\s*$' then 1
            when weight_told ~* '(克|[0-9]\s*g)\s*$' then 0.001
        end as net_mass_kg,
        refusal_reason,
        entry_port,
        published_at,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
