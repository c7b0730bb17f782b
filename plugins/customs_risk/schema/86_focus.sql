-- dynamic focus, written by ml.focus: what is counted each day, when it was looked at, and what was found

-- one row per day, measure, subject and kind of selection: events among units. Kept for as long as a series' past is
-- looked at, and made again from what is known
create table if not exists ml.focus_days (
    counted_on date not null,
    measure text not null,
    subject_kind text not null,
    subject_key text not null,
    stratum text not null,
    units double precision not null,
    events double precision not null,
    primary key (counted_on, measure, subject_kind, subject_key, stratum)
);

-- one row per business day on which it was looked at
create table if not exists ml.focus_runs (
    looked_on date primary key,
    looked_at timestamptz not null,
    -- the newest fact that was counted; what is recorded later is counted by the next look, however late it is
    recorded_to timestamptz,
    series_watched bigint not null,
    raised integer not null,
    ended integer not null,
    config_hash text not null
);

-- one row per episode: a series that left its past, from when it was noticed until it ended. Written once, and ended
-- once
create table if not exists ml.focus (
    focus_id text primary key,
    measure text not null,
    subject_kind text not null,
    subject_key text not null,
    direction text not null check (direction in ('rising', 'falling')),
    is_adverse boolean not null,
    since_on date not null,
    detected_on date not null references ml.focus_runs (looked_on),
    detected_at timestamptz not null,
    level_before double precision,
    level_after double precision,
    trend_per_week double precision,
    strength double precision not null,
    en text not null,
    zh text not null,
    until_on date,
    ended_on date references ml.focus_runs (looked_on),
    ended_at timestamptz,
    ended_because text check (ended_because in ('returned', 'usual', 'silent')),
    check ((ended_on is null) = (ended_because is null) and (ended_on is null) = (until_on is null))
);
create unique index if not exists focus_open
on ml.focus (measure, subject_kind, subject_key) where ended_on is null;
create index if not exists focus_by_day on ml.focus (detected_on);
