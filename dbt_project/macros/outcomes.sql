{#
    What int_daily_outcomes counts, summed (in any query that calls it `daily`): all of it adds up over days, offices,
    tiers, lanes and ways of selection, but for the largest of something. Told apart are what was tried and what was
    found: of a risk domain only findings can be counted, and every trial is one for each of them.

    Certain is what would have been inspected whatever was drawn; drawn is what chance chose below the cut-off, and
    stands for others.
#}
{% macro trial_totals() -%}
    {%- set totals = {} -%}
    {%- for name in [
        'declarations', 'selected', 'instructions', 'completed', 'timed_results', 'officer_hours',
        'officer_hours_squares', 'scored_results', 'expected_findings', 'answered_instructions', 'coded_instructions',
        'delay_days', 'delay_squares'
    ] -%}
        {%- do totals.update({name: 'sum(daily.' ~ name ~ ')'}) -%}
    {%- endfor -%}
    {%- for name, column, condition in [
        ('random_selected', 'selected', "daily.selected_by = 'random'"),
        ('sampled', 'completed', "daily.selected_by = 'random' and daily.lane = 'low'"),
        ('certain_instructions', 'instructions', 'not daily.is_below_cutoff'),
        ('certain_answers', 'answered_instructions', 'not daily.is_below_cutoff'),
        ('drawn_instructions', 'instructions', 'daily.is_below_cutoff'),
        ('drawn_answers', 'answered_instructions', 'daily.is_below_cutoff'),
        ('drawn_weights', 'weights', 'daily.is_below_cutoff'),
        ('drawn_weight_squares', 'weight_squares', 'daily.is_below_cutoff'),
        ('instructed_officer_hours', 'officer_hours', 'daily.has_instruction')
    ] -%}
        {%- do totals.update({name: 'coalesce(sum(daily.' ~ column ~ ') filter (where ' ~ condition ~ '), 0)'}) -%}
    {%- endfor -%}
    {%- do totals.update({'largest_weight': 'max(daily.largest_weight)'}) -%}
    {{ return(totals) }}
{%- endmacro %}

{% macro finding_totals() -%}
    {%- set totals = {} -%}
    {%- for name in [
        'findings', 'revenue_cny', 'revenue_squares', 'timed_findings', 'timed_revenue_cny', 'timed_revenue_squares',
        'officer_hours_revenue', 'officer_hours_findings', 'scored_findings', 'represented_findings', 'represented_squares',
        'represented_revenue_cny', 'represented_revenue_squares'
    ] -%}
        {%- do totals.update({name: 'sum(daily.' ~ name ~ ')'}) -%}
    {%- endfor -%}
    {%- for name, column, condition in [
        ('sampled_findings', 'findings', "daily.selected_by = 'random' and daily.lane = 'low'"),
        ('certain_findings', 'findings', 'daily.has_instruction and not daily.is_below_cutoff'),
        ('drawn_findings', 'findings', 'daily.has_instruction and daily.is_below_cutoff'),
        ('drawn_weighted_findings', 'weighted_findings', 'daily.is_below_cutoff'),
        ('instructed_revenue_cny', 'revenue_cny', 'daily.has_instruction')
    ] -%}
        {%- do totals.update({name: 'coalesce(sum(daily.' ~ column ~ ') filter (where ' ~ condition ~ '), 0)'}) -%}
    {%- endfor -%}
    {%- do totals.update({'largest_represented_revenue_cny': 'max(daily.largest_represented_revenue_cny)'}) -%}
    {{ return(totals) }}
{%- endmacro %}

{#
    What slips through, estimated from such sums: an inspection drawn with probability p stands for itself and for
    1/p - 1 declarations that nobody inspected; results that are back stand for those that are out; and an inspection
    finds what is there with a given probability.

    Without a finding in the sample one more could have weighed as much as the largest weight, and its revenue is that
    of an average finding of all inspections.
#}
{% macro leaked() -%}
    {%- set sensitivity = var('inspection_sensitivity') -%}
    {%- set drawn = '(drawn_instructions::float8 / nullif(drawn_answers, 0))' -%}
    {%- set certain = '(certain_instructions::float8 / nullif(certain_answers, 0))' -%}
    {%- set per = drawn ~ ' / ' ~ sensitivity -%}
    {%- set findings, finding_squares = 'represented_findings', 'represented_squares' -%}
    {%- set revenue, revenue_squares = 'represented_revenue_cny', 'represented_revenue_squares' -%}
    {%- set one_more = 'greatest(largest_weight - 1, 0)' -%}
    {%- set one_more_cny -%}
        greatest(
            largest_represented_revenue_cny,
            {{ one_more }} * instructed_revenue_cny / nullif(certain_findings + drawn_findings, 0)
        )
    {%- endset -%}
    (coalesce({{ certain }} * certain_findings, 0) + coalesce({{ drawn }} * drawn_findings, 0)) / {{ sensitivity }}
        as inspected_violations,
    {{ findings }} * {{ per }} as leaked_violations,
    {{ weighted_count_end(findings, finding_squares, one_more, 'low') }} * {{ per }} as leaked_violations_low,
    -- no more than what nobody inspected, unless chance made the estimate itself larger
    greatest(
        least(
            {{ weighted_count_end(findings, finding_squares, one_more, 'high') }} * {{ per }},
            declarations - instructions
        ),
        {{ findings }} * {{ per }}
    ) as leaked_violations_high,
    {{ revenue }} * {{ per }} as leaked_revenue_cny,
    {{ weighted_count_end(revenue, revenue_squares, one_more_cny, 'low') }} * {{ per }} as leaked_revenue_cny_low,
    {{ weighted_amount_high(revenue, revenue_squares, one_more_cny) }} * {{ per }} as leaked_revenue_cny_high
{%- endmacro %}

{# What int_daily_parameters counts of the hits of a parameter: the same totals, and those of sole hits. #}
{% macro parameter_totals() -%}
    {{ return([
        'declarations', 'selected', 'instructions', 'answered_instructions', 'completed', 'findings', 'sole_completed',
        'sole_findings', 'revenue_cny', 'revenue_squares', 'timed_results', 'timed_findings', 'timed_revenue_cny',
        'timed_revenue_squares', 'officer_hours', 'officer_hours_squares', 'officer_hours_revenue',
        'officer_hours_findings',
    ]) }}
{%- endmacro %}

{#
    The totals of a period's cohorts: a week's or a month's own, those of the weeks of eight weeks, and those of the
    months of all days.
#}
{% macro of_period(periods, totals) -%}
    {{ totals }}.cohort_kind = case when {{ periods }}.period_kind in ('month', 'all') then 'month' else 'week' end
    and {{ totals }}.cohort_on <= {{ periods }}.period_to
    and {{ totals }}.cohort_to >= {{ periods }}.period_from
{%- endmacro %}
