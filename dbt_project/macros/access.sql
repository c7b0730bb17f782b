{#
    Who may read a mart (Order 271, Article 5). dbt asks these when it makes or refreshes a model; the SQL of a mart
    says nothing of readers. Its YAML does: the class of each column, and of the model

        meta: {class: restricted, jurisdiction: office_code, row_class: confidentiality}

    jurisdiction names the column with the office that a row belongs to. Without it, that is office_code where a model
    has one; `jurisdiction: none` says that its rows belong to no office. row_class names the column with the class of
    each row, where rows differ.

    A view is a security barrier: no function or operator of a reader sees a row or a value before the view has judged
    it. Personal and secret columns are null for who may not see them; conditions are subqueries of constants, asked
    once per query, so that indexes serve as ever. Tables have the same conditions as a policy. The pipeline, which is
    their owner, is not asked.
#}

{% macro is_mart(model) -%}
    {{ return(model.resource_type == 'model' and 'marts' in model.fqn and not model.name.startswith('int_')) }}
{%- endmacro %}

{% macro class_of(node) -%}
    {%- set meta = (node.get('config') or {}).get('meta') or node.get('meta') or {} -%}
    {{ return(meta.get('class')) }}
{%- endmacro %}

{# Classes that not everyone who reads a mart is shown. #}
{% macro hidden_columns(model) -%}
    {%- set hidden = {} -%}
    {%- for column in model.columns.values() if class_of(column) in ('personal', 'secret') -%}
        {%- do hidden.update({column.name: class_of(column)}) -%}
    {%- endfor -%}
    {{ return(hidden) }}
{%- endmacro %}

{# The column with the office that rows belong to, if they belong to one. #}
{% macro jurisdiction_of(model) -%}
    {%- set meta = model.config.get('meta') or {} -%}
    {%- if 'jurisdiction' in meta -%}
        {{ return(none if meta.jurisdiction in (none, 'none') else meta.jurisdiction) }}
    {%- endif -%}
    {{ return('office_code' if 'office_code' in model.columns and meta.get('distribution') != 'reference' else none) }}
{%- endmacro %}

{# What must hold for a row to be shown. #}
{% macro reading_condition(model, relation=none) -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {%- set class = class_of(model) or 'secret' -%}
    {%- set office = jurisdiction_of(model) -%}
    {%- set row_class = (model.config.get('meta') or {}).get('row_class') -%}
    {%- set conditions = [] -%}
    {%- if class not in ('public', 'internal') -%}
        {%- do conditions.append("(select access.reads('" ~ model.schema ~ '.' ~ model.alias ~ "', '" ~ class ~ "'))") -%}
    {%- endif -%}
    {%- if office -%}
        {%- do conditions.append(
            '((select access.sees_all_districts()) or left(' ~ prefix ~ office
            ~ ', 2) = any((select access.districts())::text[]))'
        ) -%}
    {%- endif -%}
    {%- if row_class -%}
        {%- do conditions.append(
            '((select access.is_pipeline()) or ' ~ prefix ~ row_class ~ ' = any((select access.sees())::text[]))'
        ) -%}
    {%- endif -%}
    {{ return(conditions | join(' and ') if conditions else 'true') }}
{%- endmacro %}

{# One column as a reader is shown it. #}
{% macro shown_column(column) -%}
    {%- set name = adapter.quote(column.name) -%}
    {%- set class = class_of(column) -%}
    {%- if class in ('personal', 'secret') -%}
        case when (select access.sees('{{ class }}')) then mart.{{ name }} end as {{ name }}
    {%- else -%}
        mart.{{ name }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__create_view_as(relation, sql) -%}
    {%- if not is_mart(model) -%}
        {{ return(default__create_view_as(relation, sql)) }}
    {%- endif -%}
    {%- if not config.get('contract').enforced -%}
        {{ exceptions.raise_compiler_error(model.name ~ ': a view among the marts enforces its contract, or cannot be masked') }}
    {%- endif -%}
    {{ get_assert_columns_equivalent(sql) }}
    create view {{ relation.render() }} with (security_barrier) as
    select
        {%- for column in model.columns.values() %}
        {{ shown_column(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        {{ sql }}
    ) as mart
    where {{ reading_condition(model, 'mart') }};
{%- endmacro %}

{# Every materialization asks for this once its relation has its name, in the transaction that makes it seen. #}
{% macro postgres__apply_grants(relation, grant_config, should_revoke=True) -%}
    {%- if is_mart(model) -%}
        {%- call statement('serve', auto_begin=False) -%}
            select access.serve(
                '{{ relation.include(database=False) }}'::regclass,
                '{{ relation.schema }}.{{ relation.identifier }}',
                '{{ class_of(model) or "secret" }}',
                '{{ tojson(hidden_columns(model)) }}',
                '{{ reading_condition(model) | replace("'", "''") }}'
            )
        {%- endcall -%}
    {%- elif model.resource_type == 'seed' and model.name in ('subcentre_jurisdictions', 'customs_units') -%}
        {%- call statement('sync_jurisdictions', auto_begin=False) -%}
            select access.sync_jurisdictions()
        {%- endcall -%}
    {%- endif -%}
    {{ return(default__apply_grants(relation, grant_config, should_revoke)) }}
{%- endmacro %}
