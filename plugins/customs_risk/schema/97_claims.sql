-- What claims an inspection beside the model's ranking: mandatory classes, analysts' requests, risk parameters. Every
-- statement may run again at any time.

-- one of the four ways of handling: an analyst asks for an inspection of what meets a description
create table if not exists ops.inspection_requests (
    request_id text primary key,
    subject_kind text not null check (
        subject_kind in ('declaration', 'importer', 'seller', 'declarant', 'hs6', 'hs6_origin', 'origin')
    ),
    subject_key text not null check (subject_key <> ''),
    -- of one office, or of all
    office_code text,
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    words_en text not null check (words_en <> ''),
    words_zh text not null check (words_zh <> ''),
    legal_basis text not null check (legal_basis <> ''),
    asked_at timestamptz not null,
    asked_by text not null check (asked_by <> ''),
    starts_on date not null,
    ends_on date not null,
    -- once so many declarations have been claimed it claims no more
    most integer not null check (most between 1 and 10000),
    withdrawn_at timestamptz,
    withdrawn_by text,
    withdraw_reason text,
    check (ends_on >= starts_on),
    check (num_nulls(withdrawn_at, withdrawn_by, withdraw_reason) in (0, 3))
);

-- one row per declaration and what claims it, made just before decisions and never changed
create table if not exists ops.claims (
    importer_id text not null,
    declaration_id text not null,
    claim text not null check (claim in ('mandatory', 'analyst', 'parameter')),
    claim_key text not null,
    risk_domain text not null,
    -- 1 the first: the order of the risk domains (seed selection_priorities)
    priority integer not null check (priority >= 1),
    wants text not null check (wants in ('inspection', 'documents')),
    words_en text not null,
    words_zh text not null,
    claimed_at timestamptz not null default clock_timestamp(),
    primary key (declaration_id, importer_id, claim_key)
);
create index if not exists claims_by_key on ops.claims (claim_key);
