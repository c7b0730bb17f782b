-- How far each source was read: what is asked for next begins there.
-- Every statement may run again at any time.

create table if not exists ops.watermarks (
    feed text not null,
    name text not null,
    value text not null,
    updated_at timestamptz not null default now(),
    primary key (feed, name)
);
