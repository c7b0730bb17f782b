-- What each layer of models was last built whole from.
-- Every statement may run again at any time.

create table if not exists ops.builds (
    layer text primary key,
    -- of the project's files and settings
    fingerprint text not null,
    -- what was built: when any of it is gone, all is built again
    relations text[] not null,
    built_at timestamptz not null default now()
);
