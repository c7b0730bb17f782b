-- a small world to deliver from: what happens in seventeen days, seen from outside (`happened_at` is when it could
-- first be delivered)

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

-- some results are corrected, one day to three days later; one in three of those a second time, and some turn out to
-- be of another declaration
create table world.corrected_results as
select
    result_id, office_code, selected_by, reported_at,
    happened_at + (1 + pick(result_id || 'l', 3)) * round * interval '1 day' as happened_at,
    case when pick(result_id || 'd', 4) = 0 then 'D' || pick(result_id, 17) || '-1' else declaration_id end
        as declaration_id,
    not has_finding as has_finding, round * 7.25 as additional_duty_cny
from world.inspection_results, generate_series(1, 2) as round
where pick(result_id || 'c', 5) = 0 and (round = 1 or pick(result_id || 'r', 3) = 0);

-- and some declarations
create table world.corrected_declarations as
select
    declaration_id, declared_at, office_code, importer_id, seller_id, declarant_id, importer_credit_tier, hs6,
    happened_at + interval '2 days' as happened_at, origin_country, net_mass_kg,
    declared_value_cny * 1.5 as declared_value_cny
from world.declarations where pick(declaration_id || 'c', 10) = 0;

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
    case when day % 5 = 4 then null else 'S' || day % 5 || ';A' || day % 8 end as identifiers,
    timestamptz '2026-01-01 10:00+08' + day * interval '1 day' as last_change
from generate_series(0, 16) as day;
