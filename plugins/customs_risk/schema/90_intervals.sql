-- An interval of these profiles ends where the next one of its key starts. It was stored once; that rewrote a row of
-- history for each new one. Views that told it are made again by the next build.
alter table if exists intermediate.int_risk_profiles drop column if exists valid_to cascade;
alter table if exists intermediate.int_activity_profiles drop column if exists valid_to cascade;
alter table if exists intermediate.int_origin_profiles drop column if exists valid_to cascade;

-- Keys of an importer and what it buys from whom began with the seller once, and the index held the kind as well: a
-- warehouse with that index has such keys. On ten million declarations this takes some minutes.
do $$
declare
    former regclass;
begin
    select indexrelid into former
    from pg_index
    where
        indrelid = to_regclass('intermediate.int_activity_profiles')
        and pg_get_indexdef(indexrelid) like '%(profile_key, profile_kind, valid_from)';
    if former is null then
        return;
    end if;
    execute format('drop index %s', former);
    update intermediate.int_activity_profiles
    set profile_key = regexp_replace(profile_key, '^(.*)\|([^|]*)$', '\2|\1')
    where profile_kind = 'seller_importer';
    create index activity_profiles_of_key on intermediate.int_activity_profiles (profile_key, valid_from);
end
$$;
