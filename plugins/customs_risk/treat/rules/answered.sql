-- One row per rule, subject and domain that had a measure: until when its evidence was answered, and whether it still is.
select
    states.rule_code,
    states.subject_kind,
    states.subject_key,
    states.risk_domain,
    max(greatest(states.proposed_at, states.lifted_at, states.answered_at)) as answered_at,
    bool_or(ops.measure_state(states, %(moment)s) in ('waiting', 'planned', 'in_force')) as is_standing
from ops.measure_states as states
where states.rule_code is not null
group by states.rule_code, states.subject_kind, states.subject_key, states.risk_domain
