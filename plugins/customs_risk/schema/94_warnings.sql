-- Warnings (Order 271, Article 14) and analysis reports: what is told to whom. Every statement may run again at any
-- time. Nothing is changed after it was said: a state is stamped once, and what takes a warning's place is a new version

-- one row per version of a warning: one subject, one cause, one release class, until it is lifted
create table if not exists ops.warnings (
    warning_id text not null,
    version integer not null check (version >= 1),
    release_class text not null check (release_class in ('bulletin', 'notice', 'notification')),
    -- the rule that found it (treat/warnings/rules.yml), or 'person'
    cause text not null,
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    subject_kind text not null,
    subject_key text not null,
    -- of the subject, where it has any
    country text,
    hs text,
    "level" text not null check ("level" in ('high', 'medium', 'low')),
    -- whether public information bears it out by itself: only then the public, or anybody abroad, is told
    is_public boolean not null check (is_public or release_class <> 'notice'),
    -- what anybody may read: made of public code lists alone
    title_en text not null check (title_en <> ''),
    title_zh text not null check (title_zh <> ''),
    advice_en text not null,
    advice_zh text not null,
    -- what customs alone reads
    words_en text not null check (words_en <> ''),
    words_zh text not null check (words_zh <> ''),
    -- the rows that it rests on: [{"mart": …, "key": …}, …], at most fifty; how many there are in all
    evidence jsonb not null,
    evidence_rows integer not null check (evidence_rows >= 1),
    supersedes integer check (supersedes = version - 1),
    drafted_at timestamptz not null,
    drafted_by text not null,
    approved_at timestamptz,
    approved_by text,
    approval_reason text,
    refused_at timestamptz,
    refused_by text,
    refusal_reason text,
    -- why it did not leave although it might: what its words would have given away
    held_at timestamptz,
    held_because text,
    issued_at timestamptz,
    issued_by text,
    lifted_at timestamptz,
    lifted_by text,
    lifted_because_en text,
    lifted_because_zh text,
    superseded_at timestamptz,
    primary key (warning_id, version),
    check ((lifted_at is null) = (lifted_by is null)),
    check ((issued_at is null) = (issued_by is null)),
    check (approved_at is null or refused_at is null),
    -- publication waits for a person's word
    check (release_class = 'bulletin' or issued_at is null or approved_at is not null)
);
-- one per cause, subject and class until it is lifted; one that was refused stands, unsaid, until its cause has ceased
create unique index if not exists warnings_standing
on ops.warnings (cause, risk_domain, subject_kind, subject_key, release_class)
where lifted_at is null and superseded_at is null;
create index if not exists warnings_by_draft on ops.warnings (drafted_at);

-- one row per recipient of a version that was issued: what exactly it was sent
create table if not exists ops.warning_recipients (
    warning_id text not null,
    version integer not null,
    recipient_id text not null,
    audience text not null check (
        audience in (
            'customs', 'party', 'public', 'department', 'foreign_authority', 'international_organisation'
        )
    ),
    name_en text not null,
    name_zh text not null,
    -- which agreement lets a recipient abroad read more than the public
    sharing_basis text,
    release jsonb not null,
    release_sha256 text not null,
    told_at timestamptz not null,
    primary key (warning_id, version, recipient_id),
    foreign key (warning_id, version) references ops.warnings (warning_id, version)
);

-- one row per analysis report and data state; the same figures make no new one
create table if not exists ops.reports (
    report_id text not null,
    version integer not null check (version >= 1),
    kind text not null check (kind in ('weekly')),
    -- a risk domain, or all
    risk_domain text not null,
    period_from date not null,
    period_to date not null check (period_to >= period_from),
    as_of timestamptz not null,
    html_file text not null,
    html_sha256 text not null,
    pdf_file text not null,
    pdf_sha256 text not null,
    recipient_id text not null,
    -- of all that it tells, its data state aside
    content_sha256 text not null,
    made_at timestamptz not null default clock_timestamp(),
    primary key (report_id, version)
);

-- warnings and reports leave through the one door
select ops.admit('ops.outbox', 'bulletin', 'notice', 'notification', 'lifting', 'report');
