{# The Chinese word of a level of risk. #}
{% macro level_word(level) -%}
    case {{ level }}
        when 'high' then '高'
        when 'medium' then '中'
        when 'low' then '低'
        else '未知'
    end
{%- endmacro %}
