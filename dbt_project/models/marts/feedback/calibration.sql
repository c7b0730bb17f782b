with

periods as (select * from {{ ref('periods') }}),

answered as (
    select
        decided_on,
        likelihood_bin as bin,
        sum(inspections) as inspections,
        sum(weights) as weights,
        sum(weight_squares) as weight_squares,
        sum(findings) as findings,
        sum(likelihoods) as likelihoods,
        sum(errors) as errors,
        sum(weighted_errors) as weighted_errors,
        sum(error_squares) as error_squares
    from {{ ref('int_daily_rankings') }}
    where likelihood_bin > 0
    group by decided_on, likelihood_bin
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
        sum(answered.inspections)::bigint as inspections,
        sum(answered.weights) as declarations,
        sum(answered.weight_squares) as square_weights,
        sum(answered.findings) as findings,
        sum(answered.likelihoods) / sum(answered.weights) as mean_likelihood,
        sum(answered.errors) as squared_error,
        sum(answered.weighted_errors) as weighted_squared_error,
        sum(answered.error_squares) as square_of_squared_error
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
