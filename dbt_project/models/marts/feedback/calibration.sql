with

periods as (select * from {{ ref('periods') }}),

answered as (
    select
        *,
        1 / selection_probability as weight,
        width_bucket(likelihood, array[0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]::float8[]) + 1 as bin
    from {{ ref('int_outcomes') }}
    where is_completed and likelihood is not null
),

edges (bin, likelihood_from, likelihood_to) as (
    values
    (1, 0::float8, 0.01::float8),
    (2, 0.01, 0.02),
    (3, 0.02, 0.05),
    (4, 0.05, 0.1),
    (5, 0.1, 0.2),
    (6, 0.2, 0.3),
    (7, 0.3, 0.5),
    (8, 0.5, 0.7),
    (9, 0.7, 0.9),
    (10, 0.9, 1)
),

bins as (
    select
        periods.period_kind,
        periods.period_from,
        periods.period_to,
        answered.bin,
        count(*) as inspections,
        sum(answered.weight) as declarations,
        sum(answered.weight ^ 2) as square_weights,
        sum(answered.weight * answered.findings) as findings,
        sum(answered.weight * answered.likelihood) / sum(answered.weight) as mean_likelihood,
        sum(answered.weight * (answered.likelihood - answered.findings) ^ 2) as squared_error,
        sum(answered.weight ^ 2 * (answered.likelihood - answered.findings) ^ 2) as weighted_squared_error,
        sum(answered.weight ^ 2 * (answered.likelihood - answered.findings) ^ 4) as square_of_squared_error
    from periods
    inner join answered on answered.decided_on between periods.period_from and periods.period_to
    group by periods.period_kind, periods.period_from, periods.period_to, answered.bin
),

-- of the whole period, told in each of its bins
totals as (
    select
        period_kind,
        period_from,
        sum(inspections) as inspections,
        sum(declarations) as declarations,
        sum(square_weights) as square_weights,
        sum(squared_error) as squared_error,
        sum(weighted_squared_error) as weighted_squared_error,
        sum(square_of_squared_error) as square_of_squared_error,
        sum(abs(findings - mean_likelihood * declarations)) as calibration_error
    from bins
    group by period_kind, period_from
),

final as (
    select
        bins.period_kind,
        bins.period_from,
        bins.period_to,
        bins.bin,
        edges.likelihood_from,
        edges.likelihood_to,
        bins.inspections,
        bins.declarations as estimated_declarations,
        bins.findings as estimated_findings,
        bins.mean_likelihood,
        bins.findings / bins.declarations as find_rate,
        {{ wilson('bins.findings / bins.declarations * bins.declarations ^ 2 / bins.square_weights',
                  'bins.declarations ^ 2 / bins.square_weights', 'low') }} as find_rate_low,
        {{ wilson('bins.findings / bins.declarations * bins.declarations ^ 2 / bins.square_weights',
                  'bins.declarations ^ 2 / bins.square_weights', 'high') }} as find_rate_high,
        bins.squared_error,
        totals.declarations as estimated_declarations_in_period,
        totals.squared_error / totals.declarations as brier_score,
        {{ ratio_end('totals.squared_error', 'totals.declarations', 'totals.square_of_squared_error',
                     'totals.weighted_squared_error', 'totals.square_weights', 'totals.inspections', 'low') }}
            as brier_score_low,
        {{ ratio_end('totals.squared_error', 'totals.declarations', 'totals.square_of_squared_error',
                     'totals.weighted_squared_error', 'totals.square_weights', 'totals.inspections', 'high') }}
            as brier_score_high,
        totals.calibration_error / totals.declarations as expected_calibration_error
    from bins
    inner join edges using (bin)
    inner join totals using (period_kind, period_from)
)

select * from final
