-- price regression, written by ml.prices: what was learned, and what price each declaration was expected to have

-- every price model that was trained, and what it was measured at
create table if not exists ml.price_models (
    model_version text primary key,
    trained_at timestamptz not null default now(),
    window_from date not null,
    window_to date not null,
    config jsonb not null,
    config_hash text not null,
    metrics jsonb not null,
    artefact_path text not null,
    artefact_sha256 text not null,
    is_active boolean not null default false
);
create unique index if not exists price_models_one_active on ml.price_models (is_active) where is_active;

-- one expectation per declaration, from what was known before its day; never rewritten
create table if not exists ml.price_expectations (
    importer_id text not null,
    declaration_id text not null,
    model_version text not null,
    expected_cny_per_kg double precision,
    low_cny_per_kg double precision,
    high_cny_per_kg double precision,
    log_gap double precision,
    robust_z double precision,
    price_position text not null check (price_position in ('below', 'within', 'above', 'unknown')),
    value_gap_cny double precision,
    revenue_at_risk_cny double precision,
    as_of timestamptz not null,
    expected_at timestamptz not null default now(),
    primary key (importer_id, declaration_id)
);
create index if not exists price_expectations_by_time on ml.price_expectations (expected_at);
