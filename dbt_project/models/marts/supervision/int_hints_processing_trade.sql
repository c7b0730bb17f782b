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

handbooks as (select * from {{ ref('int_processing_handbooks') }}),

{{ supervised_day() }},

-- what the exports have used, by what was declared and by what was approved
used as (
    select
        *,
        exported_quantity * declared_consumption * (1 + wastage_pct / 100) as used_quantity,
        exported_quantity * norm_consumption as least_used_quantity,
        imported_quantity - exported_quantity * declared_consumption * (1 + wastage_pct / 100) - stock_quantity
            as missing_quantity
    from handbooks
    where status = 'open'
),

-- PRO01: imported less used is not what lies in stock; the difference is a share of what was imported
unbalanced as (
    select
        rules.rule_code,
        used.*,
        (100 * abs(used.missing_quantity) / used.imported_quantity)::float8 as observed,
        rules.parameter::float8 as expected
    from used
    inner join rules on rules.rule_code = 'PRO01'
    where
        used.imported_quantity > 0
        -- more used than imported is another matter (PRO02)
        and used.used_quantity <= used.imported_quantity
        and abs(used.missing_quantity) > rules.parameter / 100 * used.imported_quantity
),

-- PRO02: exports for which less came in than they need, even without any wastage
without_imports as (
    select
        rules.rule_code,
        used.*,
        (100 * used.least_used_quantity / nullif(used.imported_quantity, 0))::float8 as observed,
        100::float8 as expected
    from used
    inner join rules on rules.rule_code = 'PRO02'
    where used.least_used_quantity > (1 + rules.parameter / 100) * used.imported_quantity
),

-- PRO03: more material in a unit of product than was approved
over_norm as (
    select
        rules.rule_code,
        used.*,
        (100 * used.declared_consumption / used.norm_consumption)::float8 as observed,
        100::float8 as expected
    from used
    inner join rules on rules.rule_code = 'PRO03'
    where used.declared_consumption > (1 + rules.parameter / 100) * used.norm_consumption
),

-- PRO04: not written off so many days after the last day of validity, when it was last reported
overdue as (
    select
        rules.rule_code,
        used.*,
        ({{ business_day('used.known_at') }} - used.due_on)::float8 as observed,
        rules.parameter::float8 as expected
    from used
    inner join rules on rules.rule_code = 'PRO04'
    where {{ business_day('used.known_at') }} - used.due_on > rules.parameter
),

-- PRO05: extended again and again
extended as (
    select
        rules.rule_code,
        used.*,
        used.extensions::float8 as observed,
        rules.parameter::float8 as expected
    from used
    inner join rules on rules.rule_code = 'PRO05'
    where used.extensions > rules.parameter
),

lines_seen as (
    select * from unbalanced
    union all
    select * from without_imports
    union all
    select * from over_norm
    union all
    select * from overdue
    union all
    select * from extended
),

-- a line's balance is told anew each quarter in which it does not add up; term and extensions are the handbook's own,
-- and an extension more is another case
seen as (
    select
        lines_seen.rule_code,
        'handbook' as subject_type,
        lines_seen.handbook_no as subject_key,
        lines_seen.office_code,
        case lines_seen.rule_code
            when 'PRO04' then 'due ' || lines_seen.due_on
            when 'PRO05' then 'extension ' || lines_seen.extensions
            else 'line ' || lines_seen.line_no || '|' || {{ quarter('lines_seen.known_at') }}
        end as case_key,
        lines_seen.observed,
        lines_seen.expected,
        null::bigint as trials,
        null::float8 as tail_probability,
        null::float8 as q_value,
        null::bigint as tested,
        jsonb_build_object(
            'operator_id', lines_seen.operator_id,
            'line_no', lines_seen.line_no,
            'imported_quantity', lines_seen.imported_quantity,
            'exported_quantity', lines_seen.exported_quantity,
            'declared_consumption', lines_seen.declared_consumption,
            'norm_consumption', lines_seen.norm_consumption,
            'wastage_pct', lines_seen.wastage_pct,
            'used_quantity', round(lines_seen.used_quantity, 2),
            'stock_quantity', lines_seen.stock_quantity,
            'due_on', lines_seen.due_on,
            'extensions', lines_seen.extensions,
            'sources', jsonb_build_array(
                jsonb_build_object('batch_id', lines_seen.batch_id, 'row_no', lines_seen.row_no)
            )
        ) as evidence,
        lines_seen.batch_id,
        lines_seen.known_at
    from lines_seen
),

{{ new_hints('seen') }}

select * from final
