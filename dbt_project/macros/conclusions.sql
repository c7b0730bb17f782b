{# The Chinese word of a level of risk. #}
{% macro level_word(level) -%}
    case {{ level }}
        when 'high' then '高'
        when 'medium' then '中'
        when 'low' then '低'
        else '未知'
    end
{%- endmacro %}

{# Of several conclusions on one declaration the latest stands: no later one is there. #}
{% macro is_standing(conclusions) -%}
    not exists (
        select 1 from {{ conclusions }} as later
        where
            later.importer_id = {{ conclusions }}.importer_id
            and later.declaration_id = {{ conclusions }}.declaration_id
            and later.conclusion_no = {{ conclusions }}.conclusion_no + 1
    )
{%- endmacro %}
