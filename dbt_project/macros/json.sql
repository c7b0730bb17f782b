{# The items of a JSON array; none of what should be an array and is not: a view must outlive an odd delivery. #}
{% macro json_items(document) -%}
    jsonb_array_elements(case when jsonb_typeof({{ document }}) = 'array' then {{ document }} else '[]'::jsonb end)
{%- endmacro %}
