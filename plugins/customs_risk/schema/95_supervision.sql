-- Enforcement supervision: what auditors made of hints. Every statement may run again at any time. Nothing is deleted:
-- a later review of the same hint takes the earlier one's place, and both stay.

create table if not exists ops.hint_reviews (
    review_no bigint generated always as identity primary key,
    -- of supervision.hints
    hint_id text not null check (hint_id <> ''),
    verdict text not null check (verdict in ('confirmed', 'explained', 'dismissed')),
    reason text not null check (reason <> ''),
    reviewed_at timestamptz not null,
    reviewed_by text not null check (reviewed_by <> ''),
    recorded_at timestamptz not null default clock_timestamp()
);
create index if not exists hint_reviews_by_hint on ops.hint_reviews (hint_id);
