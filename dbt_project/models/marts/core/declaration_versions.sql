-- the loop writes the columns
-- noqa: disable=LT02

with

versions as (select * from {{ ref('int_declaration_versions') }}),

final as (
    select
        {%- for column in declared_columns() %}
        {{ column }},
        {%- endfor %}
        is_first,
        known_at,
        known_on,
        batch_id,
        row_no
    from versions
)

select * from final
