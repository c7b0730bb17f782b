{{
    config(
        schema='intermediate',
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='decided_on',
        on_schema_change='fail',
        contract={'enforced': false},
        indexes=[
            {'columns': ['decided_on', 'office_code', 'selected_by', 'delay_days'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
    )
}}

with

outcomes as (select * from {{ ref('int_outcomes') }}),

daily as (select * from {{ ref('int_daily_outcomes') }}),

-- a quantile does not add up over days, but how many answers took how long does. Pending instructions stand here too
-- (no delay): so a day always has rows, and what was corrected away goes
final as (
    select
        decided_on,
        office_code,
        selected_by,
        result_known_on - decided_on as delay_days,
        count(*) as instructions,
        now() as recorded_at
    from outcomes
    {{ of_days_counted_anew('daily') }}
    group by decided_on, office_code, selected_by, result_known_on - decided_on
)

select * from final
