with

deliveries as (select * from {{ source('raw', 'ofac_sdn') }}),

renamed as (
    select
        ent_num,
        sdn_name,
        sdn_type,
        program,
        position_title,
        call_sign,
        vess_type,
        tonnage,
        grt,
        vess_flag,
        vess_owner,
        remarks,
        addresses,
        countries,
        aliases,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
