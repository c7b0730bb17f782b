with

deliveries as (select * from {{ source('raw', 'party_reports') }}),

renamed as (
    select
        report_id,
        received_at,
        report_kind,
        reporter_role,
        reporter_name,
        reporter_contact,
        subject_type,
        subject_uscc,
        subject_name,
        hs6,
        origin_country,
        declaration_id,
        risk_domain,
        narrative,
        measures_taken,
        evidence,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{ business_day('known_at') }} as known_on
    from deliveries
)

select * from renamed
