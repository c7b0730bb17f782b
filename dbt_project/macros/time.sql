{# The business day of a moment, whatever the session's time zone. #}
{% macro business_day(moment) -%}
    ({{ moment }} at time zone '{{ var("time_zone") }}')::date
{%- endmacro %}
