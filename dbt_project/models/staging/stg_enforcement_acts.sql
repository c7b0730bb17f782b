with

deliveries as (select * from {{ source('raw', 'enforcement_acts') }}),

renamed as (
    select
        act_id,
        act,
        declaration_id,
        instruction_id,
        office_code,
        officer_id,
        acted_at,
        released_at,
        hs6_before,
        hs6_after,
        tax_rate_before_pct,
        tax_rate_after_pct,
        value_before_cny,
        value_after_cny,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
