{#
    Find rate with a prior: (hits + w × prior) / (trials + w). Without any trial it is the prior itself; the prior
    is null only while nothing at all is known.
#}
{% macro smoothed(hits, trials, prior) -%}
    ((coalesce({{ hits }}, 0) + {{ var('smoothing_weight') }} * {{ prior }})
        / (coalesce({{ trials }}, 0) + {{ var('smoothing_weight') }}))::float8
{%- endmacro %}

{#
    Find rates of ever narrower profiles, each smoothed towards the one before with the weight of one inspection:
    where the narrow profile is unknown, the wider one speaks.
#}
{% macro nested_rate(kinds, prior) -%}
    {%- set rate = namespace(sql=prior) -%}
    {%- for kind in kinds -%}
        {%- set rate.sql =
            '((coalesce(findings_' ~ kind ~ ', 0) + ' ~ rate.sql ~ ') / (coalesce(inspections_' ~ kind ~ ', 0) + 1))' -%}
    {%- endfor -%}
    ({{ rate.sql }})::float8
{%- endmacro %}

{#
    How many standard deviations a logarithm lies from the mean of earlier declarations; null with fewer than five
    of them. The deviation is at least 0.05 (five per cent), so that a constant price does not make every cent a shock.
#}
{% macro z_score(value, total, square_total, trials) -%}
    case
        when {{ trials }} >= 5
            then (({{ value }} - {{ total }} / {{ trials }}) / greatest(
                sqrt(greatest({{ square_total }} - {{ total }} ^ 2 / {{ trials }}, 0) / ({{ trials }} - 1)), 0.05
            ))::float8
    end
{%- endmacro %}

{# Ends of the 95 % Wilson interval of a share; n may be an effective, fractional number of trials. #}
{% macro wilson(hits, trials, side) -%}
    (case when {{ trials }} > 0 then
        least(greatest(
            (({{ hits }}) / ({{ trials }}) + 1.9208 / ({{ trials }})
                {{ '-' if side == 'low' else '+' }} 1.96 * sqrt(greatest(
                    ({{ hits }}) / ({{ trials }}) * (1 - ({{ hits }}) / ({{ trials }})) / ({{ trials }}), 0
                ) + 0.9604 / ({{ trials }}) ^ 2)
            ) / (1 + 3.8416 / ({{ trials }})),
        0), 1)
    end)::float8
{%- endmacro %}

{#
    Ends of the 95 % interval of a ratio of two totals over n trials, Σy ÷ Σx, by linearisation: the variance is
    n ÷ (n − 1) × Σ(y − ratio × x)² ÷ (Σx)². With x = 1 on every trial it is the usual interval of a mean. Neither
    total can be negative, so the lower end stops at 0; one trial says nothing.
#}
{% macro ratio_end(y, x, yy, xy, xx, trials, side) -%}
    (case when {{ trials }} > 1 and {{ x }} > 0 then
        greatest(
            {{ y }} / {{ x }} {{ '-' if side == 'low' else '+' }} 1.96 / {{ x }} * sqrt(
                {{ trials }} / ({{ trials }} - 1.0) * greatest(
                    {{ yy }} - 2 * {{ y }} / {{ x }} * {{ xy }} + ({{ y }} / {{ x }}) ^ 2 * {{ xx }}, 0
                )
            ),
        0)
    end)::float8
{%- endmacro %}

{# Ends of the 95 % interval of a count by Byar's approximation; divide by what was expected. #}
{% macro byar(observed, side) -%}
    {%- if side == 'low' -%}
    (case when {{ observed }} > 0 then
        {{ observed }} * (1 - 1 / (9.0 * {{ observed }}) - 1.96 / (3 * sqrt({{ observed }}))) ^ 3
    else 0 end)::float8
    {%- else -%}
    (({{ observed }} + 1) * (1 - 1 / (9.0 * ({{ observed }} + 1)) + 1.96 / (3 * sqrt({{ observed }} + 1))) ^ 3)::float8
    {%- endif -%}
{%- endmacro %}

{# A stored value is its numerator over its denominator, and lies within its interval. #}
{% test is_quotient(model) %}
    select counted.*
    from {{ model }} as counted
    where
        abs(counted.value - counted.numerator / nullif(counted.denominator, 0)) > 1e-9 * (1 + abs(counted.value))
        or counted.low > counted.value + 1e-9
        or counted.high < counted.value - 1e-9
{% endtest %}

{# Days, weeks (from Monday) and months, the cohorts of every metric. #}
{% macro cohort_kinds() -%}
    (
        values ('day', interval '1 day'), ('week', interval '7 days'), ('month', interval '1 month')
    ) as kinds (cohort_kind, cohort_length)
{%- endmacro %}

{# What int_daily_outcomes counts: all of it adds up over days, offices, tiers, lanes and ways of selection. #}
{% macro daily_totals() -%}
    {{ return([
        'declarations', 'selected', 'instructions', 'completed', 'findings', 'revenue_cny', 'revenue_squares',
        'timed_results', 'timed_findings', 'timed_revenue_cny', 'timed_revenue_squares', 'officer_hours',
        'officer_hours_squares', 'officer_hours_revenue', 'officer_hours_findings', 'scored_results',
        'scored_findings', 'expected_findings', 'answered_instructions', 'coded_instructions', 'delay_days',
        'delay_squares',
    ]) }}
{%- endmacro %}
