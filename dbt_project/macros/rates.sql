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

{#
    Ends of the 95 % interval of a total of weighted rare events, after Fay and Feuer (1997, Statist. Med. 16, 791): y
    is the total of the weights of what was found, yy that of their squares, `largest` the largest weight that one more
    finding could have had. Built for few findings: without any, the upper end is what one weight stands for 3.7 times.
    The gamma distribution's quantiles are Byar's ends of a count.
#}
{% macro weighted_count_end(y, yy, largest, side) -%}
    {%- if side == 'low' -%}
    (case when {{ y }} > 0 then
        {{ yy }} / {{ y }} * greatest({{ byar('(' ~ y ~ ' ^ 2 / nullif(' ~ yy ~ ', 0))', 'low') }}, 0)
    else 0 end)::float8
    {%- else -%}
    (case when {{ largest }} > 0 then
        ({{ yy }} + {{ largest }} ^ 2) / ({{ y }} + {{ largest }}) * {{ byar(
            '((' ~ y ~ ' + ' ~ largest ~ ') ^ 2 / nullif(' ~ yy ~ ' + ' ~ largest ~ ' ^ 2, 0) - 1)', 'high'
        ) }}
    end)::float8
    {%- endif -%}
{%- endmacro %}

{#
    Upper end of the 95 % interval of a total of weighted amounts with a long tail, of which few were seen. What was
    not seen lies in the tail: one more amount, as large as the largest, is taken as seen (Fay and Feuer's step), and
    the logarithm of the total has Student's distribution with as many degrees of freedom as amounts the total
    effectively rests on (Kish: square of the total over total of squares; never less than 2). The usual interval on a
    logarithmic scale held 84 % of the truths in place of 95 %. The lower end is weighted_count_end's. Amounts without
    any bound at all (a log-normal one with σ = 1.5) are held less often: about 92 % above ten findings.
#}
{% macro weighted_amount_high(y, yy, largest) -%}
    {%- set total = '(' ~ y ~ ' + ' ~ largest ~ ')' -%}
    {%- set squares = '(' ~ yy ~ ' + ' ~ largest ~ ' ^ 2)' -%}
    (case
        when {{ y }} > 0 then {{ total }} * exp(
            {{ student('(' ~ total ~ ' ^ 2 / ' ~ squares ~ ')') }} * sqrt({{ squares }}) / {{ total }}
        )
        else {{ weighted_count_end(y, yy, largest, 'high') }}
    end)::float8
{%- endmacro %}

{#
    The 97.5 % quantile of Student's distribution by the normal one's and its expansion in 1 over the degrees of
    freedom (Abramowitz and Stegun 26.7.5): 4.27 for 2 degrees (exactly 4.30), and closer for more.
#}
{% macro student(freedom) -%}
    (1.96 + 2.3722 / {{ freedom }} + 2.8225 / {{ freedom }} ^ 2 + 2.5556 / {{ freedom }} ^ 3
        + 1.5895 / {{ freedom }} ^ 4)
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
