{{ config(materialized='ephemeral', contract={'enforced': false}) }}

with

-- the first pattern that the strongest hazard factor's feature matches tells what to examine
examinations (priority, feature_pattern, what_to_examine_en, what_to_examine_zh) as (
    values
    (
        10, '^(has_watch_list_match|has_government_notice)',
        'Parties: identity of importer and seller, licences; open the whole consignment',
        '当事人：核实进口人与卖方身份、许可证件；整批开箱'
    ),
    (
        20, 'monitoring',
        'Safety: take samples for the laboratory; labels, certificates, storage',
        '安全：取样送检；核对标签、证书与储存条件'
    ),
    (
        30, '^(price_z|log_unit_value|log_value|revenue_|tax_rate)',
        'Value: invoice, contract and payment against market price; quality and brand of the goods',
        '价格：发票、合同、付汇与行情比对；货物品质与品牌'
    ),
    (
        40, '^(mass_z|log_mass)',
        'Quantity: weigh and count; look for goods not declared',
        '数量：过磅清点；查有无未申报货物'
    ),
    (
        50, '(origin|route)',
        'Origin: marks, certificate of origin and transport route',
        '原产地：标记、原产地证与运输路线'
    ),
    (
        60, 'hs6',
        'Classification: goods, composition and use against the declared HS code',
        '归类：货物、成分、用途与所报商品编码核对'
    ),
    (
        70, '(importer|seller|declarant|credit_tier)',
        'Whole consignment: description, quantity, origin and value; this party has a history',
        '整批：品名、数量、原产地、价格；该当事人有既往情形'
    ),
    (
        90, '',
        'Whole consignment: description, quantity, origin and value against the declaration',
        '整批：品名、数量、原产地、价格与申报核对'
    )
)

select * from examinations
