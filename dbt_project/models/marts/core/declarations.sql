-- a loop writes the columns; a correction may say that nothing is known, so coalesce would not do
-- noqa: disable=LT02,ST02

with

declarations as (select * from {{ ref('int_declarations') }}),

corrections as (select * from {{ ref('int_declaration_corrections') }}),

-- one to one or none: the latest version is shown; when it became known stays the day of the first
final as (
    select
        {%- for column in declared_columns() %}
        {%- if column == 'declaration_id' %}
        -- the same in every version: asked for one, the index answers
        declarations.declaration_id,
        {%- else %}
        case
            when corrections.declaration_id is null then declarations.{{ column }} else corrections.{{ column }}
        end as {{ column }},
        {%- endif %}
        {%- endfor %}
        declarations.known_at,
        declarations.known_on,
        corrections.declaration_id is not null as is_corrected,
        corrections.known_at as corrected_at,
        declarations.is_backfill,
        coalesce(corrections.batch_id, declarations.batch_id) as batch_id
    from declarations
    left join corrections using (declaration_id)
)

select * from final
