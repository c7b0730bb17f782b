{{
    config(
        schema='intermediate',
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='decided_on',
        on_schema_change='fail',
        contract={'enforced': false},
        indexes=[
            {'columns': ['decided_on', 'top_share', 'likelihood_bin'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
    )
}}

with

outcomes as (select * from {{ ref('int_outcomes') }}),

daily as (select * from {{ ref('int_daily_outcomes') }}),

-- each answered inspection of what a model ranked stands for as many declarations as its probability says; others, and
-- pending ones, weigh nothing: so a day always has rows, and what was corrected away goes
weighed as (
    select
        decided_on,
        case
            when not is_completed or likelihood is null then 'none'
            when rank_share <= 0.01 then '0.01'
            when rank_share <= 0.02 then '0.02'
            when rank_share <= 0.05 then '0.05'
            when rank_share <= 0.1 then '0.1'
            else '1'
        end as top_share,
        case
            when is_completed and likelihood is not null
                then width_bucket(likelihood, array[0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]::float8[]) + 1
            else 0
        end as likelihood_bin,
        case when is_completed and likelihood is not null then 1 / nullif(selection_probability, 0) end as weight,
        likelihood,
        findings,
        revenue_cny::float8 as revenue_cny
    from outcomes
    {{ of_days_counted_anew('daily') }}
),

-- sums add up over days, shares and bins; squares say how sure a ratio of them is
final as (
    select
        decided_on,
        top_share,
        likelihood_bin,
        count(weight) as inspections,
        coalesce(sum(weight), 0) as weights,
        coalesce(sum(weight ^ 2), 0) as weight_squares,
        coalesce(sum(weight * findings), 0) as findings,
        coalesce(sum(weight ^ 2 * findings), 0) as finding_squares,
        coalesce(sum(weight * revenue_cny), 0) as revenue_cny,
        coalesce(sum((weight * revenue_cny) ^ 2), 0) as revenue_squares,
        coalesce(sum(weight * likelihood), 0) as likelihoods,
        coalesce(sum(weight * (likelihood - findings) ^ 2), 0) as errors,
        coalesce(sum(weight ^ 2 * (likelihood - findings) ^ 2), 0) as weighted_errors,
        coalesce(sum(weight ^ 2 * (likelihood - findings) ^ 4), 0) as error_squares,
        now() as recorded_at
    from weighed
    group by decided_on, top_share, likelihood_bin
)

select * from final
