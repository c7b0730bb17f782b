with

periods as (select * from {{ ref('periods') }}),

daily_decisions as (select * from {{ ref('int_daily_decisions') }}),

outcomes as (select * from {{ ref('int_outcomes') }}),

totals as (
    select
        periods.period_kind,
        periods.period_from,
        periods.period_to,
        sum(daily_decisions.declarations)::bigint as declarations,
        sum(
            daily_decisions.targeted + coalesce(daily_decisions.exploration, 0) + daily_decisions.random
        )::bigint as selected
    from periods
    inner join daily_decisions on daily_decisions.decided_on between periods.period_from and periods.period_to
    group by periods.period_kind, periods.period_from, periods.period_to
),

-- results that are still out: those that are back stand for them
inspected as (
    select
        periods.period_kind,
        periods.period_from,
        outcomes.*,
        outcomes.selection_probability < 1 as is_below_cutoff,
        count(*) over in_stratum / nullif(count(*) filter (where outcomes.is_completed) over in_stratum, 0)::float8
            as pending_factor
    from periods
    inner join outcomes on outcomes.decided_on between periods.period_from and periods.period_to
    window in_stratum as (
        partition by periods.period_kind, periods.period_from, outcomes.selection_probability < 1
    )
),

-- an inspection drawn with probability p stands for itself and for 1/p - 1 declarations that nobody inspected
weighted as (
    select
        *,
        (1 / selection_probability - 1) * pending_factor as weight
    from inspected
    where is_completed
),

found as (
    select
        period_kind,
        period_from,
        count(*) as completed,
        sum(findings)::bigint as found_violations,
        sum(revenue_cny)::float8 as found_revenue_cny,
        sum(findings * pending_factor) as inspected_violations,
        count(*) filter (where is_below_cutoff) as sampled,
        coalesce(sum(findings) filter (where is_below_cutoff), 0)::bigint as sampled_violations,
        sum(weight * findings) filter (where is_below_cutoff) as leaked,
        sum(weight * revenue_cny::float8) filter (where is_below_cutoff) as leaked_revenue,
        sum((weight * findings) ^ 2) filter (where is_below_cutoff) as leaked_squares,
        sum((weight * revenue_cny::float8) ^ 2) filter (where is_below_cutoff) as leaked_revenue_squares
    from weighted
    group by period_kind, period_from
),

-- with-replacement variance of a weighted total: n / (n - 1) × Σ (wᵢyᵢ - Ŷ / n)²
errors as (
    select
        *,
        sqrt(greatest(leaked_squares - leaked ^ 2 / sampled, 0) * sampled / greatest(sampled - 1, 1)) as leaked_error,
        sqrt(
            greatest(leaked_revenue_squares - leaked_revenue ^ 2 / sampled, 0) * sampled / greatest(sampled - 1, 1)
        ) as leaked_revenue_error
    from found
    where sampled > 0
),

-- on a log scale, since a total has no negative end. Without a finding in the sample the upper end is the rate
-- that would show none with probability 2.5 %, and its revenue that of an average finding
estimated as (
    select
        totals.period_kind,
        totals.period_from,
        totals.period_to,
        totals.declarations,
        totals.selected,
        totals.declarations - totals.selected as uninspected,
        coalesce(found.completed, 0) as completed,
        coalesce(found.sampled, 0) as sampled,
        coalesce(found.sampled_violations, 0) as sampled_violations,
        coalesce(found.found_violations, 0) as found_violations,
        coalesce(found.found_revenue_cny, 0) as found_revenue_cny,
        {{ var('inspection_sensitivity') }}::float8 as inspection_sensitivity,
        found.inspected_violations / {{ var('inspection_sensitivity') }} as inspected_violations,
        errors.leaked / {{ var('inspection_sensitivity') }} as leaked_violations,
        case
            when errors.leaked > 0
                then errors.leaked * exp(-1.96 * errors.leaked_error / errors.leaked)
            else 0 * errors.leaked
        end / {{ var('inspection_sensitivity') }} as leaked_violations_low,
        least(case
            when errors.leaked > 0
                then errors.leaked * exp(1.96 * errors.leaked_error / errors.leaked)
            else (totals.declarations - totals.selected) * (1 - 0.025 ^ (1.0 / errors.sampled))::float8
        end / {{ var('inspection_sensitivity') }}, totals.declarations - totals.selected) as leaked_violations_high,
        errors.leaked_revenue / {{ var('inspection_sensitivity') }} as leaked_revenue_cny,
        case
            when errors.leaked_revenue > 0
                then errors.leaked_revenue * exp(-1.96 * errors.leaked_revenue_error / errors.leaked_revenue)
            else 0 * errors.leaked_revenue
        end / {{ var('inspection_sensitivity') }} as leaked_revenue_cny_low,
        case
            when errors.leaked_revenue > 0
                then errors.leaked_revenue * exp(1.96 * errors.leaked_revenue_error / errors.leaked_revenue)
            else (totals.declarations - totals.selected) * (1 - 0.025 ^ (1.0 / errors.sampled))::float8
                * found.found_revenue_cny / nullif(found.found_violations, 0)
        end / {{ var('inspection_sensitivity') }} as leaked_revenue_cny_high
    from totals
    left join found using (period_kind, period_from)
    left join errors using (period_kind, period_from)
),

final as (
    select
        *,
        1 - (inspected_violations + leaked_violations) / declarations as compliance_rate,
        1 - (inspected_violations + leaked_violations_high) / declarations as compliance_rate_low,
        1 - (inspected_violations + leaked_violations_low) / declarations as compliance_rate_high
    from estimated
)

select * from final
