with

periods as (select * from {{ ref('periods') }}),

-- declarations that a model ranked and an inspection answered; each stands for as many as its probability says
answered as (
    select
        decided_on,
        top_share::float8 as top_share,
        sum(inspections) as inspections,
        sum(weights) as weights,
        sum(weight_squares) as weight_squares,
        sum(findings) as findings,
        sum(finding_squares) as finding_squares,
        sum(revenue_cny) as revenue_cny,
        sum(revenue_squares) as revenue_squares
    from {{ ref('int_daily_rankings') }}
    where top_share <> 'none'
    group by decided_on, top_share
),

shares (top_share) as (values (0.01::float8), (0.02), (0.05), (0.10)),

-- the best share of every office's day, by the model's ranking
summed as (
    select
        periods.period_kind,
        periods.period_from,
        periods.period_to,
        shares.top_share,
        coalesce(sum(answered.inspections) filter (where answered.top_share <= shares.top_share), 0)::bigint
            as inspected_in_top,
        sum(answered.weights) filter (where answered.top_share <= shares.top_share) as declarations_in_top,
        sum(answered.weight_squares) filter (where answered.top_share <= shares.top_share) as square_weights_in_top,
        coalesce(sum(answered.findings) filter (where answered.top_share <= shares.top_share), 0) as findings_in_top,
        sum(answered.findings) as findings_in_all,
        sum(answered.finding_squares) as square_weights_of_findings,
        coalesce(sum(answered.revenue_cny) filter (where answered.top_share <= shares.top_share), 0)
            as revenue_cny_in_top,
        sum(answered.revenue_cny) as revenue_cny_in_all,
        coalesce(sum(answered.revenue_squares) filter (where answered.top_share <= shares.top_share), 0)
            as square_revenue_in_top,
        sum(answered.revenue_squares) as square_revenue_in_all,
        sum(answered.inspections) as inspected_in_all
    from periods
    inner join answered on answered.decided_on between periods.period_from and periods.period_to
    cross join shares
    group by periods.period_kind, periods.period_from, periods.period_to, shares.top_share
),

-- Kish: unequal weights are worth fewer trials, (sum of weights)² ÷ sum of squares
effective as (
    select
        *,
        declarations_in_top ^ 2 / nullif(square_weights_in_top, 0) as precision_trials,
        findings_in_all ^ 2 / nullif(square_weights_of_findings, 0) as recall_trials
    from summed
),

final as (
    select
        period_kind,
        period_from,
        period_to,
        top_share,
        inspected_in_top,
        declarations_in_top,
        findings_in_top,
        findings_in_all,
        revenue_cny_in_top,
        revenue_cny_in_all,
        findings_in_top / nullif(declarations_in_top, 0) as precision,
        {{ wilson('findings_in_top / declarations_in_top * precision_trials', 'precision_trials', 'low') }}
            as precision_low,
        {{ wilson('findings_in_top / declarations_in_top * precision_trials', 'precision_trials', 'high') }}
            as precision_high,
        findings_in_top / nullif(findings_in_all, 0) as recall,
        {{ wilson('findings_in_top / nullif(findings_in_all, 0) * recall_trials', 'recall_trials', 'low') }}
            as recall_low,
        {{ wilson('findings_in_top / nullif(findings_in_all, 0) * recall_trials', 'recall_trials', 'high') }}
            as recall_high,
        revenue_cny_in_top / nullif(revenue_cny_in_all, 0) as revenue_recall,
        {{ ratio_end('revenue_cny_in_top', 'revenue_cny_in_all', 'square_revenue_in_top', 'square_revenue_in_top',
                     'square_revenue_in_all', 'inspected_in_all', 'low') }} as revenue_recall_low,
        case
            when revenue_cny_in_all > 0 and inspected_in_all > 1
                then least({{ ratio_end('revenue_cny_in_top', 'revenue_cny_in_all', 'square_revenue_in_top',
                                        'square_revenue_in_top', 'square_revenue_in_all', 'inspected_in_all',
                                        'high') }}, 1)
        end as revenue_recall_high,
        precision_trials,
        recall_trials
    from effective
)

select * from final
