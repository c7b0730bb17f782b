-- what is delivered from day to day; `sent_at` is the day's delivery, null is history

create function pick(text, int) returns int immutable language sql
    return ('x' || substr(md5($1), 1, 6))::bit(24)::int % $2;

create schema world;

create table world.declarations as
select
    day, 'D' || day || '-' || n as declaration_id,
    timestamptz '2026-03-26 09:00+08' + day * interval '1 day' + n * interval '1 minute' as declared_at,
    (array['2200', '5304', '9999'])[1 + n % 3] as office_code, 'A' || pick(day || 'a' || n, 6) as importer_id,
    'Firm ' || pick(day || 'a' || n, 6) as importer_name,
    (array['regular', 'certified', 'dishonest', 'seriously_dishonest', null])[
        1 + pick(day / 3 || 't' || pick(day || 'a' || n, 6), 5)
    ] as importer_credit_tier,
    'S' || pick(day || 's' || n, 5) as seller_id, nullif('B' || pick(day || 'b' || n, 4), 'B0') as declarant_id,
    (array['010121', '999998'])[1 + pick(day || 'h' || n, 2)] as hs6,
    (array['US', 'DE'])[1 + pick(day || 'o' || n, 2)] as origin_country,
    (1 + pick(day || 'm' || n, 900))::numeric / 7 as net_mass_kg,
    (1 + pick(day || 'v' || n, 9000))::numeric / 3 as declared_value_cny,
    case n % 5
        when 0 then '[{"CodeTS": "0101210010", "GName": "horse", "OriginCountry": "USA", "DeclTotal": "30",
            "TradeCurr": "USD", "FirstUnit": "035", "FirstQty": "12.5"},
            {"CodeTS": "0102290000", "GName": "cow", "OriginCountry": "nowhere", "DeclTotal": "10",
            "TradeCurr": "USD"}]'
        when 1 then '[{"Commodity": {"Description": "wine", "Classification": {"ID": "2204210000"},
            "InvoiceLine": {"ItemChargeAmount": "5.5", "ItemChargeAmount@currencyID": "EUR"},
            "GoodsMeasure": {"NetNetWeightMeasure": "0.75"}, "DutyTaxFee": {"TaxRateNumeric": "14"}},
            "Origin": {"CountryCode": "FR"}}]'
        when 2 then '[{"CodeTS": "x", "DeclTotal": "many"}, {"GName": "odd"}]'
    end::jsonb as lines
from generate_series(0, 11) as day, generate_series(1, 15) as n;

create table world.corrected_declarations as
select
    day + 2 as day, declaration_id, declared_at, office_code, importer_id, importer_name, importer_credit_tier, seller_id,
    declarant_id, hs6, origin_country, net_mass_kg, declared_value_cny * 2 as declared_value_cny,
    '[{"CodeTS": "9403500000", "GName": "bed", "OriginCountry": "ITA"}]'::jsonb as lines
from world.declarations where pick(declaration_id || 'c', 10) = 0;

-- decisions on some parties only: some told days after they are in force, some that end, some withdrawn later
create table world.credit_ratings as
select
    day, 'R' || day || '-' || party as rating_id, 'A' || party as subject_uscc, 282 as order_no,
    (array['advanced_certified', 'certified', 'regular', 'dishonest', 'seriously_dishonest'])[
        1 + pick(day || 'r' || party, 5)
    ] as tier_code,
    date '2026-03-26' + day - pick(day || 'e' || party, 6) + 1 as effective_from,
    case when pick(day || 'f' || party, 3) = 0 then date '2026-03-26' + day + 4 end as effective_to,
    timestamptz '2026-03-26 08:00+08' + day * interval '1 day' as decided_at, 'active' as status
from generate_series(0, 11) as day, generate_series(0, 3) as party
where pick(day || 'd' || party, 4) = 0;

insert into world.credit_ratings
select day + 1 + pick(rating_id, 4), rating_id, subject_uscc, order_no, tier_code, effective_from, effective_to,
    decided_at, 'withdrawn'
from world.credit_ratings where pick(rating_id || 'w', 3) = 0;

create table world.manifests as
select
    day, 'M' || n as manifest_no, 'BL' || n as bill_no, 1 as consignment_no,
    case when pick(day || 'k' || n, 4) = 0 then '1' else '9' end as manifest_function,
    timestamptz '2026-03-26 06:00+08' + day * interval '1 day' as prepared_at,
    (array['USLAX', 'SGSIN', 'elsewhere'])[1 + pick(day || 'p' || n, 3)] as loading_port, 'CNSHA' as discharge_port,
    'goods ' || day as goods_name
from generate_series(0, 11) as day, generate_series(1, 9) as n
where pick(day || 'm' || n, 3) = 0;
