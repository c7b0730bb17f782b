{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['indicator_code', 'version'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['indicator_code', 'version'], 'unique': true},
            {'columns': ['recorded_at']},
        ]
    )
}}

-- a loop writes the columns
-- noqa: disable=LT02

with

indicators as (select * from {{ ref('indicators') }}),

-- lists as lists; an empty list asks for nothing in particular
read as (
    select
        indicator_code,
        version,
        risk_domain,
        subject_type,
        subject_kind,
        measure,
        string_to_array(feeds, ';') as feeds,
        string_to_array(nullif(among, ''), ';') as among,
        string_to_array(nullif(counting, ''), ';') as counting,
        formula,
        shrinkage,
        window_days,
        direction,
        low_bound,
        high_bound,
        valid_from,
        valid_to,
        md5(concat_ws(
            '|',
            {%- for column in indicator_rule_columns() %}
            coalesce({{ column }}::text, '-'){{ ',' if not loop.last }}
            {%- endfor %}
        )) as rule_hash
    from indicators
),

-- only what is new or says something else: whatever is recorded here makes values anew
recorded as (
    select
        read.*,
        now() as recorded_at
    from read
    {%- if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as stored
            where
                stored.indicator_code = read.indicator_code
                and stored.version = read.version
                and stored.rule_hash = read.rule_hash
        )
    {%- endif %}
)

select * from recorded
