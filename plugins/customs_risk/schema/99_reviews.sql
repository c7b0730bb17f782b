-- Effectiveness reviews (Order 271, Article 18): month by month, what each measure and each risk parameter did, what
-- follows, and what came of it. Every statement may run again at any time. A review says what was known when it was
-- made, and is never changed; its outcome is noted once.

-- a recommendation to change or drop waits for a person, and so do monthly reports for their readers
select ops.admit_to('ops.approvals', 'matter', 'review');
select ops.admit('ops.reports', 'monthly');

-- one row per month and measure, or version of a risk parameter, that was in force in it
create table if not exists ops.reviews (
    review_id text primary key,
    month_on date not null check (extract(day from month_on) = 1),
    subject_kind text not null check (subject_kind in ('measure', 'parameter')),
    subject_id text not null,
    -- of a parameter
    version integer,
    risk_domain text not null,
    previous_review_id text references ops.reviews (review_id),
    -- the days of decisions that were looked at, while it was in force
    from_on date not null,
    to_on date not null,
    days_in_force integer not null check (days_in_force > 0),
    -- declarations that the parameter hit, or that are of the measure's subject
    hits bigint not null,
    inspected bigint not null,
    -- of a measure: findings of its own domain
    findings bigint not null,
    -- share of hits in which an inspection finds something, reweighted by selection probability; null where no drawn
    -- hit tells
    expected_precision double precision,
    precision_low double precision not null,
    precision_high double precision not null,
    -- what random inspections find at the same offices, on the same days
    random_inspected bigint not null,
    random_findings bigint not null,
    random_rate double precision,
    random_rate_low double precision not null,
    random_rate_high double precision not null,
    lift double precision,
    lift_low double precision,
    lift_high double precision,
    officer_hours double precision not null,
    revenue_cny double precision not null,
    -- inspections that it alone claimed, what they found, and what those whose place they took would have found
    claimed_inspections bigint not null,
    claimed_findings bigint not null,
    findings_displaced double precision not null,
    findings_gained_high double precision not null,
    -- of a measure: as many days before it
    before_from_on date,
    before_to_on date,
    hits_before bigint,
    inspected_before bigint,
    -- share of its subject's declarations without a violation of its domain
    compliance_before double precision,
    compliance_before_low double precision,
    compliance_before_high double precision,
    compliance_after double precision,
    compliance_after_low double precision,
    compliance_after_high double precision,
    compliance_change double precision,
    compliance_change_low double precision,
    compliance_change_high double precision,
    verdict text not null check (verdict in ('keep', 'change', 'drop')),
    -- the rule that says so, and the version of the rules (feedback/reviews/rules.yml)
    rule_code text not null,
    rules_version integer not null,
    reason_en text not null check (reason_en <> ''),
    reason_zh text not null check (reason_zh <> ''),
    -- what would take its place
    change jsonb,
    created_at timestamptz not null,
    recorded_at timestamptz not null default clock_timestamp(),
    -- what came of the recommendation
    outcome text check (outcome in ('carried_out', 'refused', 'lapsed', 'hindered')),
    outcome_at timestamptz,
    outcome_by text,
    outcome_reason text check (outcome_reason <> ''),
    -- the measure, or the version of the parameter, that is to take its place
    became text,
    constraint reviews_one_a_month unique nulls not distinct (month_on, subject_kind, subject_id, version),
    check ((subject_kind = 'parameter') = (version is not null)),
    check ((verdict = 'change') = (change is not null)),
    check (num_nulls(outcome, outcome_at, outcome_by, outcome_reason) in (0, 4)),
    check (outcome is null or verdict <> 'keep'),
    check (from_on <= to_on)
);
create index if not exists reviews_by_subject on ops.reviews (subject_kind, subject_id);
create index if not exists reviews_open on ops.reviews (review_id) where verdict <> 'keep' and outcome is null;
create or replace trigger reviews_stay before update or delete on ops.reviews
for each row execute function ops.keep_as_written('{outcome, outcome_at, outcome_by, outcome_reason, became}');
