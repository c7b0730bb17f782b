with

versions as (select * from {{ ref('stg_audit_results') }}),

-- a correction is a later version of the same result
latest as (
    select distinct on (result_id)
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
        known_at,
        known_on
    from versions
    order by result_id asc, known_at desc, batch_id desc, row_no desc
)

select * from latest
