with

-- one declaration to its decision and its features. What others hit is asked of hits only
decided as materialized (
    select
        decisions.importer_id,
        decisions.declaration_id,
        -- who inspects together: an office, or all of them
        split_part(decisions.stratum, '/', 1) as office_code,
        decisions.decided_on,
        decisions.stratum,
        decisions.selected_by,
        decisions.selection_probability,
        decisions.capacity,
        decisions.random_capacity + coalesce(decisions.exploration_capacity, 0) as other_capacity,
        judged.is_hit,
        case when judged.is_hit then {others} end as others
    from treatment.decisions
    inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
    inner join intermediate.int_declaration_features as features using (importer_id, declaration_id)
    cross join lateral (
        select coalesce(
            ops.is_reached(
                declarations.office_code,
                %(jurisdiction)s::text[],
                (select ops.reach(%(jurisdiction)s::text[], %(to_on)s::date))
            ) and {condition},
            false
        ) as is_hit
    ) as judged
    where decisions.decided_on between %(from_on)s and %(to_on)s
),

-- several results of one declaration count together
results as (
    select
        inspections.importer_id,
        inspections.declaration_id,
        bool_or(inspections.has_finding)::int as finding,
        sum(inspections.officer_hours)::float8 as officer_hours
    from intermediate.int_inspections as inspections
    where not inspections.is_backfill and inspections.known_on >= %(from_on)s
    group by inspections.importer_id, inspections.declaration_id
),

-- to a result or none. What was inspected though nothing selected it was somebody's choice: it is no draw
known as (
    select
        decided.*,
        results.declaration_id is not null as is_inspected,
        results.finding,
        results.officer_hours,
        decided.selection_probability = 1 as is_certain,
        results.declaration_id is not null and decided.selected_by <> 'none' as is_sampled,
        1 / decided.selection_probability as weight
    from decided
    left join results using (importer_id, declaration_id)
),

groups as (
    select
        is_hit,
        is_certain,
        count(*) as declarations,
        count(*) filter (where is_sampled) as completed,
        coalesce(sum(finding) filter (where is_sampled), 0) as findings,
        coalesce(sum(weight) filter (where is_sampled), 0) as weight,
        coalesce(sum(weight ^ 2) filter (where is_sampled), 0) as squares,
        coalesce(sum(weight * finding) filter (where is_sampled), 0) as found,
        coalesce(sum(weight ^ 2 * finding) filter (where is_sampled), 0) as found_squares
    from known
    group by is_hit, is_certain
),

counted as (
    select
        count(*) as declarations,
        count(distinct decided_on) as decided_days,
        count(*) filter (where is_hit) as hits,
        count(*) filter (where is_hit and is_inspected) as inspected_hits,
        coalesce(sum(finding) filter (where is_hit), 0) as findings,
        count(*) filter (where is_hit and not true = any(others)) as sole_hits,
        count(officer_hours) filter (where is_hit) as timed_hits,
        avg(officer_hours) filter (where is_hit) as officer_hours_of_hits,
        avg(officer_hours) as officer_hours_of_all
    from known
),

-- what is decided together: hits that nothing else selected would take the place of what was targeted
strata as (
    select
        office_code,
        decided_on,
        stratum,
        count(*) filter (where is_hit) as hits,
        max(capacity) as capacity,
        count(*) filter (where is_hit and selected_by = 'none') as unselected_hits,
        greatest(
            max(capacity) - max(other_capacity) - count(*) filter (where is_hit and selected_by = 'targeted'), 0
        ) as places
    from known
    group by office_code, decided_on, stratum
),

offices as (
    select
        office_code,
        sum(hits)::bigint as hits,
        (sum(hits) / count(distinct decided_on))::float8 as hits_per_day,
        (sum(capacity) / count(distinct decided_on))::float8 as capacity_per_day,
        sum(least(unselected_hits, places))::bigint as displaced_inspections,
        sum(greatest(unselected_hits - places, 0))::bigint as hits_beyond_capacity
    from strata
    group by office_code
),

shared as (
    select
        other.place,
        count(*) as shared_hits
    from known
    cross join lateral unnest(known.others) with ordinality as other (is_hit, place)
    where known.is_hit and other.is_hit
    group by other.place
)

select
    to_jsonb(counted) as counted,
    (select coalesce(jsonb_agg(to_jsonb(groups)), '[]') from groups) as groups,
    (
        select coalesce(jsonb_agg(to_jsonb(offices) order by offices.office_code), '[]')
        from offices
        where offices.hits > 0
    ) as offices,
    (select coalesce(jsonb_object_agg(shared.place, shared.shared_hits), '{{}}') from shared) as shared
from counted
