"""What leaves for measures: that one begins, is adjusted or lifted, and what a rebuttal came to.

Order 271, Articles 13 and 15. ``outbox/kinds.py`` takes this in.
"""

from typing import LiteralString

# a party is told of its own measures; whatever concerns goods, countries or means is for those who
# apply it. Told is: that a measure will have effect, that it is lifted, what became of a rebuttal
_MEASURES: LiteralString = """
with

told as (
    select
        'measure:' || measure_id || ':begins' as message_id,
        measure_id,
        case when supersedes is null then 'begins' else 'adjusted' end as "event",
        effective_from as at,
        reason_zh || ' / ' || reason_en as message
    from ops.measure_states
    where effective_from is not null
    union all
    select 'measure:' || measure_id || ':lifted', measure_id, 'lifted', lifted_at, lift_reason
    from ops.measure_states
    where lifted_at > effective_from
),

of_measures as (
    select
        told.message_id,
        told.event,
        told.at,
        told.message,
        case when subject_kind = 'party' then subject_key else 'risk_divisions' end as addressee,
        states.*
    from told
    inner join ops.measure_states as states using (measure_id)
),

of_rebuttals as (
    select
        'measure:' || rebuttals.measure_id || ':rebuttal:' || rebuttals.rebuttal_id as message_id,
        'rebuttal_' || coalesce(rebuttals.outcome, 'refused') as "event",
        coalesce(rebuttals.reviewed_at, rebuttals.opened_at) as at,
        coalesce(rebuttals.review_zh || ' / ' || rebuttals.review_en, rebuttals.refusal) as message,
        rebuttals.party_id as addressee,
        states.*
    from ops.rebuttals as rebuttals
    left join ops.measure_states as states using (measure_id)
    where rebuttals.outcome is not null or rebuttals.refusal is not null
),

messages as (
    select * from of_measures
    union all
    select * from of_rebuttals
)

insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    message_id,
    'measure',
    coalesce(measure_id, message_id),
    at::date,
    jsonb_build_object(
        'addressee', addressee,
        'measure_id', measure_id,
        'event', "event",
        'at', at,
        'kind', kind,
        'action', action,
        'risk_domain', risk_domain,
        'subject', subject_kind || ' ' || subject_key,
        'value_after', value_after,
        'legal_basis', legal_basis,
        'starts_at', effective_from,
        'ends_at', ends_at,
        'message', message
    )
from messages
on conflict (message_id) do nothing
"""

ENQUEUE: dict[str, LiteralString] = {"measure": _MEASURES}

TOLD = {
    "measure": (
        "measure_id", "event", "at", "addressee", "kind", "action", "risk_domain", "subject",
        "value_after", "legal_basis", "starts_at", "ends_at", "message",
    ),
}  # fmt: skip
