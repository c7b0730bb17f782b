with

deliveries as (select * from {{ source('raw', 'rasff_notifications') }}),

renamed as (
    select
        notif_id,
        notification_reference,
        validated_at,
        notification_subject,
        product_category,
        product_type,
        risk_decision,
        notification_classification,
        notifying_country,
        origin_countries,
        hazards,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
