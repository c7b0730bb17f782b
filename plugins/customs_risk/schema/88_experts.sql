-- Expert assessments (Order 271, Article 11): who may assess, what they said, who was refused and why, and what the
-- model and the experts say together. Every statement may run again at any time. Nothing is deleted: what no longer
-- holds has an end, and what was withdrawn says when, by whom and why.

-- internal post holders, external experts, external bodies; a later row of the same assessor is a change of post
create table if not exists ops.assessors (
    assessor_id text not null check (assessor_id <> ''),
    kind text not null check (kind in ('internal', 'external_expert', 'external_body')),
    assessor_name text not null check (assessor_name <> ''),
    organisation text not null check (organisation <> ''),
    post text,
    valid_from date not null,
    valid_to date,
    recorded_at timestamptz not null default clock_timestamp(),
    recorded_by text not null check (recorded_by <> ''),
    revoked_on date,
    revoked_by text,
    revoke_reason text,
    primary key (assessor_id, valid_from),
    check (valid_to >= valid_from),
    check (kind <> 'internal' or post is not null),
    check (num_nulls(revoked_on, revoked_by, revoke_reason) in (0, 3))
);

-- the promise to keep secret what is learned: up to which class of data it covers, and the digest of what was signed
create table if not exists ops.assessor_undertakings (
    undertaking_id text primary key,
    assessor_id text not null,
    covers text not null check (covers in ('internal', 'restricted', 'personal')),
    document_sha256 text not null check (document_sha256 ~ '^[0-9a-f]{64}$'),
    -- the day of the signature, and the last day of validity
    valid_from date not null,
    valid_to date not null,
    recorded_at timestamptz not null default clock_timestamp(),
    recorded_by text not null check (recorded_by <> ''),
    revoked_on date,
    revoked_by text,
    revoke_reason text,
    check (valid_to >= valid_from),
    check (num_nulls(revoked_on, revoked_by, revoke_reason) in (0, 3))
);
create index if not exists assessor_undertakings_by_assessor on ops.assessor_undertakings (assessor_id);

-- what makes somebody an expert, and in which risk domains
create table if not exists ops.assessor_qualifications (
    qualification_id text primary key,
    assessor_id text not null,
    risk_domains text[] not null check (
        cardinality(risk_domains) > 0
        and risk_domains <@ '{
            prohibited_restricted, port_health, biosecurity, food_safety, commodity_quality, tax, ipr, other
        }'
    ),
    title text not null check (title <> ''),
    issuer text not null check (issuer <> ''),
    issued_number text not null check (issued_number <> ''),
    valid_from date not null,
    valid_to date,
    recorded_at timestamptz not null default clock_timestamp(),
    recorded_by text not null check (recorded_by <> ''),
    revoked_on date,
    revoked_by text,
    revoke_reason text,
    check (valid_to >= valid_from),
    check (num_nulls(revoked_on, revoked_by, revoke_reason) in (0, 3))
);
create index if not exists assessor_qualifications_by_assessor on ops.assessor_qualifications (assessor_id);

-- parties on whom an assessor may not speak
create table if not exists ops.assessor_conflicts (
    conflict_id text primary key,
    assessor_id text not null,
    party_id text not null check (party_id <> ''),
    interest text not null check (interest <> ''),
    valid_from date not null,
    valid_to date,
    recorded_at timestamptz not null default clock_timestamp(),
    recorded_by text not null check (recorded_by <> ''),
    revoked_on date,
    revoked_by text,
    revoke_reason text,
    check (valid_to >= valid_from),
    check (num_nulls(revoked_on, revoked_by, revoke_reason) in (0, 3))
);
create index if not exists assessor_conflicts_by_assessor on ops.assessor_conflicts (assessor_id);

-- what experts said; a later statement of the same assessor on the same subject and domain takes the earlier one's place
create table if not exists ops.expert_assessments (
    assessment_id text primary key,
    assessor_id text not null,
    subject_type text not null check (
        subject_type in ('transport_means', 'transport_equipment', 'persons', 'goods', 'articles')
    ),
    subject_kind text not null check (subject_kind <> ''),
    subject_key text not null check (subject_key <> ''),
    -- of a declaration, whose number is the key
    importer_id text,
    risk_domain text not null check (
        risk_domain in (
            'prohibited_restricted', 'port_health', 'biosecurity', 'food_safety', 'commodity_quality', 'tax', 'ipr',
            'other'
        )
    ),
    -- as it was said, and the one figure that stands for it
    likelihood_low double precision not null check (likelihood_low >= 0),
    likelihood_high double precision not null check (likelihood_high <= 1),
    likelihood double precision not null check (likelihood between 0 and 1),
    severity text not null check (severity in ('minor', 'moderate', 'serious')),
    trend text not null check (trend in ('rising', 'steady', 'falling', 'unknown')),
    "level" text not null check ("level" in ('high', 'medium', 'low')),
    hazard_factors_en text not null check (hazard_factors_en <> ''),
    hazard_factors_zh text not null check (hazard_factors_zh <> ''),
    causes_en text not null check (causes_en <> ''),
    causes_zh text not null check (causes_zh <> ''),
    evidence text[] not null check (cardinality(evidence) > 0),
    method text not null check (method <> ''),
    -- what the statement is held against once the result is known: the domain's share of findings in what inspections
    -- found up to the day before; null where they tell nothing of the domain
    base_rate double precision,
    made_at timestamptz not null,
    recorded_at timestamptz not null default clock_timestamp(),
    recorded_by text not null check (recorded_by <> ''),
    check (likelihood_high >= likelihood_low),
    check ((subject_kind = 'declaration') = (importer_id is not null))
);
create index if not exists expert_assessments_by_subject on ops.expert_assessments (subject_key, risk_domain);
create index if not exists expert_assessments_by_time on ops.expert_assessments (made_at);

-- every case that was not handed out and every statement that was not accepted
create table if not exists ops.expert_refusals (
    refusal_id bigint generated always as identity primary key,
    refused_at timestamptz not null,
    act text not null check (act in ('case', 'assessment')),
    assessor_id text not null,
    subject_kind text not null,
    subject_key text not null,
    risk_domain text not null,
    reason text not null,
    asked_by text not null,
    recorded_at timestamptz not null default clock_timestamp()
);
create index if not exists expert_refusals_by_assessor on ops.expert_refusals (assessor_id);

-- what the model and the experts say together, as it was known when it was combined; never rewritten
create table if not exists ml.combined_conclusions (
    importer_id text not null,
    declaration_id text not null,
    risk_domain text not null,
    combination_no integer not null,
    combined_at timestamptz not null,
    -- of all that went into it; as long as it stays the same there is nothing to combine
    inputs_hash text not null,
    rule_hash text not null,
    model_version text,
    model_as_of timestamptz,
    model_likelihood double precision,
    model_level text,
    -- the part of the model's likelihood that concerns the domain
    model_domain_likelihood double precision,
    model_weight double precision,
    -- each with assessor, likelihood and weight
    expert_statements jsonb not null,
    experts integer not null,
    expert_likelihood double precision,
    base_rate double precision,
    likelihood double precision,
    likelihood_low double precision,
    likelihood_high double precision,
    "level" text not null check ("level" in ('high', 'medium', 'low', 'unknown')),
    disagreement double precision,
    agreement text not null check (agreement in ('none', 'single', 'close', 'different', 'contradictory')),
    primary key (importer_id, declaration_id, risk_domain, combination_no)
);
create index if not exists combined_conclusions_by_declaration on ml.combined_conclusions (declaration_id);

-- how a credential stands on a day; its last day belongs to it, the day of its withdrawal does not
create or replace function ops.standing(valid_from date, valid_to date, revoked_on date, "day" date) returns text
language sql immutable parallel safe
return case
    when "day" >= revoked_on then 'revoked'
    when "day" < valid_from then 'not_yet'
    when "day" > valid_to then 'expired'
    else 'valid'
end;

-- the parties whose interests a case touches
create or replace function ops.parties_of(subject_kind text, subject_key text) returns text[]
language plpgsql stable
as $$
begin
    if subject_kind <> 'declaration' then
        return array[subject_key];
    end if;
    return (
        select array_remove(array[importer_id, declarant_id, seller_id, courier_id], null)
        from core.declarations
        where declaration_id = subject_key
    );
end
$$;

-- the rule of Article 11: why an assessor may not assess a case on a day, or null. Of each of registration, undertaking
-- and qualification in the domain one must be valid; no conflict of interest may be
create or replace function ops.assessor_refusal(
    assessor text, domain text, subject_kind text, subject_key text, "day" date
) returns text
language plpgsql stable
as $$
declare
    lacking text;
    parties text[];
begin
    with
    held as (
        (
            -- the post that is held on the day, whatever was held before
            select 'assessor' as what, ops.standing(valid_from, valid_to, revoked_on, "day") as standing
            from ops.assessors
            where assessor_id = assessor
            order by valid_from <= "day" desc, abs(valid_from - "day")
            limit 1
        )
        union all
        select 'undertaking', ops.standing(valid_from, valid_to, revoked_on, "day")
        from ops.assessor_undertakings
        where assessor_id = assessor
        union all
        select 'qualification', ops.standing(valid_from, valid_to, revoked_on, "day")
        from ops.assessor_qualifications
        where assessor_id = assessor and domain = any(risk_domains)
    ),
    -- of several the best counts
    best as (
        select
            needed.what,
            needed.place,
            coalesce(
                (array_agg(
                    held.standing
                    order by array_position('{valid,revoked,expired,not_yet}'::text[], held.standing)
                ))[1],
                'missing'
            ) as standing
        from (values ('assessor', 1), ('undertaking', 2), ('qualification', 3)) as needed (what, place)
        left join held using (what)
        group by needed.what, needed.place
    )
    select best.what || '_' || best.standing into lacking
    from best
    where best.standing <> 'valid'
    order by best.place
    limit 1;
    if lacking is not null then
        return lacking;
    end if;

    parties := ops.parties_of(subject_kind, subject_key);
    if exists (
        select 1 from ops.assessor_conflicts as conflicts
        where
            conflicts.assessor_id = assessor
            and conflicts.party_id = any(parties)
            and ops.standing(conflicts.valid_from, conflicts.valid_to, conflicts.revoked_on, "day") = 'valid'
    ) then
        return 'conflict_declared';
    end if;
    return null;
end
$$;

-- the database itself holds to the rule, whoever writes: a check upon insertion against other tables' rows, which is
-- what a trigger is for
create or replace function ops.refuse_assessment() returns trigger
language plpgsql
as $$
declare
    refusal constant text := ops.assessor_refusal(
        new.assessor_id,
        new.risk_domain,
        new.subject_kind,
        new.subject_key,
        (select (new.made_at at time zone settings.time_zone)::date from access.settings as settings)
    );
begin
    if refusal is not null then
        raise check_violation using
            message = format('no assessment by %s is accepted 不予受理: %s', new.assessor_id, refusal),
            constraint = 'assessor_may_assess',
            schema = 'ops',
            table = 'expert_assessments';
    end if;
    return new;
end
$$;
create or replace trigger assessor_may_assess before insert on ops.expert_assessments
for each row execute function ops.refuse_assessment();
