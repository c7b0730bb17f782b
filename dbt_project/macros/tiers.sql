{# Credit tiers, the best first: the position of one is its rank. #}
{% macro tier_codes() -%}
    array['advanced_certified', 'certified', 'regular', 'dishonest', 'seriously_dishonest']
{%- endmacro %}
