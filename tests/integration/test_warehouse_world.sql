-- a small world to deliver from, for test_warehouse.py: raw tables, and what happens in seventeen days seen from
-- outside (`happened_at` is when it could first be delivered)

create table raw.declarations (
    declaration_id text, declared_at timestamptz, office_code text, process_type text, trade_mode text,
    import_use text, payment_type text, transport_mode text, declarant_id text, importer_id text,
    importer_credit_tier text, seller_id text, courier_id text, hs6 text, goods_name text,
    departure_country text, origin_country text, tax_rate_pct numeric, tax_type text, origin_indicator text,
    net_mass_kg numeric, declared_value_cny numeric, batch_id text, row_no bigint, row_hash text, is_backfill boolean, known_at timestamptz, loaded_at timestamptz);

create table raw.inspection_results (
    result_id text, declaration_id text, instruction_id text, office_code text, officer_id text,
    inspected_at timestamptz, reported_at timestamptz, selected_by text, has_finding boolean,
    finding_type text, additional_duty_cny numeric, officer_hours numeric, batch_id text, row_no bigint, row_hash text, is_backfill boolean, known_at timestamptz, loaded_at timestamptz);

create table raw.monitoring_samples (
    sample_id text, plan_id text, point_id text, sampled_on date, reported_at timestamptz, hs6 text,
    origin_country text, analyte text, result_value numeric, limit_value numeric, unit text, method text,
    laboratory text, is_compliant boolean, batch_id text, row_no bigint, row_hash text, is_backfill boolean, known_at timestamptz, loaded_at timestamptz);

create table raw.enterprise_status (
    message_id text, agency text, msg_type text, subject_uscc text, ref_no text, valid_from date,
    valid_to date, status text, issued_at timestamptz, payload jsonb, batch_id text, row_no bigint, row_hash text, is_backfill boolean, known_at timestamptz, loaded_at timestamptz);

create table raw.watch_list (
    id text, schema text, name text, aliases text, birth_date text, countries text, addresses text,
    identifiers text, sanctions text, phones text, emails text, dataset text, first_seen timestamptz,
    last_seen timestamptz, last_change timestamptz, batch_id text, row_no bigint, row_hash text, is_backfill boolean, known_at timestamptz, loaded_at timestamptz);

create function pick(text, int) returns int immutable language sql
    return ('x' || substr(md5($1), 1, 6))::bit(24)::int % $2;

create schema world;

create table world.declarations as
select
    'D' || day || '-' || n as declaration_id,
    timestamptz '2026-01-01 09:00+08' + day * interval '1 day' + n * interval '1 minute' as happened_at,
    timestamptz '2026-01-01 09:00+08' + day * interval '1 day' + n * interval '1 minute' as declared_at,
    '220' || n % 3 as office_code, 'A' || pick(day || 'a' || n, 8) as importer_id,
    'S' || pick(day || 's' || n, 5) as seller_id, nullif('B' || pick(day || 'b' || n, 4), 'B0') as declarant_id,
    'regular' as importer_credit_tier, '01010' || pick(day || 'h' || n, 3) as hs6,
    (array['US', 'DE'])[1 + pick(day || 'o' || n, 2)] as origin_country,
    (1 + pick(day || 'm' || n, 900))::numeric / 7 as net_mass_kg,
    (1 + pick(day || 'v' || n, 9000))::numeric / 3 as declared_value_cny
from generate_series(0, 16) as day, generate_series(1, 30) as n;

create table world.inspection_results as
select
    'R' || declaration_id as result_id, declaration_id, office_code, 'random' as selected_by,
    declared_at + pick(declaration_id, 4) * interval '1 day' + interval '4 hours' as happened_at,
    declared_at + pick(declaration_id, 4) * interval '1 day' + interval '4 hours' as reported_at,
    pick(declaration_id || 'y', 3) = 0 as has_finding, pick(declaration_id || 'y', 3) * 10.5 as additional_duty_cny
from world.declarations where pick(declaration_id || 'i', 2) = 0;

create table world.monitoring_samples as
select 'M' || day || '-' || n as sample_id, timestamptz '2026-01-01 10:00+08' + day * interval '1 day' as happened_at,
    '01010' || n % 3 as hs6, 'US' as origin_country, pick(day || 'c' || n, 4) > 0 as is_compliant
from generate_series(0, 16) as day, generate_series(1, 3) as n;

create table world.enterprise_status as
select 'E' || day as message_id, timestamptz '2026-01-01 10:00+08' + day * interval '1 day' as happened_at,
    'tax' as agency, 'tax_arrears' as msg_type, 'A' || day % 4 as subject_uscc, 'N' || day / 2 as ref_no,
    date '2026-01-01' + day as valid_from, date '2026-01-01' + day + 6 as valid_to,
    case when day % 3 = 2 then 'withdrawn' else 'active' end as status
from generate_series(0, 16) as day;

create table world.watch_list as
select 'W' || day % 3 as id, timestamptz '2026-01-01 10:00+08' + day * interval '1 day' as happened_at,
    case when day % 5 = 4 then null else 'S' || day % 5 || ';A' || day % 8 end as identifiers
from generate_series(0, 16) as day;
