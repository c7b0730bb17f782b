{{
    config(
        schema='intermediate',
        contract={'enforced': false},
        indexes=[{'columns': ['importer_id', 'declaration_id'], 'unique': true}, {'columns': ['decided_on']}],
    )
}}

with

instructions as (select * from {{ ref('instructions') }}),

results as (select * from {{ ref('int_results') }}),

-- one to one or none: an instruction without a result is pending
final as (
    select
        instructions.importer_id,
        instructions.declaration_id,
        instructions.instruction_id,
        instructions.office_code,
        instructions.decided_on,
        instructions.selected_by,
        instructions.lane,
        instructions.model_version,
        instructions.likelihood,
        instructions.random_probability,
        instructions.selection_probability,
        ((instructions.score_rank - 0.5) / instructions.declarations_in_stratum)::float8 as rank_share,
        results.result_known_on is not null as is_completed,
        results.result_known_on,
        results.has_finding,
        results.has_finding::int as findings,
        results.revenue_cny,
        results.officer_hours
    from instructions
    left join results using (importer_id, declaration_id)
)

select * from final
