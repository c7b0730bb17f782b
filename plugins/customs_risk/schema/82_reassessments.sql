-- reassessment (Article 18), written by ml.reassess: a conclusion that another one superseded, and why

-- one row per business day on which conclusions were looked at again
create table if not exists ml.reassessment_runs (
    looked_on date primary key,
    looked_at timestamptz not null,
    model_version text not null,
    looked_at_again bigint not null,
    superseded bigint not null
);

-- one row per conclusion that superseded another: ml.conclusions holds both
create table if not exists ml.reassessments (
    importer_id text not null,
    declaration_id text not null,
    -- the new one; it supersedes the one before it
    conclusion_no integer not null check (conclusion_no > 1),
    "trigger" text not null
    check ("trigger" in ('correction', 'signal', 'finding_of_goods', 'finding_of_party', 'review', 'model')),
    office_code text not null,
    level_before text not null,
    level_after text not null,
    likelihood_before double precision,
    likelihood_after double precision,
    looked_on date not null references ml.reassessment_runs (looked_on),
    reassessed_at timestamptz not null,
    primary key (importer_id, declaration_id, conclusion_no)
);
create index if not exists reassessments_by_time on ml.reassessments (reassessed_at);
create index if not exists reassessments_by_declaration on ml.reassessments (declaration_id);
