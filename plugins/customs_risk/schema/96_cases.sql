-- Emergencies (Order 271, Article 17), joint cases (Article 19), special operations, policy recommendations, and what is
-- referred to post-clearance audit and to anti-smuggling. Every statement may run again at any time. Nothing is deleted:
-- what no longer holds has an end that says when, by whom and why.

-- a version of an emergency plan, as it was published; measures, roles, contacts and steps are in `plan`
create table if not exists ops.emergency_plans (
    plan_id text not null,
    plan_version integer not null check (plan_version > 0),
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    title_en text not null,
    title_zh text not null,
    trigger_en text not null,
    trigger_zh text not null,
    plan jsonb not null,
    plan_sha256 text not null check (plan_sha256 ~ '^[0-9a-f]{64}$'),
    published_at timestamptz not null default clock_timestamp(),
    primary key (plan_id, plan_version)
);

-- a plan that was asked to start, for an event or as a drill; started_at stays null until the approval is given
create table if not exists ops.emergency_activations (
    activation_id text primary key,
    plan_id text not null,
    plan_version integer not null,
    is_drill boolean not null,
    event_en text not null check (event_en <> ''),
    event_zh text not null check (event_zh <> ''),
    requested_at timestamptz not null,
    requested_by text not null check (requested_by <> ''),
    reason text not null check (reason <> ''),
    approval_id text not null,
    started_at timestamptz,
    refused_at timestamptz,
    stood_down_at timestamptz,
    stood_down_by text,
    stand_down_reason text,
    check (num_nulls(started_at, refused_at) >= 1),
    check (started_at is not null or stood_down_at is null),
    check (num_nulls(stood_down_at, stood_down_by, stand_down_reason) in (0, 3))
);
create unique index if not exists emergency_activations_by_approval on ops.emergency_activations (approval_id);

-- what is known of the event, from the request (number 1) on; null says that it is unknown, or no better known
create table if not exists ops.emergency_updates (
    activation_id text not null,
    update_no integer not null,
    noted_at timestamptz not null,
    noted_by text not null check (noted_by <> ''),
    cause_en text check (cause_en <> ''),
    cause_zh text check (cause_zh <> ''),
    severity text check (severity in ('minor', 'moderate', 'serious')),
    scope_en text check (scope_en <> ''),
    scope_zh text check (scope_zh <> ''),
    note text,
    primary key (activation_id, update_no),
    check ((cause_en is null) = (cause_zh is null)),
    check ((scope_en is null) = (scope_zh is null))
);

-- urgent measures as they are wanted; the measure itself, once there is one, is measure_id
create table if not exists ops.emergency_measures (
    activation_id text not null,
    measure_no integer not null,
    -- the item of Article 13, 1 to 7
    measure_item integer not null check (measure_item between 1 and 7),
    measure_en text not null check (measure_en <> ''),
    measure_zh text not null check (measure_zh <> ''),
    wanted_by text not null check (wanted_by <> ''),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    end_reason text,
    measure_id text,
    primary key (activation_id, measure_no),
    check (ends_at > starts_at),
    check (num_nulls(ended_at, ended_by, end_reason) in (0, 3))
);

-- the plan's steps with their deadlines, and when each was done
create table if not exists ops.emergency_steps (
    activation_id text not null,
    step_no integer not null,
    responsible_role text not null,
    step_en text not null,
    step_zh text not null,
    due_at timestamptz not null,
    done_at timestamptz,
    done_by text,
    note text,
    primary key (activation_id, step_no),
    check (num_nulls(done_at, done_by) in (0, 2))
);

-- what was learned from a drill or an event, who mends it until when, and how it was mended
create table if not exists ops.emergency_findings (
    finding_id text primary key,
    activation_id text not null,
    finding_en text not null check (finding_en <> ''),
    finding_zh text not null check (finding_zh <> ''),
    responsible text not null check (responsible <> ''),
    due_on date not null,
    noted_at timestamptz not null,
    noted_by text not null check (noted_by <> ''),
    mended_at timestamptz,
    mended_by text,
    how_mended text,
    check (num_nulls(mended_at, mended_by, how_mended) in (0, 3))
);
create index if not exists emergency_findings_by_activation on ops.emergency_findings (activation_id);

-- joint prevention and control: a case that several agencies work on
create table if not exists ops.joint_cases (
    case_id text primary key,
    title_en text not null check (title_en <> ''),
    title_zh text not null check (title_zh <> ''),
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    legal_basis text not null check (legal_basis <> ''),
    opened_at timestamptz not null,
    opened_by text not null check (opened_by <> ''),
    reason text not null check (reason <> ''),
    closed_at timestamptz,
    closed_by text,
    outcome text check (outcome in ('risk_removed', 'risk_reduced', 'no_risk', 'transferred', 'not_resolved')),
    outcome_en text,
    outcome_zh text,
    check (num_nulls(closed_at, closed_by, outcome, outcome_en, outcome_zh) in (0, 5))
);

-- who takes part, as what, and up to which class of confidentiality its agreement lets it be told
create table if not exists ops.joint_case_agencies (
    case_id text not null,
    agency text not null check (agency <> ''),
    role text not null check (role in ('lead', 'member', 'consulted')),
    covers text not null check (covers in ('public', 'internal', 'restricted', 'personal')),
    agreement text not null check (agreement <> ''),
    joined_at timestamptz not null,
    joined_by text not null check (joined_by <> ''),
    left_at timestamptz,
    left_by text,
    leave_reason text,
    primary key (case_id, agency, joined_at),
    check (num_nulls(left_at, left_by, leave_reason) in (0, 3))
);
-- at any time a case has one lead, and an agency one role
create unique index if not exists joint_case_one_lead on ops.joint_case_agencies (case_id)
where role = 'lead' and left_at is null;
create unique index if not exists joint_case_one_role on ops.joint_case_agencies (case_id, agency)
where left_at is null;

-- which columns of which mart an agency may be told in a case; class is the column's at that time
create table if not exists ops.joint_case_fields (
    case_id text not null,
    agency text not null,
    mart text not null,
    column_name text not null,
    class text not null,
    allowed_at timestamptz not null,
    allowed_by text not null check (allowed_by <> ''),
    reason text not null check (reason <> ''),
    ended_at timestamptz,
    ended_by text,
    end_reason text,
    primary key (case_id, agency, mart, column_name, allowed_at),
    check (num_nulls(ended_at, ended_by, end_reason) in (0, 3))
);
create unique index if not exists joint_case_fields_in_force
on ops.joint_case_fields (case_id, agency, mart, column_name) where ended_at is null;

-- what was told and what came, with the digest of its bytes; what was told is kept until it has left
create table if not exists ops.joint_case_exchanges (
    exchange_id text primary key,
    case_id text not null,
    agency text not null,
    direction text not null check (direction in ('sent', 'received')),
    exchanged_at timestamptz not null,
    exchanged_by text not null check (exchanged_by <> ''),
    what text not null check (what <> ''),
    columns text[] not null default '{}',
    "rows" integer not null check ("rows" >= 0),
    content_sha256 text not null check (content_sha256 ~ '^[0-9a-f]{64}$')
);
create index if not exists joint_case_exchanges_by_case on ops.joint_case_exchanges (case_id);

-- special operations (专项行动): what is looked at harder for a time; an empty array stands for all
create table if not exists ops.special_operations (
    operation_id text primary key,
    name_en text not null check (name_en <> ''),
    name_zh text not null check (name_zh <> ''),
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    condition_en text not null check (condition_en <> ''),
    condition_zh text not null check (condition_zh <> ''),
    hs_prefixes text[] not null,
    origin_countries text[] not null,
    importer_ids text[] not null,
    office_codes text[] not null,
    starts_on date not null,
    ends_on date not null,
    goal_inspections integer check (goal_inspections > 0),
    goal_findings integer check (goal_findings > 0),
    goal_revenue_cny numeric check (goal_revenue_cny > 0),
    ordered_at timestamptz not null,
    ordered_by text not null check (ordered_by <> ''),
    reason text not null check (reason <> ''),
    -- the last day, if it was ended before its time
    ended_on date,
    ended_by text,
    end_reason text,
    check (ends_on >= starts_on),
    check (ended_on between starts_on and ends_on),
    check (num_nulls(goal_inspections, goal_findings, goal_revenue_cny) < 3),
    check (num_nulls(ended_on, ended_by, end_reason) in (0, 3))
);

-- policy recommendations (政策建议): the measure of the effect is named before anybody knows it
create table if not exists ops.policy_recommendations (
    recommendation_id text primary key,
    addressee text not null check (addressee <> ''),
    subject_en text not null check (subject_en <> ''),
    subject_zh text not null check (subject_zh <> ''),
    recommended_en text not null check (recommended_en <> ''),
    recommended_zh text not null check (recommended_zh <> ''),
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    evidence text[] not null check (cardinality(evidence) > 0),
    effect_measure text not null check (
        effect_measure in ('declarations', 'find_rate', 'revenue_cny_per_inspection', 'inspection_rate')
    ),
    effect_expected text not null check (effect_expected in ('rise', 'fall')),
    effect_days integer not null check (effect_days between 7 and 730),
    hs_prefixes text[] not null,
    origin_countries text[] not null,
    importer_ids text[] not null,
    office_codes text[] not null,
    issued_at timestamptz not null,
    issued_by text not null check (issued_by <> ''),
    due_at timestamptz not null,
    answer text check (answer in ('accepted', 'partly', 'refused')),
    answered_at timestamptz,
    answered_by text,
    answer_words text,
    effective_on date,
    check (due_at > issued_at),
    check (num_nulls(answer, answered_at, answered_by, answer_words) in (0, 4)),
    -- what is refused takes no effect, what is accepted says from when
    check (coalesce(answer in ('accepted', 'partly'), false) = (effective_on is not null))
);

-- whether a declaration is in the scope of an operation or a recommendation; an empty array stands for all
create or replace function ops.in_scope(
    hs6 text, origin_country text, importer_id text, office_code text,
    hs_prefixes text[], origin_countries text[], importer_ids text[], office_codes text[]
) returns boolean
language sql immutable parallel safe
return (cardinality(hs_prefixes) = 0 or coalesce(hs6 ^@ any(hs_prefixes), false))
    and (cardinality(origin_countries) = 0 or coalesce(origin_country = any(origin_countries), false))
    and (cardinality(importer_ids) = 0 or coalesce(importer_id = any(importer_ids), false))
    and (cardinality(office_codes) = 0 or coalesce(office_code = any(office_codes), false));

-- what is handed to post-clearance audit (one declaration each) and to anti-smuggling (one party each). Of an audit:
-- how it was chosen among the released declarations of its week, with all that the choice can be computed from again
create table if not exists ops.referrals (
    referral_id text primary key,
    referral_kind text not null check (referral_kind in ('audit', 'case')),
    importer_id text not null,
    declaration_id text,
    selected_by text not null check (selected_by in ('targeted', 'random', 'rule')),
    referred_at timestamptz not null,
    due_at timestamptz not null,
    reason_en text not null,
    reason_zh text not null,
    -- of a case: the results that it rests on
    result_ids text[] not null default '{}',
    likelihood double precision,
    expected_revenue_cny double precision,
    cohort_from date,
    cohort_to date,
    declarations_in_cohort integer,
    audit_capacity integer,
    random_capacity integer,
    score_rank bigint,
    random_draw double precision,
    selection_probability double precision check (selection_probability > 0 and selection_probability <= 1),
    selection_seed text,
    rule_hash text not null,
    check ((referral_kind = 'audit') = (declaration_id is not null)),
    check ((referral_kind = 'audit') = (selected_by <> 'rule')),
    check ((referral_kind = 'audit') = (selection_probability is not null)),
    check (referral_kind = 'audit' or cardinality(result_ids) > 0)
);
create unique index if not exists referrals_by_declaration on ops.referrals (declaration_id)
where declaration_id is not null;
create index if not exists referrals_by_importer on ops.referrals (importer_id);
create index if not exists referrals_by_cohort on ops.referrals (cohort_from) where cohort_from is not null;

-- the weeks whose released declarations were looked through: a week without any audit is done, too
create table if not exists ops.audit_cohorts (
    cohort_from date primary key,
    cohort_to date not null,
    drawn_at timestamptz not null,
    declarations_in_cohort integer not null,
    audit_capacity integer not null,
    random_capacity integer not null,
    selection_seed text not null,
    rule_hash text not null
);

-- these leave through the one door, too
select ops.admit('ops.outbox', 'emergency', 'drill', 'exchange', 'recommendation', 'referral');
