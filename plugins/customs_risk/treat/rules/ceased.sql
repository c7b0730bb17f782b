-- Measures of standing rules whose evidence has ceased, and why: enough clean inspections under them, findings that
-- were all corrected away, or signals of which none is in force any more.
with

standing as (
    select states.*
    from ops.measure_states as states
    where
        states.rule_code is not null
        and ops.measure_state(states, %(moment)s) in ('waiting', 'planned', 'in_force')
),

-- one measure to what was inspected of its subject since it has effect
looked_at as (
    select
        standing.measure_id,
        count(distinct evidence.declaration_id) as inspections,
        coalesce(
            bool_or(evidence.has_finding and coalesce(evidence.risk_domain = standing.risk_domain, true)), false
        ) as is_found_again
    from standing
    inner join evidence
        on
            standing.effective_from < evidence.known_at
            and standing.subject_key = case standing.subject_kind
                when 'party' then evidence.importer_id
                when 'commodity_origin' then evidence.hs6 || '|' || evidence.origin_country
            end
    group by standing.measure_id
),

-- one measure to the findings that it rests on, as far as they are recent enough to be looked up
rests_on as (
    select
        standing.measure_id,
        bool_or(evidence.has_finding) as has_finding
    from standing
    inner join evidence on standing.evidence -> 'declarations' ? evidence.declaration_id
    group by standing.measure_id
),

signalled as (
    select
        standing.measure_id,
        bool_or(signals.is_in_force) as is_in_force
    from standing
    cross join lateral jsonb_array_elements_text(standing.evidence -> 'signals') as told (signal_id)
    inner join intermediate.int_latest_signals as signals using (signal_id)
    group by standing.measure_id
)

select
    standing.measure_id,
    case
        when not signalled.is_in_force then '所依据的风险信号均已解除 / none of its signals is in force any more'
        when not rests_on.has_finding then '所依据的查获均已更正 / the findings that it rests on were corrected'
        else format(
            '措施期间连续%%s次查验未再发现问题 / %%s inspections under it found nothing of its domain',
            looked_at.inspections, looked_at.inspections
        )
    end as reason
from standing
left join looked_at using (measure_id)
left join rests_on using (measure_id)
left join signalled using (measure_id)
where
    not signalled.is_in_force
    or not rests_on.has_finding
    or (looked_at.inspections >= %(clean_inspections)s and not looked_at.is_found_again)
