-- The life of models: what became of each, what challengers would have concluded, and how far the world has moved away
-- from what a model learned. Every statement may run again at any time.

-- one row per thing that happened to a model, in order. Which model is the active one follows from it: the last that
-- was activated, promoted or rolled back to
create table if not exists ml.model_events (
    event_no bigint generated always as identity primary key,
    -- the system's own time (the sandbox's clock differs from the wall's)
    happened_at timestamptz not null,
    model_version text not null references ml.models (model_version),
    "event" text not null check (
        "event" in ('registered', 'activated', 'held_back', 'compared', 'promoted', 'rolled_back', 'retired')
    ),
    -- the model that it replaced, or was compared with
    other_version text,
    decided_by text not null,
    -- decided by the embedded policy, and not by a person
    is_policy boolean not null,
    reason text not null,
    evidence jsonb not null default '{}'
);
create index if not exists model_events_by_model on ml.model_events (model_version, event_no);

-- what happened is only ever added to
create or replace function ml.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception 'the events of models are never changed';
end
$$;
create or replace trigger model_events_stay
before update or delete or truncate on ml.model_events
for each statement execute function ml.refuse_change();

-- models from before there were events
insert into ml.model_events (happened_at, model_version, "event", decided_by, is_policy, reason)
select
    models.trained_at,
    models.model_version,
    each."event",
    'embedded',
    true,
    'before events were kept · 事件记录启用之前'
from ml.models as models
cross join lateral (
    values ('registered'), (case when models.is_active then 'activated' else 'retired' end)
) as each ("event")
where not exists (select 1 from ml.model_events as events where events.model_version = models.model_version)
order by models.trained_at asc, each."event" = 'registered' desc;

-- one row per model: active (it concludes), challenger (it is compared with the active one) or retired (kept for replay)
create or replace view ml.model_roles as
select
    models.model_version,
    case
        when models.is_active then 'active'
        when latest."event" = 'retired' then 'retired'
        else 'challenger'
    end as "role",
    latest.happened_at as since
from ml.models as models
cross join lateral (
    select events."event", events.happened_at
    from ml.model_events as events
    where
        (events.model_version = models.model_version and events."event" <> 'compared')
        -- or it was replaced
        or (
            events.other_version = models.model_version
            and events."event" in ('activated', 'promoted', 'rolled_back')
        )
    order by events.event_no desc
    limit 1
) as latest;

-- the card of each model, as it was written when the model was registered
create table if not exists ml.model_cards (
    model_version text primary key references ml.models (model_version),
    card_en text not null,
    card_zh text not null
);

-- what a challenger would have concluded on the declarations that the active model concluded on; decides nothing
create table if not exists ml.shadow_scores (
    model_version text not null,
    importer_id text not null,
    declaration_id text not null,
    likelihood double precision not null,
    expected_revenue_cny double precision not null,
    ranking_score double precision not null,
    scored_at timestamptz not null default now(),
    primary key (model_version, importer_id, declaration_id)
);
create index if not exists shadow_scores_by_time on ml.shadow_scores (model_version, scored_at);

-- how what a model reads and says was distributed when it learned: the bins that later days are held against
create table if not exists ml.model_references (
    model_version text not null references ml.models (model_version),
    measure text not null check (measure in ('feature', 'score', 'novelty')),
    subject text not null,
    -- the bins; a value counts for the two beside it
    points double precision[] not null,
    -- what is unknown comes last
    counts double precision[] not null,
    primary key (model_version, measure, subject)
);

-- one row per model, business day and measure: how far that day's trade lies from what the model learned
create table if not exists ml.drift (
    model_version text not null,
    observed_on date not null,
    measure text not null check (measure in ('feature', 'features', 'score', 'novelty', 'find_rate')),
    subject text not null,
    -- of this day alone; values are of the week that ends with it
    counts double precision[] not null,
    "rows" bigint not null,
    value double precision not null,
    threshold double precision,
    is_beyond boolean not null,
    words_en text not null,
    words_zh text not null,
    observed_at timestamptz not null default now(),
    primary key (model_version, observed_on, measure, subject)
);
