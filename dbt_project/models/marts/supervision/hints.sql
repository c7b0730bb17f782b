{{ config(materialized='view') }}

with

revenue as (select * from {{ ref('int_hints_revenue') }}),

processing_trade as (select * from {{ ref('int_hints_processing_trade') }}),

customs_control as (select * from {{ ref('int_hints_customs_control') }}),

law_enforcement as (select * from {{ ref('int_hints_law_enforcement') }}),

rules as (select * from {{ ref('hint_rules') }}),

-- of several reviews of a hint the last one holds
reviews as (
    select distinct on (given.hint_id) given.*
    from {{ source('ops', 'hint_reviews') }} as given
    order by given.hint_id asc, given.review_no desc
),

every_class as (
    select * from revenue
    union all
    select * from processing_trade
    union all
    select * from customs_control
    union all
    select * from law_enforcement
),

-- one hint to its rule, and to one review or none
final as (
    select
        every_class.hint_id,
        rules.hint_class,
        every_class.rule_code,
        rules.name_en,
        rules.name_zh,
        every_class.subject_type,
        every_class.subject_key,
        every_class.office_code,
        every_class.case_key,
        every_class.observed,
        every_class.expected,
        every_class.trials,
        every_class.tail_probability,
        every_class.q_value,
        every_class.tested,
        every_class.evidence,
        every_class.words_en,
        every_class.words_zh,
        every_class.first_seen_on,
        every_class.first_seen_at,
        every_class.batch_id,
        every_class.known_at,
        reviews.verdict,
        reviews.reviewed_at,
        reviews.reviewed_by,
        reviews.reason as review_reason
    from every_class
    inner join rules using (rule_code)
    left join reviews using (hint_id)
)

select * from final
