-- a home from before conclusions had numbers, and kept their hazard factors with them
do $$
begin
    if exists (
        select 1 from information_schema.columns
        where table_schema = 'ml' and table_name = 'conclusions' and column_name = 'hazard_factors'
    ) then
        alter table ml.conclusions
            add column conclusion_no integer not null default 1,
            add column "trigger" text not null default 'declared',
            add column likelihood_low double precision,
            add column likelihood_high double precision,
            add column trend text not null default 'unknown',
            add column evidence double precision,
            add column novelty double precision,
            add column uncertainty_kind text not null default 'no_model',
            drop constraint conclusions_pkey,
            add primary key (importer_id, declaration_id, conclusion_no);
        update ml.conclusions set uncertainty_kind = 'estimate' where model_version <> 'none';
        insert into ml.explanations (importer_id, declaration_id, hazard_factors, explained_at)
        select importer_id, declaration_id, hazard_factors, assessed_at
        from ml.conclusions
        where hazard_factors <> '[]'
        on conflict do nothing;
        alter table ml.conclusions drop column hazard_factors cascade;
    end if;
end
$$;

-- a home from before inspections were spent on learning, or anybody could claim one
do $$
declare
    refuses text;
begin
    alter table ml.conclusions add column if not exists exploration_score double precision;
    if to_regclass('treatment.decisions') is not null then
        select conname into refuses
        from pg_constraint
        where
            conrelid = 'treatment.decisions'::regclass
            and contype = 'c'
            and pg_get_constraintdef(oid) like '%selected_by%'
            and pg_get_constraintdef(oid) not like '%mandatory%';
        if refuses is not null then
            execute format('alter table treatment.decisions drop constraint %I', refuses);
            alter table treatment.decisions
                add check (
                    selected_by in (
                        'mandatory', 'analyst', 'parameter', 'targeted', 'exploration', 'random', 'none'
                    )
                );
        end if;
    end if;
end
$$;
