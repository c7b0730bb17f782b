with

declarations as (select * from {{ ref('int_declarations') }}),

corrections as (select * from {{ ref('int_declaration_corrections') }}),

lines as (select * from {{ ref('int_declaration_lines') }}),

-- one to one or none: the version that is shown, and the delivery in which it came
shown as (
    select
        declarations.importer_id,
        declarations.declaration_id,
        declarations.known_on,
        declarations.is_backfill,
        coalesce(corrections.batch_id, declarations.batch_id) as batch_id,
        coalesce(corrections.row_no, declarations.row_no) as row_no,
        coalesce(corrections.office_code, declarations.office_code) as office_code,
        coalesce(corrections.hs6, declarations.hs6) as hs6,
        coalesce(corrections.origin_country, declarations.origin_country) as origin_country,
        coalesce(corrections.net_mass_kg, declarations.net_mass_kg) as net_mass_kg,
        coalesce(corrections.declared_value_cny, declarations.declared_value_cny) as declared_value_cny,
        case when corrections.declaration_id is null then declarations.goods_name else corrections.goods_name end
            as goods_name,
        case when corrections.declaration_id is null then declarations.tax_rate_pct else corrections.tax_rate_pct end
            as tax_rate_pct
    from declarations
    left join corrections using (declaration_id)
),

-- one declaration to its lines; without any, its header stands for its one line. What a line does not tell and its
-- declaration does is taken from there: all of it where there is one line, and of the value the line's share
final as (
    select
        shown.importer_id,
        shown.declaration_id,
        coalesce(lines.line_no, 1) as line_no,
        shown.office_code,
        lines.goods_code,
        coalesce(lines.hs6, shown.hs6) as hs6,
        coalesce(lines.goods_name, shown.goods_name) as goods_name,
        coalesce(lines.origin_country, shown.origin_country) as origin_country,
        coalesce(lines.tax_rate_pct, shown.tax_rate_pct) as tax_rate_pct,
        case when lines.line_count > 1 then lines.net_mass_kg else shown.net_mass_kg end as net_mass_kg,
        lines.line_value,
        lines.line_currency,
        case
            when lines.line_count > 1 then round(shown.declared_value_cny * lines.value_share, 2)
            else shown.declared_value_cny
        end as declared_value_cny,
        lines.line_no is null as is_from_header,
        shown.known_on,
        shown.is_backfill,
        shown.batch_id
    from shown
    left join lines using (batch_id, row_no)
)

select * from final
