{#
    Periods: what people write with a first and a last day (valid_from, valid_to; none while it lasts).

    in_period: whether a day lies in one of them.
    periods_apart: a test that no two periods of a key share a day, and that none ends before it begins.
#}
{% macro in_period(period, day) -%}
    ({{ day }} >= {{ period }}.valid_from and ({{ day }} <= {{ period }}.valid_to or {{ period }}.valid_to is null))
{%- endmacro %}

{% test periods_apart(model, key) %}
    select neighbours.*
    from (
        select
            *,
            lead(valid_from) over (
                {{ 'partition by ' ~ key | join(', ') if key }} order by valid_from
            ) as next_valid_from
        from {{ model }}
    ) as neighbours
    where
        neighbours.valid_to < neighbours.valid_from
        or coalesce(neighbours.valid_to, 'infinity') >= neighbours.next_valid_from
{% endtest %}
