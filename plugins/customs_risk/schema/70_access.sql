-- Who may read what (Order 271, Article 5): roles, jurisdictions, the log of reading, and how long data are kept.
-- Every statement may run again at any time, and beside other databases of the same server: roles belong to all of
-- them. Nobody but the owner and the auditor can name anything in this schema; the marts' views call what is in it.

-- two that prepare the same warehouse at once would replace the same functions
select pg_advisory_xact_lock(27172);

create schema if not exists access;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists reference;
create schema if not exists history;
create schema if not exists core;
create schema if not exists indicators;
create schema if not exists assessment;
create schema if not exists treatment;
create schema if not exists feedback;
create schema if not exists supervision;

-- which schemas a role reads, and which classes of data it is shown there
create table if not exists access.roles (
    "role" text primary key,
    title_en text not null,
    title_zh text not null,
    reads text[] not null,
    sees text[] not null
);
insert into access.roles ("role", title_en, title_zh, reads, sees)
values
(
    'customs_risk_owner', 'Owner: the pipeline itself', '属主（数据管道）',
    '{raw,gate,ops,ml,staging,intermediate,reference,history,core,indicators,assessment,treatment,feedback,supervision,'
    'access}',
    '{public,internal,restricted,personal,secret}'
),
(
    'customs_risk_collector', 'Collector: watches over deliveries', '采集员',
    '{ops}', '{public,internal,restricted,personal}'
),
(
    'customs_risk_transformer', 'Transformer: works on the models', '加工员',
    '{staging,intermediate,reference}', '{public,internal,restricted,personal}'
),
(
    'customs_risk_assessor', 'Assessor: concludes on cases', '评估员',
    '{reference,core,indicators,assessment,treatment}', '{public,internal,restricted,personal}'
),
(
    'customs_risk_analyst', 'Analyst: looks for patterns, not for persons', '分析员',
    '{reference,core,indicators,assessment,treatment,feedback}', '{public,internal,restricted}'
),
(
    'customs_risk_manager', 'Manager: reads how well it works', '管理人员',
    '{feedback}', '{public,internal,restricted}'
),
(
    'customs_risk_auditor', 'Auditor: reads everything that was concluded, and who read it', '审计员',
    '{ops,reference,history,core,indicators,assessment,treatment,feedback,supervision,access}',
    '{public,internal,restricted,personal,secret}'
),
(
    'customs_risk_parameter_officer', 'Parameter officer: keeps the parameters of a district', '参数维护员',
    '{reference,core,indicators,treatment,feedback}', '{public,internal,restricted}'
)
on conflict ("role") do update
set
    title_en = excluded.title_en,
    title_zh = excluded.title_zh,
    reads = excluded.reads,
    sees = excluded.sees;

-- the business's time zone, which a reader's session cannot change
create table if not exists access.settings (one boolean primary key default true check (one), time_zone text not null);
insert into access.settings (time_zone) values (current_setting('timezone'))
on conflict (one) do update set time_zone = excluded.time_zone;

-- the seed reference.subcentre_jurisdictions, kept where a rebuild of the seed takes nothing away from the functions
create table if not exists access.jurisdictions (
    subcentre_key text not null,
    district_code text not null,
    valid_from date not null,
    valid_to date,
    primary key (district_code, valid_from)
);

-- who read which classified mart: one row per query and mart
create table if not exists access.log (
    read_id bigint generated always as identity primary key,
    read_at timestamptz not null default clock_timestamp(),
    login text not null,
    reader text not null,
    mart text not null,
    class text not null,
    query text,
    application text,
    client_address inet,
    backend integer not null,
    statement_at timestamptz not null
);
create index if not exists log_by_statement on access.log (statement_at, backend);
create index if not exists log_by_reader on access.log (reader, read_at);

-- who was made a member of what, and by whom; never changed
create table if not exists access.memberships (
    changed_at timestamptz not null default now(),
    changed_by text not null,
    member text not null,
    "role" text not null,
    act text not null check (act in ('granted', 'revoked'))
);

-- how each mart is served, as dbt last told it: a change of roles reaches marts that no build makes anew
create table if not exists access.marts (
    mart text primary key,
    class text not null,
    -- columns that not every reader is shown, each with its class
    hidden jsonb not null,
    -- which rows a reader is shown; a view has it within itself, a table as a policy
    "condition" text not null,
    -- the relation and all that its rights follow from
    fingerprint text not null
);

-- years that data of a class are kept; of a feed's own retention and these, the shorter counts
create table if not exists access.retention_years (class text primary key, years integer not null check (years > 0));
insert into access.retention_years (class, years)
values ('public', 20), ('internal', 20), ('restricted', 10), ('personal', 5), ('secret', 5)
on conflict (class) do nothing;

-- what became of a delivery when its time was over: the ledger's figures stay, and what is in raw and in quarantine is
-- what the ledger says less what is told here
create table if not exists ops.expired_batches (
    batch_id text primary key,
    loaded bigint not null default 0,
    quarantined bigint not null default 0,
    bytes_deleted_at timestamptz
);

create table if not exists ops.retention_log (
    retained_at timestamptz not null default now(),
    relation text not null,
    act text not null check (act in ('rows deleted', 'columns cleared', 'files deleted')),
    columns text[] not null default '{}',
    known_before timestamptz,
    "rows" bigint not null
);

-- roles are the server's: another database may be making the same one at this moment
create or replace function access.make_role(name text) returns void
language plpgsql
as $$
begin
    if not exists (select 1 from pg_catalog.pg_roles where rolname = name) then
        execute format('create role %I nologin', name);
    end if;
exception
    when duplicate_object or unique_violation then
        null;
end
$$;

-- whoever made a role may give it to others, and is no member of it by that
create or replace function access.make_member(member text, "role" text) returns void
language plpgsql
as $$
begin
    if not exists (
        select 1 from pg_catalog.pg_auth_members as held
        where
            held.roleid = to_regrole(quote_ident("role"))
            and held.member = to_regrole(quote_ident(make_member.member))
            and held.inherit_option
    ) then
        execute format('grant %I to %I with inherit true', "role", member);
    end if;
exception
    when unique_violation then
        null;
end
$$;

select access.make_role("role") from access.roles;
select access.make_role('customs_risk_all_districts');
select access.make_member('customs_risk_auditor', 'customs_risk_all_districts');
select access.make_member('customs_risk_owner', 'customs_risk_all_districts');
-- whoever builds the warehouse is its owner
select access.make_member(current_user::text, 'customs_risk_owner')
where not pg_has_role(current_user, 'customs_risk_owner', 'usage');

-- What views and policies ask. Bodies are bound to what they name when they are made: no search path leads them astray.

create or replace function access.is_pipeline() returns boolean
language sql stable parallel safe
return pg_has_role(current_user, 'customs_risk_owner', 'usage');

create or replace function access.sees() returns text[]
language sql stable parallel safe
return (
    select coalesce(array_agg(distinct seen.class), '{}')
    from access.roles as roles
    cross join unnest(roles.sees) as seen (class)
    where pg_has_role(current_user, roles."role", 'usage')
);

create or replace function access.sees(class text) returns boolean
language sql stable parallel safe
return class = any(access.sees());

create or replace function access.sees_all_districts() returns boolean
language sql stable parallel safe
return pg_has_role(current_user, 'customs_risk_all_districts', 'usage');

create or replace function access.today() returns date
language sql stable parallel safe
return (select (now() at time zone settings.time_zone)::date from access.settings as settings);

-- the first two digits of every office in the caller's jurisdiction today: its own districts, and those of its
-- sub-centre. The offices of a district share its first two digits
create or replace function access.districts() returns text[]
language sql stable parallel safe
return (
    select coalesce(array_agg(distinct left(held.district_code, 2)), '{}')
    from (
        select substr(roles.rolname::text, length('customs_risk_district_') + 1) as district_code
        from pg_catalog.pg_roles as roles
        where
            starts_with(roles.rolname::text, 'customs_risk_district_')
            and pg_has_role(current_user, roles.oid, 'usage')
        union all
        select jurisdictions.district_code
        from access.jurisdictions as jurisdictions
        inner join pg_catalog.pg_roles as roles
            on roles.rolname = 'customs_risk_subcentre_' || jurisdictions.subcentre_key
        where
            pg_has_role(current_user, roles.oid, 'usage')
            and jurisdictions.valid_from <= access.today()
            and coalesce(jurisdictions.valid_to, 'infinity') >= access.today()
    ) as held
);

-- Always true: notes who reads. The server's own log is told too, so that no rollback hides it; a transaction that may
-- write nothing is told there alone. The role is not an argument: nobody can read under another's name
create or replace function access.reads(mart text, class text) returns boolean
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    who constant text := case current_setting('role')
        when 'none' then session_user::text else current_setting('role')
    end;
begin
    if pg_has_role(who, 'customs_risk_owner', 'usage') then
        return true;
    end if;
    if current_setting('transaction_read_only') = 'off' then
        insert into access.log (login, reader, mart, class, query, application, client_address, backend, statement_at)
        select
            session_user,
            who,
            reads.mart,
            reads.class,
            left(current_query(), 4000),
            current_setting('application_name'),
            inet_client_addr(),
            pg_backend_pid(),
            statement_timestamp()
        where not exists (
            select 1 from access.log as noted
            where
                noted.statement_at = statement_timestamp()
                and noted.backend = pg_backend_pid()
                and noted.reader = who
                and noted.mart = reads.mart
        );
        if not found then
            return true;
        end if;
    end if;
    raise log 'customs_risk access: % (login %) reads % (%)', who, session_user, mart, class;
    return true;
end
$$;
