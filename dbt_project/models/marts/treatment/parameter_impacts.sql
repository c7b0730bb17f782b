{{ config(materialized='view') }}

with

impacts as (select * from {{ source('ops', 'parameter_impacts') }}),

final as (
    select
        parameter_id,
        version,
        impact_no,
        analysed_at,
        analysed_by,
        from_on,
        to_on,
        decided_days,
        declarations,
        hits,
        inspected_hits,
        findings,
        expected_precision,
        precision_low,
        precision_high,
        base_rate,
        officer_hours_per_inspection,
        officer_hours_of,
        hits_per_day,
        officer_hours_per_day,
        displaced_inspections,
        hits_beyond_capacity,
        sole_hits,
        offices,
        shared,
        impact_no = max(impact_no) over (partition by parameter_id, version) as is_latest
    from impacts
)

select * from final
