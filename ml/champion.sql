-- Results of declarations that champion and challenger both scored, that the rule selected, and that neither learned
-- from. What an officer chose without the rule has no known probability. Ranks are taken within whole strata, before
-- what has no result is left out.
with

scored as (
    select
        decisions.importer_id,
        decisions.declaration_id,
        decisions.selected_by,
        decisions.selection_probability,
        decisions.ranking_score as champion_score,
        decisions.likelihood as champion_likelihood,
        decisions.score_rank <= decisions.cutoff_rank as champion_is_first,
        shadow.ranking_score as challenger_score,
        shadow.likelihood as challenger_likelihood,
        row_number() over (stratum order by shadow.ranking_score desc) <= decisions.cutoff_rank
            as challenger_is_first,
        count(*) over stratum = decisions.declarations_in_stratum as is_whole
    from ml.shadow_scores as shadow
    inner join treatment.decisions as decisions using (importer_id, declaration_id)
    where
        shadow.model_version = '{challenger}'
        and decisions.model_version = '{champion}'
    window stratum as (
        partition by decisions.decided_on, decisions.stratum
    )
)

select
    scored.*,
    results.found,
    results.revenue_cny
from scored
cross join lateral (
    select
        bool_or(inspections.has_finding)::int::float8 as found,
        sum(inspections.additional_duty_cny)::float8 as revenue_cny
    from intermediate.int_inspections as inspections
    where
        inspections.importer_id = scored.importer_id
        and inspections.declaration_id = scored.declaration_id
        and inspections.known_on < '{today}'
) as results
where
    scored.is_whole
    and scored.selected_by <> 'none'
    and results.found is not null
    and not exists (
        select 1 from intermediate.int_inspection_versions as versions
        where
            versions.importer_id = scored.importer_id
            and versions.declaration_id = scored.declaration_id
            and versions.known_on <= '{learned_until}'
    )
