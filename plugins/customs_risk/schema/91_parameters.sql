-- Risk parameters, the parameter centre (Order 271, Articles 4, 12 and 13): who keeps them, their versions, what became
-- of each, what each would have done over past months, and what it hits. Every statement may run again at any time.
-- Nothing is deleted or changed: a version is replaced by a later one, and its state follows from its events.

-- who acts for which unit of the organisation; a later row of the same officer is a change of post
create table if not exists ops.parameter_officers (
    officer text not null check (officer <> ''),
    -- as in the seed customs_units: gacc, a sub-centre, a district (its division of risk management) or a post
    unit_code text not null check (unit_code <> ''),
    valid_from date not null,
    valid_to date,
    recorded_at timestamptz not null default clock_timestamp(),
    recorded_by text not null check (recorded_by <> ''),
    primary key (officer, valid_from),
    check (valid_to >= valid_from)
);

create table if not exists ops.parameter_versions (
    parameter_id text not null check (parameter_id ~ '^[A-Z0-9][A-Z0-9_-]{1,39}$'),
    version integer not null check (version > 0),
    -- as it was written; what is executed is compiled from it anew each time
    "condition" text not null check ("condition" <> ''),
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    what_to_examine_en text not null check (what_to_examine_en <> ''),
    what_to_examine_zh text not null check (what_to_examine_zh <> ''),
    -- Article 13 (1) and (2)
    measure text not null check (
        measure in ('document_review', 'inspection', 'examination', 'quarantine', 'audit', 'verification')
    ),
    -- units of the organisation: gacc is the whole country
    jurisdiction text[] not null check (cardinality(jurisdiction) > 0),
    -- the unit whose post answers for it
    owner_unit text not null check (owner_unit <> ''),
    legal_basis text not null check (legal_basis <> ''),
    starts_on date not null,
    expires_on date not null,
    review_on date not null,
    reason_en text not null check (reason_en <> ''),
    reason_zh text not null check (reason_zh <> ''),
    proposed_at timestamptz not null,
    proposed_by text not null check (proposed_by <> ''),
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (parameter_id, version),
    check (expires_on > starts_on and expires_on <= starts_on + interval '1 year'),
    check (review_on between starts_on and expires_on)
);

-- the state of a version is its last event
create table if not exists ops.parameter_events (
    event_no bigint generated always as identity primary key,
    parameter_id text not null,
    version integer not null,
    "event" text not null check (
        "event" in ('proposed', 'approved', 'refused', 'activated', 'suspended', 'expired', 'withdrawn')
    ),
    happened_at timestamptz not null,
    -- the system itself ends what is over its time
    officer text not null check (officer <> ''),
    -- as the register of officers says on that day
    unit_code text not null,
    reason text not null check (reason <> ''),
    recorded_at timestamptz not null default clock_timestamp(),
    foreign key (parameter_id, version) references ops.parameter_versions (parameter_id, version)
);
create index if not exists parameter_events_by_parameter on ops.parameter_events (parameter_id, version, event_no);

-- what a version would have done over past months, analysed before it is activated; the latest counts
create table if not exists ops.parameter_impacts (
    parameter_id text not null,
    version integer not null,
    impact_no integer not null,
    analysed_at timestamptz not null,
    analysed_by text not null check (analysed_by <> ''),
    -- the days of decisions that were looked at
    from_on date not null,
    to_on date not null,
    decided_days integer not null,
    declarations bigint not null,
    hits bigint not null,
    inspected_hits bigint not null,
    findings bigint not null,
    -- of the hits that were sure to be inspected, and of those that a draw decided on
    certain_hits bigint not null,
    certain_completed bigint not null,
    certain_findings bigint not null,
    drawn_hits bigint not null,
    drawn_completed bigint not null,
    drawn_findings bigint not null,
    -- share of hits in which an examination would find something; null where no drawn hit tells
    expected_precision double precision,
    precision_low double precision not null,
    precision_high double precision not null,
    -- the same of all declarations
    base_rate double precision,
    officer_hours_per_inspection double precision,
    -- whose mean it is: that of the hits, of all inspections where those of hits are few, or nobody's
    officer_hours_of text not null check (officer_hours_of in ('hits', 'all', 'none')),
    hits_per_day double precision not null,
    officer_hours_per_day double precision,
    -- inspections that hits would take the place of, and hits beyond what their offices can inspect
    displaced_inspections bigint not null,
    hits_beyond_capacity bigint not null,
    -- hits that no other active parameter has
    sole_hits bigint not null,
    -- per office: hits and capacity per day, displaced, beyond
    offices jsonb not null,
    -- per other active parameter: shared hits
    shared jsonb not null,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (parameter_id, version, impact_no),
    foreign key (parameter_id, version) references ops.parameter_versions (parameter_id, version),
    check (from_on <= to_on),
    check (precision_low <= precision_high)
);

-- which declarations a version hit, before anything was decided on them
create table if not exists ops.parameter_hits (
    parameter_id text not null,
    version integer not null,
    importer_id text not null,
    declaration_id text not null,
    matched_at timestamptz not null default clock_timestamp(),
    primary key (importer_id, declaration_id, parameter_id, version),
    foreign key (parameter_id, version) references ops.parameter_versions (parameter_id, version)
);
create index if not exists parameter_hits_by_parameter on ops.parameter_hits (parameter_id, version);
create index if not exists parameter_hits_by_declaration on ops.parameter_hits (declaration_id);
create index if not exists parameter_hits_by_time on ops.parameter_hits (matched_at);

create or replace function ops.refuse_parameter_change() returns trigger
language plpgsql
as $$
begin
    raise exception 'versions, events and impact analyses of parameters are never changed 不得更改';
end
$$;
create or replace trigger parameter_versions_stay
before update or delete or truncate on ops.parameter_versions
for each statement execute function ops.refuse_parameter_change();
create or replace trigger parameter_events_stay
before update or delete or truncate on ops.parameter_events
for each statement execute function ops.refuse_parameter_change();
create or replace trigger parameter_impacts_stay
before update or delete or truncate on ops.parameter_impacts
for each statement execute function ops.refuse_parameter_change();

-- where each version stands, and since when
create or replace view ops.parameter_states as
select distinct on (parameter_id, version)
    parameter_id,
    version,
    "event" as "state",
    happened_at as since,
    event_no
from ops.parameter_events
order by parameter_id asc, version asc, event_no desc;

-- the unit that an officer acts for on a day: the last one taken up, if it still lasts
create or replace function ops.parameter_unit(who text, "day" date) returns text
language sql stable
return (
    select case when held.valid_to < "day" then null else held.unit_code end
    from ops.parameter_officers as held
    where held.officer = who and held.valid_from <= "day"
    order by held.valid_from desc
    limit 1
);

-- offices and districts that units of the organisation comprise on a day; moving a district to another sub-centre takes
-- effect on its day. The whole country is no list: ask for gacc
create or replace function ops.reach(units text[], "day" date) returns text[]
language sql stable
return (
    select coalesce(array_agg(within.code), '{}')
    from (
        select told.code from unnest(units) as told (code) where told.code ~ '^[0-9]{4}$'
        union
        select assigned.district_code
        from access.jurisdictions as assigned
        where
            'subcentre_' || assigned.subcentre_key = any(units)
            and assigned.valid_from <= "day"
            and coalesce(assigned.valid_to >= "day", true)
    ) as within (code)
);

-- whether an office lies in what ops.reach() gave: it is named, or its district is
create or replace function ops.is_reached(office_code text, units text[], reached text[]) returns boolean
language sql immutable parallel safe
return 'gacc' = any(units) or office_code = any(reached) or left(office_code, 2) || '00' = any(reached);

-- whether all that a parameter covers lies within a unit's own place
create or replace function ops.has_authority(unit text, jurisdiction text[], "day" date) returns boolean
language sql stable
return unit = 'gacc' or (
    select bool_and(
        told.code = unit
        or (told.code ~ '^[0-9]{4}$' and ops.is_reached(told.code, array[unit], ops.reach(array[unit], "day")))
    )
    from unnest(jurisdiction) as told (code)
);

-- The rule: why an officer may not do this to a version, or null. Every level proposes for its own place; the
-- department and the sub-centres approve and activate, divisions of districts may suspend; nobody approves or refuses
-- what he proposed; and nothing is activated that was not analysed.
create or replace function ops.parameter_refusal(
    act text, who text, parameter text, of_version integer, moment timestamptz
) returns text
language plpgsql stable
as $$
declare
    today constant date := (
        select (moment at time zone settings.time_zone)::date from access.settings as settings
    );
    unit constant text := ops.parameter_unit(who, today);
    unit_level integer;
    told ops.parameter_versions;
    state_now text;
begin
    select * into told from ops.parameter_versions as versions
    where versions.parameter_id = parameter and versions.version = of_version;
    if not found then
        return 'unknown_version';
    end if;
    select states."state" into state_now from ops.parameter_states as states
    where states.parameter_id = parameter and states.version = of_version;

    if not (case act
        when 'proposed' then state_now is null
        when 'approved' then state_now = 'proposed'
        when 'refused' then state_now = 'proposed'
        when 'activated' then state_now in ('approved', 'suspended')
        when 'suspended' then state_now = 'activated'
        else state_now in ('proposed', 'approved', 'activated', 'suspended')
    end) then
        return 'state_' || coalesce(state_now, 'none');
    end if;
    if act = 'expired' then
        return case when told.expires_on >= today then 'not_expired' end;
    end if;
    if unit is null then
        return 'officer_without_unit';
    end if;
    execute 'select level_no from reference.customs_units where unit_code = $1'
        || ' and valid_from <= $2 and coalesce(valid_to >= $2, true)'
    into unit_level using unit, today;
    if unit_level is null then
        return 'unit_unknown';
    end if;
    if not ops.has_authority(unit, told.jurisdiction, today) then
        return 'outside_jurisdiction';
    end if;
    if unit_level > (case act when 'proposed' then 4 when 'withdrawn' then 4 when 'suspended' then 3 else 2 end) then
        return 'level_too_low';
    end if;
    if act in ('approved', 'refused') and who = told.proposed_by then
        return 'own_proposal';
    end if;
    if act in ('approved', 'activated') and told.expires_on < today then
        return 'over_its_time';
    end if;
    if act = 'activated' and not exists (
        select 1 from ops.parameter_impacts as impacts
        where
            impacts.parameter_id = parameter
            and impacts.version = of_version
            and impacts.analysed_at >= told.proposed_at
    ) then
        return 'impact_missing';
    end if;
    return null;
end
$$;

-- the database itself holds to the rule, whoever writes
create or replace function ops.refuse_parameter_event() returns trigger
language plpgsql
as $$
declare
    refusal text;
begin
    -- two that decide on one version at once: the second sees what the first did
    perform pg_advisory_xact_lock(hashtext('parameter ' || new.parameter_id));
    refusal := ops.parameter_refusal(new."event", new.officer, new.parameter_id, new.version, new.happened_at);
    if refusal is not null then
        raise check_violation using
            message = format(
                '%s version %s may not be %s by %s 不得办理: %s',
                new.parameter_id, new.version, new."event", new.officer, refusal
            ),
            constraint = 'parameter_may_become',
            schema = 'ops',
            table = 'parameter_events';
    end if;
    -- whoever writes does not say for whom
    if new."event" <> 'expired' then
        new.unit_code := (
            select ops.parameter_unit(new.officer, (new.happened_at at time zone settings.time_zone)::date)
            from access.settings as settings
        );
    end if;
    return new;
end
$$;
create or replace trigger parameter_may_become before insert on ops.parameter_events
for each row execute function ops.refuse_parameter_event();
