-- Alarms, and what parties were asked for. Every statement may run again at any time.

-- one row per thing that somebody must look at; alarm_id says which, so it is raised once. Times are the system's own
-- (the sandbox's clock differs from the wall's)
create table if not exists ops.alarms (
    alarm_id text primary key,
    kind text not null check (
        kind in (
            'volume', 'freshness', 'refused_delivery', 'silent_point', 'overdue_request', 'source_failed',
            'model_drift'
        )
    ),
    feed text,
    subject text not null,
    raised_at timestamptz not null,
    recipient text not null,
    message_en text not null,
    message_zh text not null,
    details jsonb not null default '{}',
    cleared_at timestamptz
);
create index if not exists alarms_open on ops.alarms (kind) where cleared_at is null;

-- Order 271, Article 8: parties are asked for documents and answers, and must cooperate. Answers arrive as the feed
-- information_answers
create table if not exists ops.information_requests (
    request_id text primary key,
    party_id text not null,
    party_name text,
    what_en text not null,
    what_zh text not null,
    legal_basis text not null,
    asked_at timestamptz not null,
    due_at timestamptz not null,
    asked_by text not null,
    closed_at timestamptz,
    closed_by text,
    close_reason text,
    check (due_at > asked_at),
    check ((closed_at is null) = (closed_by is null))
);
create index if not exists information_requests_open on ops.information_requests (due_at) where closed_at is null;

-- requests leave through the one door, as instructions and warnings do
do $$
begin
    if not exists (
        select 1 from pg_constraint
        where
            conrelid = 'ops.outbox'::regclass
            and conname = 'outbox_kind_check'
            and pg_get_constraintdef(oid) like '%reassessment%'
    ) then
        alter table ops.outbox drop constraint if exists outbox_kind_check;
        alter table ops.outbox add constraint outbox_kind_check check (
            kind in ('instruction', 'warning', 'request', 'report', 'reassessment')
        );
    end if;
    if not exists (
        select 1 from pg_constraint
        where
            conrelid = 'ops.alarms'::regclass
            and conname = 'alarms_kind_check'
            and pg_get_constraintdef(oid) like '%model_drift%'
    ) then
        alter table ops.alarms drop constraint if exists alarms_kind_check;
        alter table ops.alarms add constraint alarms_kind_check check (
            kind in (
                'volume', 'freshness', 'refused_delivery', 'silent_point', 'overdue_request', 'source_failed',
                'model_drift'
            )
        );
    end if;
end $$;

-- whether a feed's schedule (a cron line) names a day: its day of month, month and day of week
create or replace function ops.is_planned(schedule text, "day" date) returns boolean
language sql immutable parallel safe
as $$
    select bool_and(exists (
        select 1
        from string_to_table(field.says, ',') as item (says)
        where
            case
                when item.says ~ '^[0-9]+$' then item.says::int = any(field.is)
                when item.says ~ '^[0-9]+-[0-9]+$'
                    then exists (
                        select 1 from unnest(field.is) as value
                        where value between split_part(item.says, '-', 1)::int and split_part(item.says, '-', 2)::int
                    )
                when item.says ~ '^[*]/[0-9]+$' then field.is[1] % split_part(item.says, '/', 2)::int = 0
                else true
            end
    ))
    from (
        values
        (split_part(schedule, ' ', 3), array[extract(day from "day")::int]),
        (split_part(schedule, ' ', 4), array[extract(month from "day")::int]),
        -- Sunday is both 0 and 7
        (split_part(schedule, ' ', 5), array[extract(dow from "day")::int, extract(isodow from "day")::int])
    ) as field (says, "is")
$$;

-- hours that a feed is late at a moment: what passed since its last delivery, beyond the freshness that its contract
-- promises. Days that its schedule does not name are not counted; 0 when it is in time
create or replace function ops.hours_late(
    schedule text, freshness_hours numeric, last_at timestamptz, moment timestamptz, zone text
) returns double precision
language sql stable parallel safe
as $$
    select greatest(
        extract(epoch from moment - last_at)::float8 / 3600
        - freshness_hours::float8
        - 24 * (
            select count(*)
            from generate_series(
                (last_at at time zone zone)::date + 1, (moment at time zone zone)::date, interval '1 day'
            ) as passed ("day")
            where not ops.is_planned(schedule, passed."day"::date)
        ),
        0
    )
$$;

-- how soon the rows of one delivery were known: of how many, how many within the freshness that the contract promises,
-- and the median in hours. `happened` is the column that says when a thing happened; what is told before it happens is
-- told in time, and a correction counts from when what it corrects happened
create or replace function ops.timeliness(feed text, batch text, happened text, freshness_hours numeric)
returns table (measured_rows bigint, timely_rows bigint, median_hours_to_know double precision)
language plpgsql stable
as $$
begin
    -- a feed that does not say when a thing happened cannot be measured
    if happened is null then
        return query select 0::bigint, 0::bigint, null::float8;
        return;
    end if;
    return query execute format(
        'select count(*), count(*) filter (where hours <= $2), percentile_cont(0.5) within group (order by hours)
        from (
            select extract(epoch from known_at - %I)::float8 / 3600 as hours from raw.%I where batch_id = $1
        ) as delays',
        happened, feed
    ) using batch, freshness_hours;
end
$$;
