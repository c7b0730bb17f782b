with

expectations as (select * from {{ source('ml', 'price_expectations') }}),

declarations as (select * from {{ ref('int_declarations') }}),

-- one to one: a price is expected of one declaration
priced as (
    select
        expectations.importer_id,
        expectations.declaration_id,
        declarations.office_code,
        declarations.hs6,
        declarations.origin_country,
        (declarations.declared_value_cny / declarations.net_mass_kg)::float8 as declared_cny_per_kg,
        expectations.expected_cny_per_kg,
        expectations.low_cny_per_kg,
        expectations.high_cny_per_kg,
        expectations.log_gap,
        expectations.robust_z,
        expectations.price_position,
        expectations.value_gap_cny,
        expectations.revenue_at_risk_cny,
        expectations.model_version,
        expectations.as_of,
        expectations.expected_at
    from expectations
    inner join declarations using (importer_id, declaration_id)
),

shown as (
    select
        *,
        round(declared_cny_per_kg::numeric, 2) as declared_price,
        round(expected_cny_per_kg::numeric, 2) as expected_price,
        round(low_cny_per_kg::numeric, 2) as low_price,
        round(high_cny_per_kg::numeric, 2) as high_price
    from priced
),

final as (
    select
        importer_id,
        declaration_id,
        office_code,
        hs6,
        origin_country,
        declared_cny_per_kg,
        expected_cny_per_kg,
        low_cny_per_kg,
        high_cny_per_kg,
        log_gap,
        robust_z,
        price_position,
        value_gap_cny,
        revenue_at_risk_cny,
        case
            when price_position = 'unknown' then 'such goods were never priced before, or there is no model yet'
            else
                format(
                    'declared at %s CNY per kg, %s the %s to %s that such goods are expected at (%s)',
                    declared_price, price_position, low_price, high_price, expected_price
                )
        end as words_en,
        case
            when price_position = 'unknown' then '此类货物以往无价格记录，或尚无模型'
            else
                format(
                    '申报单价每千克%s元，%s同类货物的预期区间%s至%s元（预期%s元）',
                    declared_price,
                    case price_position when 'below' then '低于' when 'above' then '高于' else '处于' end,
                    low_price, high_price, expected_price
                )
        end as words_zh,
        model_version,
        as_of,
        expected_at
    from shown
)

select * from final
