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
