{{ config(materialized='view', tags=['instruct']) }}

with

treatments as (select * from {{ ref('int_treatments') }}),

overrides as (select * from {{ source('ops', 'treatment_overrides') }}),

approvals as (select * from {{ source('ops', 'approvals') }}),

-- of several overrides of a declaration the last that was approved counts
approved as (
    select distinct on (overrides.importer_id, overrides.declaration_id)
        overrides.importer_id,
        overrides.declaration_id,
        overrides.override_id,
        overrides.handling,
        overrides.reason_en,
        overrides.reason_zh
    from overrides
    inner join approvals on approvals.matter = 'override' and overrides.override_id = approvals.subject_id
    where approvals.answer = 'approve'
    order by overrides.importer_id asc, overrides.declaration_id asc, approvals.answered_at desc
),

-- one to one or none: what the matrix said stays beside what a person made of it
final as (
    select
        treatments.importer_id,
        treatments.declaration_id,
        treatments.office_code,
        treatments.decided_on,
        treatments.lane,
        treatments.level,
        treatments.treated_level,
        treatments.credit_tier,
        treatments.risk_domain,
        treatments.matrix_version,
        treatments.matrix_domain,
        treatments.handling as matrix_handling,
        coalesce(approved.handling, treatments.handling) as handling,
        approved.override_id,
        -- a draw, to measure or to learn, comes on top of how the level is treated
        treatments.selected_by in ('random', 'exploration') as is_drawn_for_inspection,
        array_remove(treatments.extra_measures, '') as extra_measures,
        treatments.measure_ids,
        treatments.legal_basis,
        case
            when approved.override_id is null then treatments.words_en
            else approved.handling || ' instead of ' || treatments.handling || ': ' || approved.reason_en
        end as words_en,
        case
            when approved.override_id is null then treatments.words_zh
            else '经批准另行处置：' || approved.reason_zh
        end as words_zh,
        treatments.as_of,
        treatments.decided_at
    from treatments
    left join approved using (importer_id, declaration_id)
)

select * from final
