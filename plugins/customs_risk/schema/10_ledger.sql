-- What is neither delivered nor derived: the ledger, the quarantine, the outbox, the model registry.
-- Every statement may run again at any time.

create schema if not exists raw;
create schema if not exists gate;
create schema if not exists ops;
create schema if not exists ml;

-- one row per delivered file: nothing that arrives is without one
create table if not exists ops.batches (
    batch_id text primary key,
    feed text not null,
    sha256 text not null,
    file_name text not null,
    sent_at timestamptz,
    landed_at timestamptz not null default now(),
    is_backfill boolean not null,
    status text not null check (status in ('landed', 'refused', 'loaded', 'repeated')),
    reason text,
    received bigint,
    loaded bigint,
    quarantined bigint,
    duplicate bigint,
    -- of the loaded rows, those that supersede an earlier version
    corrected bigint,
    -- of the loaded rows, those that came out of quarantine
    released bigint not null default 0,
    contract_version integer,
    finished_at timestamptz,
    warnings jsonb not null default '[]',
    -- from when on its rows count as known, unless they are history: never before they could be known here
    known_at timestamptz,
    -- the ledger adds up, or the load does not commit
    constraint ledger_adds_up check (
        status <> 'loaded' or (received is not null and received = loaded + quarantined + duplicate)
    )
);
alter table ops.batches add column if not exists known_at timestamptz;
create index if not exists batches_by_content on ops.batches (feed, sha256);
create index if not exists batches_waiting on ops.batches (feed) where status = 'landed';

-- rows that broke an expectation, as they were delivered
create table if not exists ops.quarantine (
    batch_id text not null,
    feed text not null,
    row_no bigint not null,
    "row" jsonb not null,
    broken text[] not null,
    quarantined_at timestamptz not null default now(),
    -- a released row is in raw; what it was and who repaired what stays here
    repair jsonb,
    released_at timestamptz,
    released_by text,
    release_reason text,
    primary key (batch_id, row_no)
);
create index if not exists quarantine_waiting on ops.quarantine (feed) where released_at is null;

-- every version of every feed's contract that a delivery was judged by
create table if not exists ops.contracts (
    feed text not null,
    version integer not null,
    fingerprint text not null,
    declared jsonb not null,
    first_used_at timestamptz not null default now(),
    primary key (feed, version)
);

-- a source that could not be reached, or answered with what it must not; cleared by the next success
create table if not exists ops.source_failures (
    feed text primary key,
    failed_at timestamptz not null default now(),
    message text not null
);

-- the one door through which anything leaves; message_id is the idempotency key
create table if not exists ops.outbox (
    message_id text primary key,
    kind text not null check (kind in ('instruction', 'warning', 'report')),
    subject_id text not null,
    decided_on date not null,
    payload jsonb not null,
    enqueued_at timestamptz not null default now(),
    dispatched_at timestamptz,
    file_name text,
    attempts integer not null default 0
);
create index if not exists outbox_waiting on ops.outbox (decided_on) where dispatched_at is null;

create table if not exists ops.receipts (
    message_id text primary key references ops.outbox (message_id),
    receiver text not null,
    received_at timestamptz not null default now()
);

-- every model that was ever trained, and what it was measured at
create table if not exists ml.models (
    model_version text primary key,
    trained_at timestamptz not null default now(),
    label_window_from date not null,
    label_window_to date not null,
    config jsonb not null,
    config_hash text not null,
    metrics jsonb not null,
    artefact_path text not null,
    artefact_sha256 text not null,
    is_active boolean not null default false
);
create unique index if not exists models_one_active on ml.models (is_active) where is_active;

-- conclusions on declarations, as things were known when each was drawn; never rewritten: the latest number stands
create table if not exists ml.conclusions (
    importer_id text not null,
    declaration_id text not null,
    conclusion_no integer not null default 1,
    "trigger" text not null default 'declared',
    model_version text not null,
    likelihood double precision,
    likelihood_low double precision,
    likelihood_high double precision,
    expected_revenue_cny double precision,
    ranking_score double precision,
    exploration_score double precision,
    "level" text not null check ("level" in ('high', 'medium', 'low', 'unknown')),
    severity text,
    trend text not null default 'unknown' check (trend in ('rising', 'steady', 'falling', 'unknown')),
    evidence double precision,
    novelty double precision,
    uncertainty_kind text not null default 'no_model'
    check (uncertainty_kind in ('no_model', 'novelty', 'thin_data', 'estimate')),
    as_of timestamptz not null,
    assessed_at timestamptz not null default now(),
    primary key (importer_id, declaration_id, conclusion_no)
);
create index if not exists conclusions_by_declaration on ml.conclusions (declaration_id);
create index if not exists conclusions_by_time on ml.conclusions (assessed_at);

-- why, of conclusions that somebody acts on: their hazard factors, and how far the models of other periods agree
create table if not exists ml.explanations (
    importer_id text not null,
    declaration_id text not null,
    conclusion_no integer not null default 1,
    hazard_factors jsonb not null,
    disagreement double precision,
    risk_domain text,
    domain_likelihoods jsonb not null default '{}',
    explained_at timestamptz not null default now(),
    primary key (importer_id, declaration_id, conclusion_no)
);
create index if not exists explanations_by_declaration on ml.explanations (declaration_id);

-- codes that deliveries may use, by list
create table if not exists ops.code_lists (
    list_name text not null,
    code text not null,
    primary key (list_name, code)
);
