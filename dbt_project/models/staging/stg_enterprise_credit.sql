with

deliveries as (select * from {{ source('raw', 'enterprise_credit') }}),

renamed as (
    select
        report_id,
        updated_at,
        subject_uscc,
        enterprise_name,
        legal_person_name,
        registered_capital,
        founded_on,
        credit_rating,
        enterprise_state,
        sanctions_imposed,
        rating_history,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
