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
        sum(answered.weight * (answered.likelihood - answered.findings) ^ 2) as squared_error
    from periods
    inner join answered on answered.decided_on between periods.period_from and periods.period_to
    group by periods.period_kind, periods.period_from, periods.period_to, answered.bin
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
        sum(bins.squared_error) over in_period / sum(bins.declarations) over in_period as brier_score,
        sum(abs(bins.findings - bins.mean_likelihood * bins.declarations)) over in_period
        / sum(bins.declarations) over in_period as expected_calibration_error
    from bins
    inner join edges using (bin)
    window in_period as (partition by bins.period_kind, bins.period_from)
)

select * from final
