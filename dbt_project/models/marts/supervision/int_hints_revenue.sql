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

acts as (select * from {{ ref('int_enforcement_acts') }}),

conduct as (select * from {{ ref('int_inspection_conduct') }}),

declarations as (select * from {{ ref('int_declarations') }}),

{{ supervised_day() }},

-- REV01: amendments of a value that lower it
values_amended as (
    select
        rules.rule_code,
        acts.officer_id,
        acts.office_code,
        acts.value_after_cny < acts.value_before_cny as is_hit,
        acts.declaration_id,
        acts.batch_id,
        acts.row_no,
        acts.known_at
    from acts
    cross join supervised_day
    inner join rules on rules.rule_code = 'REV01'
    where
        acts.act = 'amend_value'
        and acts.known_on > supervised_day.business_day - rules.window_days
),

-- REV02: what was collected is less than a share (parameter) of the least that the established gap implies: duty on
-- it, and value-added tax at the lower of the two rates on imports
gaps_collected as (
    select
        rules.rule_code,
        conduct.officer_id,
        conduct.office_code,
        conduct.additional_duty_cny < rules.parameter
        * (conduct.assessed_value_cny - conduct.declared_value_cny)
        * ((1 + conduct.tax_rate_pct / 100) * 1.09 - 1) as is_hit,
        conduct.declaration_id,
        conduct.batch_id,
        conduct.row_no,
        conduct.known_at
    from conduct
    cross join supervised_day
    inner join rules on rules.rule_code = 'REV02'
    where
        conduct.version_no = 1
        and conduct.assessed_value_cny > conduct.declared_value_cny
        and conduct.tax_rate_pct is not null
        and conduct.known_on > supervised_day.business_day - rules.window_days
),

-- REV03: amendments of a code that lower the rate when the goods are out of customs' hands
codes_amended as (
    select
        rules.rule_code,
        acts.officer_id,
        acts.office_code,
        acts.released_at < acts.acted_at
        and acts.tax_rate_after_pct <= acts.tax_rate_before_pct - rules.parameter is true as is_hit,
        acts.declaration_id,
        acts.batch_id,
        acts.row_no,
        acts.known_at
    from acts
    cross join supervised_day
    inner join rules on rules.rule_code = 'REV03'
    where
        acts.act = 'amend_classification'
        and acts.known_on > supervised_day.business_day - rules.window_days
),

-- REV04: findings whose duty was corrected to less than a share (parameter) of what was first reported
findings_corrected as (
    select
        rules.rule_code,
        conduct.officer_id,
        conduct.office_code,
        coalesce(
            conduct.corrected_duty_cny < rules.parameter * conduct.additional_duty_cny, false
        ) as is_hit,
        conduct.declaration_id,
        conduct.batch_id,
        conduct.row_no,
        conduct.known_at
    from conduct
    cross join supervised_day
    inner join rules on rules.rule_code = 'REV04'
    where
        conduct.version_no = 1
        and conduct.has_finding
        and conduct.known_on > supervised_day.business_day - rules.window_days
),

officer_trials as (
    select * from values_amended
    union all
    select * from gaps_collected
    union all
    select * from codes_amended
    union all
    select * from findings_corrected
),

-- REV05: amendments by declarant; many acts to one declaration
declarants_met as (
    select
        rules.rule_code,
        acts.officer_id,
        acts.office_code,
        declarations.declarant_id as party_id,
        acts.declaration_id,
        acts.batch_id,
        acts.row_no,
        acts.known_at
    from acts
    cross join supervised_day
    inner join rules on rules.rule_code = 'REV05'
    inner join declarations using (declaration_id)
    where
        acts.act in ('amend_value', 'amend_classification')
        and acts.known_on > supervised_day.business_day - rules.window_days
),

{{ officers_seen('officer_trials') }},

{{ pairs_seen('declarants_met') }},

seen as (
    select * from officers_seen
    union all
    select * from pairs_seen
),

{{ new_hints('seen') }}

select * from final
