-- Two districts, 2200 (sub-centre Shanghai) and 5300 (Huangpu), and in the second everything is marked: whoever may
-- not read it must never meet the mark HIDDEN, nor the number 987654321. Persons are marked PERSON
insert into ops.batches (
    batch_id, feed, sha256, file_name, sent_at, is_backfill, status, received, loaded, quarantined, duplicate, corrected
)
values
('declarations-1', 'declarations', 'a', 'a', '2026-01-10 12:00+08', false, 'loaded', 40, 40, 0, 0, 0),
('results-1', 'inspection_results', 'b', 'b', '2026-01-11 12:00+08', false, 'loaded', 40, 40, 0, 0, 0),
('watch_list-1', 'watch_list', 'c', 'c', '2026-01-09 12:00+08', false, 'loaded', 1, 1, 0, 0, 0);

insert into raw.declarations (
    declaration_id, declared_at, office_code, importer_id, importer_name, importer_credit_tier, hs6, goods_name,
    origin_country, net_mass_kg, declared_value_cny, batch_id, row_no, is_backfill, known_at
)
select
    format('D%s', lpad(n::text, 4, '0')),
    '2026-01-10 09:00+08',
    case when is_hidden then '5301' else '2201' end,
    case when is_hidden then 'HIDDEN-importer-' || n else 'importer-' || n end,
    case when is_hidden then 'HIDDEN-name' else 'name' end,
    'regular',
    '010121',
    case when is_hidden then 'HIDDEN-goods' else 'goods' end,
    'AU',
    case when is_hidden then 987654321 else 100 + n end,
    case when is_hidden then 987654321 else 1000 + n end,
    'declarations-1', n, false, '2026-01-10 12:00+08'
from generate_series(1, 40) as n, lateral (select n > 20 as is_hidden) as place;

insert into raw.inspection_results (
    result_id, declaration_id, instruction_id, office_code, officer_id, inspected_at, reported_at, has_finding,
    finding_type, additional_duty_cny, officer_hours, batch_id, row_no, is_backfill, known_at
)
select
    case when is_hidden then 'HIDDEN-R' || n else 'R' || n end,
    format('D%s', lpad(n::text, 4, '0')),
    'I' || n,
    case when is_hidden then '5301' else '2201' end,
    case when is_hidden then 'HIDDEN-PERSON-officer' else 'PERSON-officer' end,
    '2026-01-11 09:00+08',
    '2026-01-11 10:00+08',
    is_hidden,
    case when is_hidden then 'undeclared' end,
    case when is_hidden then 987654321 end,
    1,
    'results-1', n, false, '2026-01-11 12:00+08'
from generate_series(1, 40) as n, lateral (select n > 20 as is_hidden) as place;

insert into raw.watch_list (id, schema, name, first_seen, last_seen, last_change, batch_id, row_no, is_backfill, known_at)
values (
    'W1', 'Person', 'PERSON-listed', '2026-01-01 00:00+08', '2026-01-09 00:00+08', '2026-01-09 00:00+08',
    'watch_list-1', 1, false, '2026-01-09 12:00+08'
);

insert into ops.quarantine (batch_id, feed, row_no, "row", broken)
values ('watch_list-1', 'watch_list', 2, '{"name": "HIDDEN-PERSON-quarantined"}', '{name.present}');
