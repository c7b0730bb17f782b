{{ config(schema='intermediate', materialized='view', contract={'enforced': false}) }}

with

instructions as (select * from {{ ref('instructions') }}),

results as (select * from {{ ref('int_results') }}),

-- one to one or none, probed for one by one, since whoever looks asks for few days: an instruction without a result is
-- pending
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
        result.result_known_on is not null as is_completed,
        result.result_known_on,
        result.has_finding,
        result.has_finding::int as findings,
        result.revenue_cny,
        result.officer_hours
    from instructions
    left join lateral (
        select results.*
        from results
        where
            results.importer_id = instructions.importer_id
            and results.declaration_id = instructions.declaration_id
        order by results.result_known_on
        limit 1
    ) as result on true
)

select * from final
