-- Parties that are found again although each of their consignments has been inspected for some time.
with

watched as (
    select
        states.subject_key,
        states.risk_domain,
        min(states.effective_from) as since
    from ops.measure_states as states
    where
        states.kind = 'control'
        and states.subject_kind = 'party'
        and ops.measure_state(states, %(moment)s) = 'in_force'
        and states.effective_from <= %(moment)s::timestamptz - make_interval(days => %(after_days)s)
    group by states.subject_key, states.risk_domain
),

-- what an earlier measure of the rule has answered counts no more
found as (
    select
        watched.subject_key,
        watched.risk_domain,
        watched.since,
        count(distinct evidence.declaration_id) as findings,
        array_agg(distinct evidence.declaration_id) as declarations
    from watched
    inner join evidence on watched.subject_key = evidence.importer_id and watched.risk_domain = evidence.risk_domain
    left join answered
        on
            answered.rule_code = %(rule)s
            and watched.subject_key = answered.subject_key
            and watched.risk_domain = answered.risk_domain
    where
        evidence.has_finding
        and evidence.known_at > greatest(watched.since, answered.answered_at)
        and evidence.known_on > %(day)s::date - %(days)s::int
    group by watched.subject_key, watched.risk_domain, watched.since
)

select
    'party' as subject_kind,
    subject_key,
    risk_domain,
    '{}'::jsonb as scope,
    findings::float8 as weight,
    jsonb_build_object('findings', findings, 'since', since::date) as facts,
    jsonb_build_object('declarations', to_jsonb(declarations)) as evidence
from found
where findings >= %(findings)s
