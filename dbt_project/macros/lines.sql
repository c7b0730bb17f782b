{#
    Goods lines as declared: each layout names its parts in its own way. A part is looked for under the path that 单一窗口
    uses, then under that of the WCO Data Model.
#}
{% macro line_part(line, single_window, wco) -%}
    coalesce({{ line }} ->> '{{ single_window }}', {{ line }} #>> '{{ '{' ~ wco ~ '}' }}')
{%- endmacro %}

{# A number that stands in a text; null of what is none. #}
{% macro number_in(text) -%}
    case when {{ text }} ~ '^[0-9]{1,15}([.][0-9]{1,9})?$' then ({{ text }})::numeric end
{%- endmacro %}
