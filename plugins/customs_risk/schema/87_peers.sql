-- Comparison with peers, written by ml.peers. Every statement may run again at any time.

-- the groups of each subject on the newest day, from the narrowest to the widest
create table if not exists ml.peer_groups (
    as_of_on date not null,
    subject_kind text not null,
    subject_key text not null,
    group_level integer not null,
    group_key text not null,
    members bigint not null,
    -- the narrowest with enough peers
    is_own boolean not null,
    declarations bigint not null,
    rules_version integer not null,
    primary key (subject_kind, subject_key, group_level)
);

-- how subjects differ from their peers: all of the newest day, and what stood out on earlier ones
create table if not exists ml.peer_deviations (
    as_of_on date not null,
    subject_kind text not null,
    subject_key text not null,
    measure text not null,
    group_level integer not null,
    group_key text not null,
    peers bigint not null,
    observations bigint not null,
    "value" double precision not null,
    peer_value double precision not null,
    estimate double precision not null,
    z double precision not null,
    p_value double precision not null,
    false_discovery_share double precision not null,
    direction text not null check (direction in ('above', 'below')),
    stands_out boolean not null,
    is_adverse boolean not null,
    words_en text not null,
    words_zh text not null,
    rules_version integer not null,
    primary key (subject_kind, subject_key, measure, as_of_on)
);
create index if not exists peer_deviations_not_kept on ml.peer_deviations (as_of_on) where not stands_out;
