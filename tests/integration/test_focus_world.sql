-- eighty days from 2026-03-02: 20 routes of 12 declarations a day, all inspected at random. The first turns bad on day 60
-- until day 72; what is found on day 63 is told by corrections only, two days later

create function chance(text) returns float8 immutable language sql
    return ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0;

create table world as
select
    'D' || day || '-' || route || '-' || n as declaration_id, day, date '2026-03-02' + day as known_on,
    'I' || floor(40 * chance(day || 'i' || route || n)) as importer_id,
    'S' || floor(30 * chance(day || 's' || route || n)) as seller_id,
    '220' || floor(3 * chance(day || 'o' || route || n)) as office_code, '8507' || lpad(route::text, 2, '0') as hs6,
    chance(day || 'f' || route || n) < case when route = 0 and day between 60 and 71 then 0.35 else 0.05 end
        as has_finding
from generate_series(0, 80) as day, generate_series(0, 19) as route, generate_series(1, 12) as n;

insert into intermediate.int_declarations
    (importer_id, declaration_id, seller_id, office_code, hs6, departure_country, origin_country, tax_type, known_at,
    known_on, is_backfill, recorded_at)
select
    importer_id, declaration_id, seller_id, office_code, hs6, 'VN', 'CN', 'A', known_on, known_on, false,
    clock_timestamp()
from world;

insert into intermediate.int_declaration_features
    (importer_id, declaration_id, known_on, is_backfill, recorded_at, price_z)
select importer_id, declaration_id, known_on, false, clock_timestamp(), 4 * chance(declaration_id || 'z') - 2
from world;

insert into intermediate.int_inspection_versions
    (importer_id, declaration_id, result_id, version_no, selected_by, has_finding, known_on, superseded_on)
select
    importer_id, declaration_id, 'R' || declaration_id, 1, 'random', has_finding and day <> 63, known_on,
    case when has_finding and day = 63 then known_on + 2 end
from world
union all
select importer_id, declaration_id, 'R' || declaration_id, 2, 'random', true, known_on + 2, null
from world where has_finding and day = 63;

-- 20 goods from one origin, of which others tell now and then; of the first ten times as often from day 60 on
insert into intermediate.int_indicator_events
    (source_key, version_no, measure, feed, risk_domain, qualifiers, subject_kind, subject_key, counts_from, aged_from,
    is_adverse, facts)
select
    concat_ws(' ', goods, day, n), 1, 'signal', 'rasff_notifications', 'food_safety', '{}', 'commodity_origin',
    '0201' || goods || '|BR', date '2026-03-03' + day, date '2026-03-03' + day, true, 1
from generate_series(0, 80) as day, generate_series(10, 29) as goods, generate_series(1, 20) as n
where chance(day || 'r' || goods || n) < case when goods = 10 and day >= 60 then 0.2 else 0.02 end;

-- a later version of what was told already, and a match that was taken back
insert into intermediate.int_indicator_events
    (source_key, version_no, measure, feed, risk_domain, qualifiers, subject_kind, subject_key, counts_from, aged_from,
    ends_on, is_adverse, facts)
select
    'told', version_no, 'signal', 'rasff_notifications', 'food_safety', '{}', 'commodity_origin', '020199|BR',
    date '2026-04-01', date '2026-04-01', ends_on, true, 1
from (values (1, date '2026-04-01'), (2, null)) as versions (version_no, ends_on);
