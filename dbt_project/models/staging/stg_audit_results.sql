with

deliveries as (select * from {{ source('raw', 'audit_results') }}),

renamed as (
    select
        result_id,
        referral_id,
        importer_id,
        declaration_id,
        auditor_id,
        audited_at,
        reported_at,
        outcome,
        finding_type,
        additional_duty_cny,
        officer_hours,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
