-- alerts, outbreaks, findings and a rise, as known on 2026-07-01

insert into intermediate.int_declarations
(
    importer_id, declaration_id, office_code, declarant_id, seller_id, importer_name, seller_name, bill_no, hs6,
    goods_name, origin_country, departure_country, declared_value_cny, is_backfill, batch_id, row_no, known_at, known_on,
    recorded_at
)
select
    '91310000SECRET000' || n, '22012026000000000' || n, '2201', 'BROKER' || n, 'SELLER' || n,
    '上海隐秘贸易有限公司', 'Hidden Dairy sp. z o.o.', 'BILL00' || n,
    (array['020711', '040210', '040210', '850440', '850440'])[n], 'goods',
    (array['PL', 'PL', 'PL', 'VN', 'VN'])[n], (array['PL', 'PL', 'PL', 'VN', 'VN'])[n],
    1000, false, 'b', n, '2026-06-20 12:00+08', '2026-06-20', now()
from generate_series(1, 5) as n;

insert into intermediate.int_subjects (subject_kind, subject_id, subject_names, country, recorded_at)
select 'party', importer_id, array_agg(importer_name), 'CN', now() from intermediate.int_declarations group by importer_id
union all
select 'party', seller_id, array_agg(seller_name), null, now() from intermediate.int_declarations group by seller_id;

insert into intermediate.int_inspection_versions
(
    importer_id, declaration_id, result_id, version_no, officer_id, has_finding, finding_type, additional_duty_cny,
    is_backfill, known_at, known_on, recorded_at, is_latest, batch_id, row_no
)
values
(
    '91310000SECRET0004', '220120260000000004', 'R4', 1, 'officer0815', true, 'undervaluation', 900000, false,
    '2026-06-25 12:00+08', '2026-06-25', now(), true, 'r', 1
);

insert into intermediate.int_latest_signals
(
    signal_id, feed, channel, risk_domain, mention_kind, mention_name, country, hs, title, severity, is_adverse,
    confidentiality, is_in_force, happened_on, event_key, first_known_at, known_at, known_on, mention_id, is_backfill,
    recorded_at
)
select
    signal_id, feed, 4, risk_domain, 'commodity', hs, country, hs, 'told', severity, true, confidentiality, true,
    happened_on::date, event_key, happened_on::timestamptz, happened_on::timestamptz, happened_on::date, signal_id,
    false, now()
from (
    values
    ('rasff|1', 'rasff_notifications', 'food_safety', 'PL', '0402', 'high', 'public', '2026-06-10', 'rasff|1'),
    ('refused|1', 'refused_entries', 'food_safety', 'PL', '040210', 'medium', 'public', '2026-06-12', null),
    -- the same alert, told again by another: no second source
    ('rasff|2', 'rasff_notifications', 'food_safety', 'FR', '0406', 'high', 'public', '2026-06-10', 'rasff|2'),
    ('fda|2', 'fda_import_refusals', 'food_safety', 'FR', '0406', 'high', 'public', '2026-06-11', 'rasff|2'),
    -- the second source is not for the public
    ('rasff|3', 'rasff_notifications', 'food_safety', 'VN', '0306', 'high', 'public', '2026-06-10', 'rasff|3'),
    ('notice|3', 'other_notices', 'food_safety', 'VN', '0306', 'high', 'restricted', '2026-06-11', null),
    -- an outbreak in goods that come from there, one in goods that do not
    ('wahis|1', 'wahis_events', 'biosecurity', 'PL', '0207', 'high', 'public', '2026-06-01', 'outbreak|avian influenza|PL|2026Q2'),
    ('wahis|2', 'wahis_events', 'biosecurity', 'VN', '0103', 'high', 'public', '2026-06-01', 'outbreak|african swine fever|VN|2026Q2')
) as told (signal_id, feed, risk_domain, country, hs, severity, confidentiality, happened_on, event_key);

insert into ml.focus_runs (looked_on, looked_at, series_watched, raised, ended, config_hash)
values ('2026-06-28', '2026-06-28 20:00+08', 1, 1, 0, 'c');

insert into ml.focus
(
    focus_id, measure, subject_kind, subject_key, direction, is_adverse, since_on, detected_on, detected_at, level_before,
    level_after, strength, en, zh
)
values
(
    'find_rate|importer|91310000SECRET0004|2026-06-28', 'find_rate', 'importer', '91310000SECRET0004', 'rising', true,
    '2026-06-20', '2026-06-28', '2026-06-28 20:00+08', 0.05, 0.4, 6, 'the find rate of importer 91310000SECRET0004 rose',
    '进口人91310000SECRET0004的查获率上升'
);
