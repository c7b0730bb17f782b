"""What leaves for emergencies, joint cases, recommendations, referrals and overrides, kind by kind.

``outbox/kinds.py`` takes these in: how each kind's messages are made, and what their lines tell.
"""

from typing import LiteralString

# of an activation each contact of the plan is told twice: when it starts, and when it is over
_ACTIVATIONS: LiteralString = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    concat_ws(':', {kind}, activations.activation_id, contact.told ->> 'role', said.what),
    {kind},
    activations.activation_id,
    said.said_at::date,
    jsonb_build_object(
        'addressee', {addressee},
        'is_drill', activations.is_drill,
        'activation_id', activations.activation_id,
        'plan', plans.title_zh || ' / ' || plans.title_en,
        'contact_role', contact.told ->> 'role',
        'message', {mark} || said.message
    )
from ops.emergency_activations as activations
inner join ops.emergency_plans as plans using (plan_id, plan_version)
cross join lateral jsonb_array_elements(plans.plan -> 'contacts') as contact (told)
cross join lateral (
    values
    (
        'start', activations.started_at,
        '启动应急预案：' || activations.event_zh || ' / plan started: ' || activations.event_en
    ),
    (
        'end', activations.stood_down_at,
        '应急响应终止：' || activations.stand_down_reason || ' / stood down: '
        || activations.stand_down_reason
    )
) as said (what, said_at, message)
where
    activations.is_drill = {is_drill}
    and said.said_at is not null
on conflict (message_id) do nothing
"""

_EMERGENCIES = _ACTIVATIONS.format(
    kind="'emergency'", addressee="contact.told ->> 'addressee'", mark="''", is_drill="false"
)

# whatever the plan says, a drill is told to one addressee of the house
_DRILLS = _ACTIVATIONS.format(
    kind="'drill'",
    addressee="plans.plan ->> 'drill_addressee'",
    mark="'【演练 DRILL】'",
    is_drill="true",
)

_RECOMMENDATIONS: LiteralString = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    'recommendation:' || recommendation_id,
    'recommendation',
    recommendation_id,
    issued_at::date,
    jsonb_build_object(
        'addressee', addressee,
        'recommendation_id', recommendation_id,
        'subject', subject_zh || ' / ' || subject_en,
        'recommended', recommended_zh || ' / ' || recommended_en,
        'evidence', array_to_string(evidence, '; '),
        'due_at', due_at
    )
from ops.policy_recommendations
where answered_at is null
on conflict (message_id) do nothing
"""

_REFERRALS: LiteralString = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    'referral:' || referral_id,
    'referral',
    referral_id,
    referred_at::date,
    jsonb_build_object(
        'addressee',
        case referral_kind
            when 'audit' then 'post-clearance-audit@customs.example'
            else 'anti-smuggling@customs.example'
        end,
        'referral_id', referral_id,
        'referral_kind', referral_kind,
        'importer_id', importer_id,
        'declaration_id', declaration_id,
        'result_ids', array_to_string(result_ids, ' '),
        'reason', reason_zh || ' / ' || reason_en,
        'due_at', due_at
    )
from ops.referrals
-- what was referred long before the last one that left has left
where referred_at >= coalesce(
    (
        select max(referrals.referred_at) - interval '7 days'
        from ops.outbox
        inner join ops.referrals on referrals.referral_id = outbox.subject_id
        where outbox.kind = 'referral'
    ),
    '-infinity'
)
on conflict (message_id) do nothing
"""

# whoever handles the goods hears of it when somebody else has approved it
_OVERRIDES: LiteralString = """
insert into ops.outbox (message_id, kind, subject_id, decided_on, payload)
select
    'override:' || overrides.override_id,
    'override',
    overrides.declaration_id,
    approvals.answered_at::date,
    jsonb_build_object(
        'addressee', overrides.office_code,
        'override_id', overrides.override_id,
        'declaration_id', overrides.declaration_id,
        'handling', overrides.handling,
        'message', overrides.reason_zh || ' / ' || overrides.reason_en
    )
from ops.treatment_overrides as overrides
inner join ops.approvals
    on approvals.matter = 'override' and approvals.subject_id = overrides.override_id
where approvals.answer = 'approve'
on conflict (message_id) do nothing
"""

ENQUEUE: dict[str, LiteralString] = {
    "emergency": _EMERGENCIES,
    "drill": _DRILLS,
    "recommendation": _RECOMMENDATIONS,
    "referral": _REFERRALS,
    "override": _OVERRIDES,
}

# an exchange of a joint case is enqueued with its content, where it is made (joint_cases.py)
TOLD = {
    "emergency": ("addressee", "activation_id", "plan", "contact_role", "message"),
    "drill": ("addressee", "is_drill", "activation_id", "plan", "contact_role", "message"),
    "exchange": ("addressee", "case_id", "exchange_id", "content_sha256", "content"),
    "recommendation": (
        "recommendation_id", "addressee", "subject", "recommended", "evidence", "due_at",
    ),
    "referral": (
        "referral_id", "addressee", "decided_on", "referral_kind", "importer_id", "declaration_id",
        "result_ids", "reason", "due_at",
    ),
    "override": ("override_id", "addressee", "declaration_id", "handling", "message"),
}  # fmt: skip
