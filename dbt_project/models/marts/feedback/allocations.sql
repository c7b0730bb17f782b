{{ config(materialized='view') }}

with

cells as (select * from {{ source('ml', 'allocations') }}),

runs as (select * from {{ source('ml', 'allocation_runs') }}),

approvals as (select * from {{ ref('approvals') }}),

in_force as (select * from {{ source('ops', 'capacities_in_force') }}),

-- of several questions about one recommendation the last says how it stands
answers as (
    select distinct on (subject_id)
        subject_id as allocation_id,
        status
    from approvals
    where matter = 'allocation'
    order by subject_id asc, asked_at desc
),

-- many cells to one run, and to one answer and one capacity or none
final as (
    select
        cells.allocation_id,
        runs.month_on,
        cells.office_code,
        cells.risk_domain,
        coalesce(answers.status, 'not_asked') as status,
        in_force.allocation_id is not null as is_in_force,
        cells.declarations as expected_declarations,
        cells.present_rate,
        cells.recommended_rate,
        cells.present_inspections,
        cells.recommended_inspections,
        cells.present_officer_hours,
        cells.recommended_officer_hours,
        cells.present_findings,
        cells.recommended_findings,
        cells.recommended_findings - cells.present_findings as gain_findings,
        cells.gain_findings_low,
        cells.gain_findings_high,
        cells.present_revenue_cny,
        cells.recommended_revenue_cny,
        cells.recommended_revenue_cny - cells.present_revenue_cny as gain_revenue_cny,
        cells.gain_revenue_cny_low,
        cells.gain_revenue_cny_high,
        cells.present_findings_per_hour,
        cells.recommended_findings_per_hour,
        cells.present_revenue_cny_per_hour,
        cells.recommended_revenue_cny_per_hour,
        cells.reason_en,
        cells.reason_zh,
        runs.from_on as evidence_from_on,
        runs.to_on as evidence_to_on,
        runs.computed_at
    from cells
    inner join runs using (allocation_id)
    left join answers using (allocation_id)
    left join in_force
        on
            cells.allocation_id = in_force.allocation_id
            and cells.office_code = in_force.office_code
            and runs.month_on = in_force.month_on
)

select * from final
