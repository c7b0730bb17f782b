{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[
            {'columns': ['hint_id'], 'unique': true},
            {'columns': ['batch_id']},
        ],
    )
}}

with

rules as (select * from {{ ref('hint_rules') }}),

conduct as (select * from {{ ref('int_inspection_conduct') }}),

decisions as (select * from {{ ref('decisions') }}),

{{ supervised_day() }},

-- each inspection as it was first reported
inspected as (
    select conduct.*
    from conduct
    cross join supervised_day
    where
        conduct.version_no = 1
        and conduct.known_on > supervised_day.business_day - (select max(rules.window_days) from rules)
),

-- ENF01: the examination took fewer minutes than parameter
timed as (
    select
        rules.rule_code,
        inspected.officer_id,
        inspected.office_code,
        inspected.examined_minutes < rules.parameter as is_hit,
        inspected.declaration_id,
        inspected.batch_id,
        inspected.row_no,
        inspected.known_at
    from inspected
    inner join rules on rules.rule_code = 'ENF01'
    where inspected.examined_minutes is not null
),

entered as (
    select
        inspected.*,
        count(*) over (
            partition by inspected.officer_id order by inspected.reported_at
            range between interval '60 seconds' preceding and interval '60 seconds' following
        ) as entered_together
    from inspected
    where inspected.officer_id is not null
),

-- ENF04: at least so many results (parameter) were entered within a minute of it
in_bulk as (
    select
        rules.rule_code,
        entered.officer_id,
        entered.office_code,
        entered.entered_together >= rules.parameter as is_hit,
        entered.declaration_id,
        entered.batch_id,
        entered.row_no,
        entered.known_at
    from entered
    inner join rules on rules.rule_code = 'ENF04'
),

officer_trials as (
    select * from timed
    union all
    select * from in_bulk
),

-- ENF03: inspections by importer
importers_met as (
    select
        rules.rule_code,
        inspected.officer_id,
        inspected.office_code,
        inspected.importer_id as party_id,
        inspected.declaration_id,
        inspected.batch_id,
        inspected.row_no,
        inspected.known_at
    from inspected
    inner join rules on rules.rule_code = 'ENF03'
),

{{ officers_seen('officer_trials') }},

{{ pairs_seen('importers_met') }},

-- ENF02: how hard it was to find something: the likelihood that the decision was made by; of what was never assessed,
-- nothing is known but how it was selected. One inspection to one decision, or none
with_difficulty as (
    select
        inspected.*,
        coalesce(decisions.likelihood, 1) as weight,
        inspected.selected_by || case when decisions.likelihood is null then '' else ' assessed' end as difficulty
    from inspected
    left join decisions using (importer_id, declaration_id)
    where inspected.officer_id is not null
),

-- likelihoods are scaled to what all officers together found of what was selected alike
with_expectation as (
    select
        with_difficulty.*,
        with_difficulty.weight * sum(with_difficulty.has_finding::int) over alike
        / nullif(sum(with_difficulty.weight) over alike, 0) as expected_findings
    from with_difficulty
    window alike as (partition by with_difficulty.difficulty)
),

finders as (
    select
        with_expectation.officer_id,
        min(with_expectation.office_code) as office_code,
        count(*) as trials,
        count(*) filter (where with_expectation.has_finding) as findings,
        sum(with_expectation.expected_findings)::float8 as expected,
        jsonb_agg(
            {{ source_row('with_expectation') }} order by with_expectation.known_at, with_expectation.row_no
        ) as sources,
        (array_agg(with_expectation.batch_id order by with_expectation.known_at desc))[1] as batch_id,
        max(with_expectation.known_at) as known_at
    from with_expectation
    group by with_expectation.officer_id
),

finders_tested as (
    select
        finders.*,
        rules.rule_code,
        rules.minimum_count,
        rules.least_ratio,
        rules.max_false_share,
        count(*) over () as tested,
        {{ poisson_low_tail('finders.findings', 'finders.expected') }} as tail_probability
    from finders
    inner join rules on rules.rule_code = 'ENF02'
    where finders.expected >= rules.minimum_count
),

finders_ranked as (
    select
        *,
        rank() over (order by tail_probability) as likely_rank
    from finders_tested
),

finders_judged as (
    select
        *,
        {{ false_alarm_share('tail_probability', 'tested', 'rule_code') }} as q_value
    from finders_ranked
),

finders_seen as (
    select
        finders_judged.rule_code,
        'officer' as subject_type,
        finders_judged.officer_id as subject_key,
        finders_judged.office_code,
        {{ quarter('finders_judged.known_at') }} as case_key,
        finders_judged.findings::float8 as observed,
        finders_judged.expected,
        finders_judged.trials,
        finders_judged.tail_probability,
        finders_judged.q_value,
        finders_judged.tested,
        jsonb_build_object(
            'inspections', finders_judged.trials,
            'findings', finders_judged.findings,
            'expected_findings', round(finders_judged.expected::numeric, 2),
            'sources', finders_judged.sources
        ) as evidence,
        finders_judged.batch_id,
        finders_judged.known_at
    from finders_judged
    where
        finders_judged.findings <= finders_judged.least_ratio * finders_judged.expected
        and finders_judged.q_value <= finders_judged.max_false_share
),

seen as (
    select * from officers_seen
    union all
    select * from pairs_seen
    union all
    select * from finders_seen
),

{{ new_hints('seen') }}

select * from final
