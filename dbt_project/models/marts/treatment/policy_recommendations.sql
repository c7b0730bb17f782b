with

recommendations as (select * from {{ source('ops', 'policy_recommendations') }}),

outcomes as (
    select * from {{ ref('int_scope_outcomes') }}
    where scope_kind = 'recommendation'
),

outbox as (select * from {{ source('ops', 'outbox') }}),

clock as (
    select
        {{ moment() }} as as_of,
        {{ business_day(moment()) }} as today
),

-- of each cell the one figure that the recommendation named in advance
measured as (
    select
        outcomes.scope_id as recommendation_id,
        outcomes.measured_days,
        outcomes.is_after,
        outcomes.is_in_scope,
        case recommendations.effect_measure
            when 'declarations' then outcomes.declarations::float8 / outcomes.measured_days
            when 'inspection_rate' then outcomes.inspected::float8 / nullif(outcomes.declarations, 0)
            when 'find_rate' then outcomes.findings::float8 / nullif(outcomes.inspected, 0)
            when 'revenue_cny_per_inspection' then outcomes.revenue_cny::float8 / nullif(outcomes.inspected, 0)
        end as effect
    from outcomes
    inner join recommendations on outcomes.scope_id = recommendations.recommendation_id
),

effects as (
    select
        recommendation_id,
        max(measured_days) as measured_days,
        max(effect) filter (where not is_after and is_in_scope) as effect_before,
        max(effect) filter (where is_after and is_in_scope) as effect_after,
        max(effect) filter (where not is_after and not is_in_scope) as effect_outside_before,
        max(effect) filter (where is_after and not is_in_scope) as effect_outside_after
    from measured
    group by recommendation_id
),

final as (
    select
        recommendations.recommendation_id,
        recommendations.addressee,
        recommendations.subject_en,
        recommendations.subject_zh,
        recommendations.recommended_en,
        recommendations.recommended_zh,
        recommendations.risk_domain,
        recommendations.evidence,
        recommendations.hs_prefixes,
        recommendations.origin_countries,
        recommendations.importer_ids,
        recommendations.office_codes,
        recommendations.issued_at,
        recommendations.issued_by,
        recommendations.due_at,
        outbox.dispatched_at,
        case
            when recommendations.answer is not null then recommendations.answer
            when recommendations.due_at < clock.as_of then 'overdue'
            else 'awaited'
        end as status,
        recommendations.answered_at,
        recommendations.answered_by,
        recommendations.answer_words,
        recommendations.effective_on,
        recommendations.effect_measure,
        recommendations.effect_expected,
        recommendations.effect_days,
        coalesce(effects.measured_days, 0) as measured_days,
        effects.effect_before,
        effects.effect_after,
        effects.effect_outside_before,
        effects.effect_outside_after,
        coalesce(effects.measured_days = recommendations.effect_days, false) as is_effect_final,
        case
            when effects.measured_days < recommendations.effect_days then null
            when recommendations.effect_expected = 'rise' then effects.effect_after > effects.effect_before
            else effects.effect_after < effects.effect_before
        end as is_as_expected
    from recommendations
    cross join clock
    left join effects using (recommendation_id)
    left join outbox on outbox.message_id = 'recommendation:' || recommendations.recommendation_id
)

select * from final
