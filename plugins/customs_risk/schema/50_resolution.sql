-- Who is meant: what mentions in notices and lists were resolved to, and what people said of it.
-- Every statement may run again at any time.

-- one row per mention and subject that it may be; of rejected ones the best only
create table if not exists ops.subject_matches (
    mention_id text not null,
    subject_kind text not null check (subject_kind in ('party', 'commodity', 'vessel', 'container')),
    subject_id text not null,
    method text not null check (method in ('identifier', 'name', 'code')),
    matched_on text not null,
    score double precision not null check (score between 0 and 1),
    status text not null check (status in ('matched', 'review', 'rejected')),
    method_version text not null,
    resolved_at timestamptz not null default now(),
    primary key (mention_id, subject_kind, subject_id)
);
create index if not exists subject_matches_by_subject on ops.subject_matches (subject_kind, subject_id);
create index if not exists subject_matches_waiting on ops.subject_matches (score desc, mention_id)
where status = 'review';

-- verdicts are appended, never changed; the last on a pair counts.
-- told_as is what the mention says without its aliases: a list that adds an alias keeps its verdicts
create table if not exists ops.match_reviews (
    mention_id text not null,
    subject_kind text not null,
    subject_id text not null,
    verdict text not null check (verdict in ('same', 'different')),
    reviewer text not null check (reviewer <> ''),
    reason text not null check (reason <> ''),
    reviewed_at timestamptz not null default now(),
    told_as text
);
create index if not exists match_reviews_by_mention on ops.match_reviews (mention_id);
create index if not exists match_reviews_by_name on ops.match_reviews (told_as);

-- what has been resolved, so that only what is new costs anything; a mention that matches nothing is here too
create table if not exists ops.resolved_mentions (
    mention_id text primary key,
    told_as text not null,
    keys text[] not null,
    failed_identifiers text[] not null,
    method_version text not null,
    resolved_at timestamptz not null default now()
);
-- new subjects find the mentions that may be them, without reading the others
create index if not exists resolved_mentions_by_key on ops.resolved_mentions using gin (keys);
create index if not exists resolved_mentions_by_name on ops.resolved_mentions (told_as);

create table if not exists ops.resolved_subjects (
    subject_kind text not null,
    subject_id text not null,
    content text not null,
    method_version text not null,
    primary key (subject_kind, subject_id)
);
