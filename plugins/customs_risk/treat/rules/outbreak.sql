-- Countries from which a grave outbreak is reported that goes on, with the goods that can carry it.
with

outbreaks as (
    select signals.*
    from intermediate.int_latest_signals as signals
    left join answered
        on
            answered.rule_code = %(rule)s
            and answered.subject_key = signals.country
            and answered.risk_domain = signals.risk_domain
    where
        signals.feed in ('wahis_events', 'disease_outbreak_news')
        and signals.severity = 'high'
        and signals.is_in_force
        and signals.country is not null
        and signals.known_at <= %(moment)s
        and signals.happened_on > %(day)s::date - %(days)s::int
        and signals.known_at > coalesce(answered.answered_at, '-infinity')
)

select
    'country' as subject_kind,
    country as subject_key,
    risk_domain,
    jsonb_build_object('hs', coalesce(jsonb_agg(distinct hs) filter (where hs is not null), '[]')) as scope,
    count(distinct event_key)::float8 as weight,
    jsonb_build_object('title', string_agg(distinct title, '; '), 'country', country) as facts,
    jsonb_build_object('signals', jsonb_agg(distinct signal_id)) as evidence
from outbreaks
group by country, risk_domain
