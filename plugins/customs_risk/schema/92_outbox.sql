-- How messages leave (Order 271, Article 4): in which shipment, over which route, what became of each attempt, and
-- what could not be delivered. Every statement may run again at any time.

-- a list of allowed words grows, whatever else has grown it before: the words that are there stay
create or replace function ops.admit_to(relation regclass, field text, variadic words text[]) returns void
language plpgsql
as $$
declare
    check_name constant text := (
        select relname || '_' || field || '_check' from pg_class where oid = relation
    );
    admitted text[];
begin
    select array_agg(distinct found.word [1])
    into admitted
    from pg_constraint
    cross join lateral regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g') as found (word)
    where conrelid = relation and conname = check_name;
    if words <@ coalesce(admitted, '{}') then
        return;
    end if;
    execute format('alter table %s drop constraint if exists %I', relation, check_name);
    execute format(
        'alter table %s add constraint %I check (%I in (%s))',
        relation,
        check_name,
        field,
        (
            select string_agg(distinct quote_literal(all_of.word), ', ')
            from unnest(coalesce(admitted, '{}') || words) as all_of (word)
        )
    );
end
$$;

-- the same of a list of kinds
create or replace function ops.admit(relation regclass, variadic words text[]) returns void
language sql
as $$
select ops.admit_to(relation, 'kind', variadic words);
$$;

select ops.admit(
    'ops.outbox',
    'instruction', 'warning', 'request', 'report', 'reassessment', 'measure', 'notice', 'notification', 'bulletin',
    'lifting', 'emergency', 'referral'
);
select ops.admit('ops.alarms', 'dead_letter');

-- what leaves together: messages of one kind, day and addressee, over one route. Who is in it is settled before it is
-- sent, so that a shipment sent again is the same, under the same name. shipment_id is the SHA-256 of its message_ids
create table if not exists ops.shipments (
    shipment_id text primary key,
    kind text not null,
    decided_on date not null,
    addressee text,
    route text not null,
    packed_at timestamptz not null default clock_timestamp(),
    next_attempt_at timestamptz not null default clock_timestamp(),
    -- sent, or dead: nobody tries it any more
    closed_at timestamptz
);
create index if not exists shipments_due on ops.shipments (next_attempt_at) where closed_at is null;

alter table ops.outbox add column if not exists shipment_id text;
create index if not exists outbox_unpacked on ops.outbox (kind) where shipment_id is null and dispatched_at is null;
create index if not exists outbox_by_shipment on ops.outbox (shipment_id);

-- what the receiver answered with, where it answers
alter table ops.receipts add column if not exists receipt_id text;

-- one row per message and attempt, written before the attempt begins: one without an end was cut off. Times are the
-- wall's; those of the messages themselves are the system's own (the sandbox's clock differs)
create table if not exists ops.dispatch_attempts (
    message_id text not null references ops.outbox (message_id),
    attempt_no integer not null check (attempt_no > 0),
    route text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    outcome text check (outcome in ('sent', 'transient', 'permanent', 'interrupted')),
    error text,
    receipt text,
    primary key (message_id, attempt_no)
);

-- messages that nobody tries any more, until a person sends them again or says that they need not be sent
create table if not exists ops.dead_letters (
    message_id text not null references ops.outbox (message_id),
    dead_at timestamptz not null,
    route text not null,
    attempts integer not null,
    reason text not null,
    ended_how text check (ended_how in ('requeued', 'settled')),
    ended_at timestamptz,
    ended_by text,
    end_reason text,
    -- the wall's time: in the sandbox two deaths may share a moment
    noted_at timestamptz not null default clock_timestamp(),
    primary key (message_id, noted_at),
    check (num_nulls(ended_how, ended_at, ended_by, end_reason) in (0, 4))
);
create unique index if not exists dead_letters_standing on ops.dead_letters (message_id) where ended_at is null;
