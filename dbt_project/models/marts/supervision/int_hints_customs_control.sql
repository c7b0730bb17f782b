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

instructions as (select * from {{ ref('instructions') }}),

conduct as (select * from {{ ref('int_inspection_conduct') }}),

acts as (select * from {{ ref('int_enforcement_acts') }}),

declarations as (select * from {{ ref('int_declarations') }}),

{{ supervised_day() }},

recent as (
    select instructions.*
    from instructions
    cross join supervised_day
    where instructions.decided_on > supervised_day.business_day - (select max(rules.window_days) from rules)
),

-- one to one, or none: the first answer to an instruction
first_answers as (
    select
        conduct.instruction_id,
        min(conduct.reported_at) as reported_at
    from conduct
    where conduct.instruction_id in (select recent.instruction_id from recent)
    group by conduct.instruction_id
),

-- CTL01: released so many hours (parameter) before any feedback on the instruction that stood on the goods
released as (
    select
        rules.rule_code,
        'officer' as subject_type,
        acts.officer_id as subject_key,
        acts.office_code,
        acts.act_id as case_key,
        {{ hours('coalesce(first_answers.reported_at, supervised_day.moment) - acts.acted_at') }} as observed,
        rules.parameter::float8 as expected,
        jsonb_build_object(
            'instruction_id', recent.instruction_id,
            'decided_on', recent.decided_on,
            'released_at', acts.acted_at,
            'feedback_at', first_answers.reported_at,
            'sources', jsonb_build_array({{ source_row('acts') }})
        ) as evidence,
        acts.batch_id,
        acts.known_at
    from recent
    cross join supervised_day
    inner join rules on rules.rule_code = 'CTL01'
    inner join acts on recent.declaration_id = acts.declaration_id and acts.act = 'release'
    left join first_answers on recent.instruction_id = first_answers.instruction_id
    where
        acts.acted_at + rules.parameter * interval '1 hour'
        < coalesce(first_answers.reported_at, supervised_day.moment)
),

-- CTL05: so many working days (parameter) old, and neither an answer nor a release
ignored as (
    select
        rules.rule_code,
        'office' as subject_type,
        recent.office_code as subject_key,
        recent.office_code,
        recent.instruction_id as case_key,
        {{ working_days('recent.decided_on', 'supervised_day.business_day') }}::float8 as observed,
        rules.parameter::float8 as expected,
        jsonb_build_object(
            'instruction_id', recent.instruction_id,
            'declaration_id', recent.declaration_id,
            'decided_on', recent.decided_on,
            'selected_by', recent.selected_by,
            'sources', jsonb_build_array({{ source_row('declarations') }})
        ) as evidence,
        declarations.batch_id,
        recent.decided_at as known_at
    from recent
    cross join supervised_day
    inner join rules on rules.rule_code = 'CTL05'
    inner join declarations using (importer_id, declaration_id)
    where
        {{ working_days('recent.decided_on', 'supervised_day.business_day') }} > rules.parameter
        and not exists (
            select 1 from first_answers
            where first_answers.instruction_id = recent.instruction_id
        )
        and not exists (
            select 1 from acts
            where acts.declaration_id = recent.declaration_id and acts.act = 'release'
        )
),

-- CTL02: answered more than so many working days (parameter) after the instruction
answered as (
    select
        rules.rule_code,
        conduct.officer_id,
        conduct.office_code,
        {{ working_days('recent.decided_on', business_day('conduct.reported_at')) }} > rules.parameter as is_hit,
        conduct.declaration_id,
        conduct.batch_id,
        conduct.row_no,
        conduct.known_at
    from recent
    inner join rules on rules.rule_code = 'CTL02'
    inner join conduct on recent.instruction_id = conduct.instruction_id
    where conduct.version_no = 1
),

examined as (
    select conduct.*
    from conduct
    cross join supervised_day
    where
        conduct.version_no = 1
        and conduct.known_on > supervised_day.business_day - (select max(rules.window_days) from rules)
),

-- CTL03: other goods than those declared, and nothing found that would explain it
other_goods as (
    select
        rules.rule_code,
        examined.officer_id,
        examined.office_code,
        examined.examined_hs6 <> examined.hs6
        and coalesce(examined.finding_type, '') <> 'misclassification' as is_hit,
        examined.declaration_id,
        examined.batch_id,
        examined.row_no,
        examined.known_at
    from examined
    inner join rules on rules.rule_code = 'CTL03'
    where examined.examined_hs6 is not null
),

-- CTL04: at a place of another office than the one in charge
other_places as (
    select
        rules.rule_code,
        examined.officer_id,
        examined.office_code,
        left(examined.examined_place, 4) <> examined.office_code as is_hit,
        examined.declaration_id,
        examined.batch_id,
        examined.row_no,
        examined.known_at
    from examined
    inner join rules on rules.rule_code = 'CTL04'
    where examined.examined_place is not null
),

officer_trials as (
    select * from answered
    union all
    select * from other_goods
    union all
    select * from other_places
),

{{ officers_seen('officer_trials') }},

single_cases as (
    select * from released
    union all
    select * from ignored
),

seen as (
    select * from officers_seen
    union all
    select
        rule_code,
        subject_type,
        subject_key,
        office_code,
        case_key,
        observed,
        expected,
        null::bigint as trials,
        null::float8 as tail_probability,
        null::float8 as q_value,
        null::bigint as tested,
        evidence,
        batch_id,
        known_at
    from single_cases
),

{{ new_hints('seen') }}

select * from final
