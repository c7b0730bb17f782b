-- Scientific allocation of people: what capacity each office is recommended for a month, what that should gain, and
-- what somebody approved of it. Every statement may run again at any time. Nothing is deleted or changed.

select ops.admit_to('ops.approvals', 'matter', 'allocation');

-- one row per recommendation for a month; the newest of a month is the one that is asked about
create table if not exists ml.allocation_runs (
    allocation_id text primary key,
    -- the first day of the month that it is for
    month_on date not null check (month_on = date_trunc('month', month_on)),
    -- the days of decisions that it rests on
    from_on date not null,
    to_on date not null,
    decided_days integer not null check (decided_days > 0),
    business_days integer not null check (business_days > 0),
    -- the bounds, and what a finding counts for beside revenue
    config jsonb not null,
    budget_hours double precision not null,
    -- over all offices: expected at the present and at the recommended capacity, and the 95 % interval of the gain
    findings_at_present double precision not null,
    findings_recommended double precision not null,
    gain_findings_low double precision not null,
    gain_findings_high double precision not null,
    revenue_cny_at_present double precision not null,
    revenue_cny_recommended double precision not null,
    gain_revenue_cny_low double precision not null,
    gain_revenue_cny_high double precision not null,
    words_en text not null,
    words_zh text not null,
    computed_at timestamptz not null,
    recorded_at timestamptz not null default clock_timestamp(),
    check (from_on <= to_on and to_on < month_on),
    check (gain_findings_low <= gain_findings_high and gain_revenue_cny_low <= gain_revenue_cny_high)
);

-- one row per recommendation, office and risk domain. An office's capacity is what is recommended; the domains say what
-- its inspections will concern, as the rule of selection goes down the ranks
create table if not exists ml.allocations (
    allocation_id text not null references ml.allocation_runs (allocation_id),
    office_code text not null,
    risk_domain text not null,
    -- of the office in that month
    declarations double precision not null,
    present_rate double precision not null,
    recommended_rate double precision not null,
    -- of the office and the domain
    present_inspections double precision not null,
    recommended_inspections double precision not null,
    present_officer_hours double precision not null,
    recommended_officer_hours double precision not null,
    present_findings double precision not null,
    recommended_findings double precision not null,
    present_revenue_cny double precision not null,
    recommended_revenue_cny double precision not null,
    -- of one more officer-hour of the office at the present capacity, and at the recommended one
    present_findings_per_hour double precision not null,
    recommended_findings_per_hour double precision not null,
    present_revenue_cny_per_hour double precision not null,
    recommended_revenue_cny_per_hour double precision not null,
    gain_findings_low double precision not null,
    gain_findings_high double precision not null,
    gain_revenue_cny_low double precision not null,
    gain_revenue_cny_high double precision not null,
    reason_en text not null,
    reason_zh text not null,
    primary key (allocation_id, office_code, risk_domain)
);

-- one row per office and month whose capacity somebody was asked to set; it counts from the approval on
create table if not exists ops.capacities (
    allocation_id text not null,
    month_on date not null check (month_on = date_trunc('month', month_on)),
    office_code text not null check (office_code <> ''),
    -- inspections per declaration
    inspection_rate numeric(6, 4) not null check (inspection_rate > 0 and inspection_rate <= 1),
    present_rate numeric(6, 4) not null,
    asked_at timestamptz not null,
    asked_by text not null check (asked_by <> ''),
    recorded_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    ended_by text,
    end_reason text,
    primary key (allocation_id, office_code),
    check (num_nulls(ended_at, ended_by, end_reason) in (0, 3))
);
create index if not exists capacities_by_month on ops.capacities (month_on, office_code);
create or replace trigger capacities_stay before update or delete on ops.capacities
for each row execute function ops.keep_as_written('{ended_at, ended_by, end_reason}');

-- one row per office and month with a capacity of its own: the approved one, of several the last approved. Offices and
-- months without one keep the setting
create or replace view ops.capacities_in_force as
select distinct on (capacities.month_on, capacities.office_code)
    capacities.month_on,
    capacities.office_code,
    capacities.inspection_rate,
    capacities.present_rate,
    capacities.allocation_id,
    approvals.approval_id,
    approvals.answered_at as approved_at,
    approvals.answered_by as approved_by
from ops.capacities as capacities
inner join ops.approvals as approvals
    on approvals.matter = 'allocation' and approvals.subject_id = capacities.allocation_id
where approvals.answer = 'approve' and capacities.ended_at is null
order by capacities.month_on asc, capacities.office_code asc, approvals.answered_at desc, capacities.allocation_id desc;
