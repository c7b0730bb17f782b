-- Treatment (Order 271, Articles 3, 12, 13 and 15): measures of all seven kinds, what waits for a person, what parties
-- prove against a measure, and treatments that a person overrode. Every statement may run again at any time. Nothing is
-- deleted or overwritten: what no longer holds has an end, and a changed measure is another one, which supersedes it.

select ops.admit('ops.outbox', 'measure', 'override');
select ops.admit('ops.alarms', 'overdue_approval', 'overdue_rebuttal');

-- a row says what was so when it was written; the columns named are filled once, later, and then stay
create or replace function ops.keep_as_written() returns trigger
language plpgsql
as $$
declare
    later constant text[] := tg_argv[0]::text[];
begin
    if tg_op = 'DELETE' then
        raise exception '%.% is only ever added to', tg_table_schema, tg_table_name;
    end if;
    if to_jsonb(new) - later is distinct from to_jsonb(old) - later then
        raise exception 'what %.% says is never changed', tg_table_schema, tg_table_name;
    end if;
    if exists (
        select 1 from unnest(later) as field (name)
        where
            to_jsonb(old) ->> field.name is not null
            and to_jsonb(new) -> field.name is distinct from to_jsonb(old) -> field.name
    ) then
        raise exception '%.%: what was noted later is noted once', tg_table_schema, tg_table_name;
    end if;
    return new;
end
$$;

-- what Article 13 allows: the seven kinds and their actions, which of them wait for a person, and who may answer
create table if not exists ops.measure_actions (
    kind text not null,
    action text not null,
    kind_no integer not null check (kind_no between 1 and 7),
    kind_en text not null,
    kind_zh text not null,
    action_en text not null,
    action_zh text not null,
    needs_approval boolean not null,
    -- the lowest posts that may answer, and the one that an overdue question goes up to
    needed_posts text[] not null,
    escalates_to text not null,
    answer_days integer not null check (answer_days > 0),
    primary key (kind, action)
);
insert into ops.measure_actions
select
    kinds.kind,
    actions.action,
    kinds.kind_no,
    kinds.kind_en,
    kinds.kind_zh,
    actions.action_en,
    actions.action_zh,
    actions.needs_approval,
    case when actions.is_grave then '{gacc_department}' else '{regional_risk_division}' end::text[] as needed_posts,
    case when actions.is_grave then 'gacc_leadership' else 'gacc_department' end as escalates_to,
    case when actions.is_grave then 3 else 2 end as answer_days
from (
    values
    (1, 'control', 'items and frequency of control', '监管项目与频次'),
    (2, 'conformity', 'conformity, quarantine and guarantee', '合格评定、检疫与担保要求'),
    (3, 'qualification', 'import qualification', '进口资质'),
    (4, 'entry_exit', 'entry and exit', '进出境许可'),
    (5, 'formalities', 'customs formalities', '海关手续'),
    (6, 'warning', 'warning and notification', '风险预警与通报'),
    (7, 'other', 'other lawful measure', '其他合法措施')
) as kinds (kind_no, kind, kind_en, kind_zh)
inner join (
    values
    ('control', 'set_frequency', 'frequency of inspection set', '调整查验频次', false, false),
    ('control', 'set_items', 'items of control set', '调整监管项目', false, false),
    ('conformity', 'require_conformity', 'proof of conformity required', '要求合格评定', false, false),
    ('conformity', 'require_quarantine', 'quarantine required', '要求检疫处理', false, false),
    ('conformity', 'require_guarantee', 'guarantee required', '要求提供担保', false, false),
    ('qualification', 'approve', 'qualification approved', '准予资质', true, false),
    ('qualification', 'suspend', 'qualification suspended', '暂停资质', true, false),
    ('qualification', 'cancel', 'qualification cancelled', '取消资质', true, true),
    ('entry_exit', 'allow', 'entry allowed', '准许进出境', false, false),
    ('entry_exit', 'restrict', 'entry restricted', '限制进出境', true, false),
    ('entry_exit', 'prohibit', 'entry prohibited', '禁止进出境', true, true),
    ('formalities', 'suspend', 'formalities suspended', '暂停办理手续', true, false),
    ('formalities', 'refuse', 'formalities refused', '不予办理手续', true, false),
    ('formalities', 'resume', 'formalities resumed', '恢复办理手续', false, false),
    ('warning', 'issue', 'warning issued inside customs', '发布系统内警示', false, false),
    ('warning', 'publish', 'warning published', '向社会发布警示', true, true),
    ('warning', 'notify_departments', 'departments notified', '通报有关部门', false, false),
    ('warning', 'lift', 'warning lifted', '解除警示', false, false),
    ('other', 'require_plan', 'plan of compliance asked for', '要求提交合规整改方案', false, false),
    ('other', 'other', 'other lawful measure', '其他合法措施', true, false)
) as actions (kind, action, action_en, action_zh, needs_approval, is_grave) using (kind)
on conflict (kind, action) do update set
    kind_en = excluded.kind_en,
    kind_zh = excluded.kind_zh,
    action_en = excluded.action_en,
    action_zh = excluded.action_zh,
    needs_approval = excluded.needs_approval,
    needed_posts = excluded.needed_posts,
    escalates_to = excluded.escalates_to,
    answer_days = excluded.answer_days;

-- one row per measure. Times are the system's own (the sandbox's clock differs from the wall's)
create table if not exists ops.measures (
    measure_id text primary key,
    kind text not null,
    action text not null,
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    -- of Article 2, and what the key names
    subject_type text not null check (
        subject_type in ('transport_means', 'transport_equipment', 'persons', 'goods', 'articles')
    ),
    subject_kind text not null check (
        subject_kind in (
            'party', 'commodity', 'commodity_origin', 'country', 'office', 'vessel', 'container', 'flight', 'person',
            'declaration'
        )
    ),
    subject_key text not null check (subject_key <> ''),
    -- what of the subject it concerns; empty: all of it
    scope jsonb not null default '{}',
    value_before jsonb not null,
    value_after jsonb not null,
    legal_basis text not null check (legal_basis <> ''),
    starts_at timestamptz not null,
    ends_at timestamptz,
    -- conclusions, findings, signals or documents that it rests on
    evidence jsonb not null check (evidence <> '{}'),
    reason_en text not null check (reason_en <> ''),
    reason_zh text not null check (reason_zh <> ''),
    proposed_at timestamptz not null,
    proposed_by text not null check (proposed_by <> ''),
    -- the standing rule that proposed it; null of a person's
    rule_code text,
    -- the measure that this one adjusts
    supersedes text references ops.measures (measure_id),
    recorded_at timestamptz not null default clock_timestamp(),
    lifted_at timestamptz,
    lifted_by text,
    lift_reason text,
    foreign key (kind, action) references ops.measure_actions (kind, action),
    constraint measure_ends_after_it_starts check (ends_at > starts_at),
    constraint measure_changes_something check (value_after <> value_before),
    check (num_nulls(lifted_at, lifted_by, lift_reason) in (0, 3))
);
create index if not exists measures_by_subject on ops.measures (subject_kind, subject_key);
create index if not exists measures_by_successor on ops.measures (supersedes) where supersedes is not null;
create or replace trigger measures_stay before update or delete on ops.measures
for each row execute function ops.keep_as_written('{lifted_at, lifted_by, lift_reason}');

-- one row per question that a person answers: before that, what is asked for has no effect
create table if not exists ops.approvals (
    approval_id text primary key,
    matter text not null check (
        matter in (
            'measure', 'parameter_activation', 'emergency_activation', 'publication', 'model_promotion', 'override'
        )
    ),
    subject_id text not null check (subject_id <> ''),
    question_en text not null check (question_en <> ''),
    question_zh text not null check (question_zh <> ''),
    -- what the rule that asks would answer, and why: the embedded policy follows it, people need not
    recommended text check (recommended in ('approve', 'refuse')),
    recommendation text,
    asked_at timestamptz not null,
    asked_by text not null check (asked_by <> ''),
    needed_posts text[] not null check (cardinality(needed_posts) > 0),
    -- the post above, which may always answer, and is told when nobody has
    escalates_to text not null check (escalates_to <> ''),
    due_at timestamptz not null,
    escalated_at timestamptz,
    -- what is asked for was taken back before anybody answered
    withdrawn_at timestamptz,
    withdrawn_by text,
    withdrawal_reason text,
    answered_at timestamptz,
    answer text check (answer in ('approve', 'refuse')),
    answered_by text,
    answered_post text,
    answered_as text check (answered_as in ('person', 'policy')),
    reason text check (reason <> ''),
    recorded_at timestamptz not null default clock_timestamp(),
    check (due_at > asked_at),
    check ((recommended is null) = (recommendation is null)),
    check (num_nulls(withdrawn_at, withdrawn_by, withdrawal_reason) in (0, 3)),
    check (num_nulls(answered_at, answer, answered_by, answered_as, reason) in (0, 5)),
    check (answered_at is null or withdrawn_at is null),
    -- four eyes
    constraint approved_by_another check (answered_by <> asked_by),
    constraint answered_from_a_needed_post check (
        answered_as is distinct from 'person'
        or coalesce(answered_post = any(needed_posts) or answered_post = escalates_to, false)
    )
);
create unique index if not exists approvals_one_open on ops.approvals (matter, subject_id)
where answered_at is null and withdrawn_at is null;
create index if not exists approvals_by_subject on ops.approvals (subject_id);
create or replace trigger approvals_stay before update or delete on ops.approvals
for each row execute function ops.keep_as_written(
    '{escalated_at, withdrawn_at, withdrawn_by, withdrawal_reason, answered_at, answer, answered_by, answered_post,
    answered_as, reason}'
);

-- one row per measure, with the time in which it has effect: from its start, but not before its approval, until it
-- ends, is lifted, or another one that has effect supersedes it
create or replace view ops.measure_states as
with

answers as (
    select distinct on (subject_id)
        subject_id as measure_id,
        approval_id,
        answer,
        answered_at,
        answered_by,
        answered_as
    from ops.approvals
    where matter = 'measure' and withdrawn_at is null
    order by subject_id asc, asked_at desc
),

begun as (
    select
        measures.*,
        actions.kind_no,
        actions.needs_approval,
        answers.approval_id,
        answers.answer,
        answers.answered_at,
        answers.answered_by,
        answers.answered_as,
        case
            when not actions.needs_approval then measures.starts_at
            when answers.answer = 'approve' then greatest(measures.starts_at, answers.answered_at)
        end as effective_from
    from ops.measures as measures
    inner join ops.measure_actions as actions using (kind, action)
    left join answers using (measure_id)
),

-- several may wait to take its place; the first that has effect does
succeeded as (
    select distinct on (supersedes)
        supersedes as measure_id,
        measure_id as superseded_by,
        effective_from as superseded_at
    from begun
    where supersedes is not null and effective_from is not null
    order by supersedes asc, effective_from asc
)

select
    begun.measure_id,
    begun.kind,
    begun.action,
    begun.kind_no,
    begun.risk_domain,
    begun.subject_type,
    begun.subject_kind,
    begun.subject_key,
    begun.scope,
    begun.value_before,
    begun.value_after,
    begun.legal_basis,
    begun.starts_at,
    begun.ends_at,
    begun.evidence,
    begun.reason_en,
    begun.reason_zh,
    begun.proposed_at,
    begun.proposed_by,
    begun.rule_code,
    begun.supersedes,
    succeeded.superseded_by,
    succeeded.superseded_at,
    begun.lifted_at,
    begun.lifted_by,
    begun.lift_reason,
    begun.needs_approval,
    begun.approval_id,
    begun.answer,
    begun.answered_at,
    begun.answered_by,
    begun.answered_as,
    begun.effective_from,
    least(begun.ends_at, begun.lifted_at, succeeded.superseded_at) as effective_to
from begun
left join succeeded using (measure_id);

-- how a measure stands at a moment
create or replace function ops.measure_state(measure ops.measure_states, moment timestamptz) returns text
language sql immutable parallel safe
return case
    when (measure).answer = 'refuse' then 'refused'
    when (measure).lifted_at <= moment then 'lifted'
    when (measure).superseded_at <= moment then 'superseded'
    when (measure).ends_at <= moment then 'ended'
    when (measure).effective_from is null then 'waiting'
    when (measure).effective_from > moment then 'planned'
    else 'in_force'
end;

-- Article 15: one row per case in which a party says that the risk is absent or low
create table if not exists ops.rebuttals (
    rebuttal_id text primary key,
    measure_id text not null,
    party_id text not null check (party_id <> ''),
    claim text not null check (claim in ('absent', 'low')),
    statement text not null check (statement <> ''),
    submitted_at timestamptz not null,
    received_via text not null check (received_via in ('feed', 'desk')),
    received_by text not null,
    opened_at timestamptz not null,
    due_at timestamptz not null,
    -- why it is not looked into; null of one that is
    refusal text check (refusal in ('no_such_measure', 'not_in_force', 'not_concerned', 'no_evidence')),
    reviewed_at timestamptz,
    outcome text check (outcome in ('upheld', 'adjusted', 'lifted')),
    reviewed_by text,
    reviewed_as text check (reviewed_as in ('person', 'policy')),
    review_en text,
    review_zh text,
    adjusted_measure_id text references ops.measures (measure_id),
    recorded_at timestamptz not null default clock_timestamp(),
    check (due_at > opened_at),
    check (num_nulls(reviewed_at, outcome, reviewed_by, reviewed_as, review_en, review_zh) in (0, 6)),
    check (coalesce(outcome = 'adjusted', false) = (adjusted_measure_id is not null)),
    check (refusal is null or reviewed_at is null)
);
create unique index if not exists rebuttals_one_open on ops.rebuttals (measure_id, party_id)
where refusal is null and reviewed_at is null;
create or replace trigger rebuttals_stay before update or delete on ops.rebuttals
for each row execute function ops.keep_as_written(
    '{reviewed_at, outcome, reviewed_by, reviewed_as, review_en, review_zh, adjusted_measure_id}'
);

-- what a party hands in as proof: the documents' digests
create table if not exists ops.rebuttal_documents (
    rebuttal_id text not null references ops.rebuttals (rebuttal_id),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    document_name text not null check (document_name <> ''),
    document_kind text not null check (document_kind <> ''),
    received_at timestamptz not null,
    primary key (rebuttal_id, sha256)
);
create or replace trigger rebuttal_documents_stay before update or delete on ops.rebuttal_documents
for each row execute function ops.keep_as_written('{}');

-- whoever proposed a measure does not judge what is said against it
create or replace function ops.refuse_review() returns trigger
language plpgsql
as $$
begin
    if exists (
        select 1 from ops.measures where measure_id = new.measure_id and proposed_by = new.reviewed_by
    ) then
        raise check_violation using
            message = format('%s proposed the measure and cannot review it 复核人不得为措施提出人', new.reviewed_by),
            constraint = 'reviewed_by_another',
            schema = 'ops',
            table = 'rebuttals';
    end if;
    return new;
end
$$;
create or replace trigger reviewed_by_another before update on ops.rebuttals
for each row when (new.reviewed_by is not null) execute function ops.refuse_review();

-- a declaration that a person treats otherwise than the matrix says; it counts when somebody else has approved it
create table if not exists ops.treatment_overrides (
    override_id text primary key,
    importer_id text not null,
    declaration_id text not null,
    handling text not null check (handling in ('release', 'document_review', 'inspection')),
    reason_en text not null check (reason_en <> ''),
    reason_zh text not null check (reason_zh <> ''),
    asked_at timestamptz not null,
    asked_by text not null check (asked_by <> ''),
    recorded_at timestamptz not null default clock_timestamp()
);
-- who is told when it is approved
alter table ops.treatment_overrides add column if not exists office_code text;
create index if not exists treatment_overrides_by_declaration
on ops.treatment_overrides (importer_id, declaration_id);
create or replace trigger treatment_overrides_stay before update or delete on ops.treatment_overrides
for each row execute function ops.keep_as_written('{}');
