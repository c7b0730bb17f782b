-- How marts, jurisdictions and the rest are given to the roles of 70_access.sql.
-- Every statement may run again at any time.

-- Gives a mart to those who may read it: rights, and for a table also the policy that a view has within itself (the
-- condition, which dbt writes: macros/access.sql). What is right already is left alone: a day's build waits for nobody
create or replace function access.serve(relation regclass, mart text, class text, hidden jsonb, "condition" text)
returns void
language plpgsql
as $$
declare
    is_table constant boolean := (select relkind in ('r', 'p') from pg_class where oid = relation);
    is_guarded constant boolean := not is_table or (select relrowsecurity from pg_class where oid = relation);
    readers constant jsonb := (
        select jsonb_object_agg(roles."role", to_jsonb(roles.sees) order by roles."role")
        from access.roles as roles
        where split_part(mart, '.', 1) = any(roles.reads) and (serve.class <> 'secret' or 'secret' = any(roles.sees))
    );
    mark constant text := md5(concat_ws('|', relation::oid, mart, class, hidden, "condition", readers));
    reader record;
    shown text;
begin
    if is_guarded and exists (
        select 1 from access.marts as served where served.mart = serve.mart and served.fingerprint = mark
    ) then
        return;
    end if;

    if (select relacl is not null from pg_class where oid = relation) then
        for reader in select "role" from access.roles loop
            execute format('revoke all on %s from %I', relation, reader."role");
        end loop;
    end if;

    -- a view masks within itself; of a table, the columns that a role is not shown are not granted
    for reader in select key as "role", value as sees from jsonb_each(readers) loop
        select ' (' || string_agg(quote_ident(attname), ', ' order by attnum) || ')' into shown
        from pg_attribute
        where
            attrelid = relation and attnum > 0 and not attisdropped
            and not (hidden ? attname and not reader.sees ? (hidden ->> attname))
        having is_table and exists (
            select 1 from jsonb_each_text(hidden) as each where not reader.sees ? each.value
        );
        execute format('grant select%s on %s to %I', shown, relation, reader."role");
    end loop;

    if is_table then
        execute format('alter table %s enable row level security', relation);
        execute format('drop policy if exists served on %s', relation);
        execute format('create policy served on %s for select using (%s)', relation, "condition");
    end if;

    insert into access.marts (mart, class, hidden, "condition", fingerprint)
    values (mart, class, hidden, "condition", mark)
    on conflict on constraint marts_pkey do update
    set
        class = excluded.class,
        hidden = excluded.hidden,
        "condition" = excluded."condition",
        fingerprint = excluded.fingerprint;
end
$$;

-- roles may have changed since the marts were built
select access.serve(to_regclass(mart), mart, class, hidden, "condition")
from access.marts
where to_regclass(mart) is not null;

-- The jurisdictions as the seeds say, with a role for each district and sub-centre. Moving a district takes effect on
-- its day, without any further act
create or replace function access.sync_jurisdictions() returns void
language plpgsql
as $$
declare
    told jsonb;
begin
    -- the lock first, as a build does before it touches a seed that this reads: two of them are built side by side
    perform pg_advisory_xact_lock(27170);
    if to_regclass('reference.subcentre_jurisdictions') is not null then
        select coalesce(jsonb_agg(to_jsonb(seed)), '[]') into told from reference.subcentre_jurisdictions as seed;
        delete from access.jurisdictions where true;
        insert into access.jurisdictions (subcentre_key, district_code, valid_from, valid_to)
        select subcentre_key, district_code, valid_from, valid_to
        from jsonb_to_recordset(told) as seed (
            subcentre_key text, district_code text, valid_from date, valid_to date
        );
    end if;
    perform access.make_role('customs_risk_subcentre_' || subcentre_key)
    from (select distinct subcentre_key from access.jurisdictions) as subcentres;
    perform access.make_role('customs_risk_district_' || district_code)
    from (select distinct district_code from access.jurisdictions) as districts;
    if to_regclass('reference.customs_units') is not null then
        perform access.make_role('customs_risk_district_' || unit_code)
        from (select distinct unit_code from reference.customs_units where unit_level = 'district') as districts;
    end if;
end
$$;
select access.sync_jurisdictions();

-- Rows that wait in quarantine, as they were delivered: whoever looks is noted
create or replace view ops.quarantined_rows with (security_barrier) as
select quarantined.*
from ops.quarantine as quarantined
where (select access.reads('ops.quarantine', 'personal'));

-- Rights on what is no mart. Objects that come later are covered by default privileges; a right that is there is not
-- given again, because giving writes to the catalogue
do $$
declare
    each record;
begin
    for each in select "role", unnest(reads) as "schema" from access.roles loop
        if not has_schema_privilege(each."role", each."schema", 'usage') then
            execute format('grant usage on schema %I to %I', each."schema", each."role");
        end if;
    end loop;

    for each in
        select roles."role", reads."schema"
        from access.roles as roles
        cross join unnest(roles.reads) as reads ("schema")
        where
            reads."schema" in ('staging', 'intermediate', 'reference', 'history')
            or (roles."role" = 'customs_risk_owner' and reads."schema" in ('raw', 'gate', 'ops', 'ml', 'access'))
            or (roles."role" = 'customs_risk_auditor' and reads."schema" in ('ops', 'access'))
    loop
        if not exists (
            select 1
            from pg_default_acl as defaults, aclexplode(defaults.defaclacl) as acl
            where
                defaults.defaclnamespace = to_regnamespace(each."schema")
                and defaults.defaclrole = to_regrole(quote_ident(current_user))
                and defaults.defaclobjtype = 'r'
                and acl.grantee = to_regrole(each."role")
        ) then
            execute format(
                'alter default privileges in schema %I grant select on tables to %I', each."schema", each."role"
            );
        end if;
    end loop;

    for each in
        select relations.oid::regclass as relation, roles."role"
        from pg_class as relations
        inner join pg_namespace as schemas on schemas.oid = relations.relnamespace
        cross join access.roles as roles
        where
            relations.relkind in ('r', 'p', 'v')
            and schemas.nspname = any(roles.reads)
            and (
                schemas.nspname in ('staging', 'intermediate', 'reference', 'history')
                or (roles."role" = 'customs_risk_owner' and schemas.nspname in ('raw', 'gate', 'ops', 'ml', 'access'))
                or (roles."role" = 'customs_risk_auditor' and schemas.nspname in ('ops', 'access'))
                or (
                    roles."role" = 'customs_risk_collector' and schemas.nspname = 'ops'
                    and relations.relname in (
                        'batches', 'contracts', 'source_failures', 'watermarks', 'code_lists', 'alarms', 'quarantined_rows'
                    )
                )
            )
            and relations.oid <> 'ops.quarantine'::regclass
            and not has_table_privilege(roles."role", relations.oid, 'select')
    loop
        execute format('grant select on %s to %I', each.relation, each."role");
    end loop;
end
$$;

-- what the functions above read for their callers holds nobody's data
grant select on access.roles, access.settings, access.jurisdictions to public;
revoke execute on function
access.make_role (text), access.make_member (text, text), access.serve (regclass, text, text, jsonb, text),
access.sync_jurisdictions ()
from public;
