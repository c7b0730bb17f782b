-- A history made inside the database. Every value is a hash of the row's number: the same number makes the same row, in
-- whatever order the days are made.

create schema if not exists bench;

-- the codes that are used, the most popular first
create table bench.codes (list text, place int, code text, primary key (list, place));

-- a number in [0, 1) for a row and a purpose
create or replace function bench.u(n bigint, purpose bigint) returns float8 immutable parallel safe language sql
return (hashint8extended(n, purpose) & 4294967295) / 4294967296.0::float8;

-- the name of a day's delivery, as landing names them
create or replace function bench.batch(feed text, "day" int, hour int) returns text stable parallel safe language sql
return feed || '-' || to_char(timestamp '2025-01-01' + "day" * interval '1 day' + hour * interval '1 hour',
    'YYYYMMDD"T"HH24MISS') || '-' || substr(md5(feed || "day"), 1, 16);

create or replace function bench.sent("day" int, hour int) returns timestamptz stable parallel safe language sql
return timestamptz '2025-01-01 00:00+08' + "day" * interval '1 day' + hour * interval '1 hour';

-- who declares what: an importer has few lines of trade, each with its goods, origin and sellers
create or replace function bench.declared(first_n bigint, end_n bigint)
returns table (
    n bigint, importer bigint, line bigint, hs_place int, origin_place int, office_place int, declared_at timestamptz
)
stable parallel safe language sql
begin atomic
select
    drawn.n,
    drawn.importer,
    drawn.importer * 8 + drawn.line as line,
    floor(4000 * bench.u(drawn.importer * 8 + drawn.line, 3) ^ 2.25)::int as hs_place,
    floor(40 * bench.u(drawn.importer * 8 + drawn.line, 4) ^ 1.6)::int as origin_place,
    floor(16 * (0.7 * bench.u(drawn.importer, 5) + 0.3 * bench.u(drawn.n, 6)) ^ 1.5)::int as office_place,
    bench.sent((drawn.n / 30000)::int, 8) + bench.u(drawn.n, 7) * interval '9 hours' as declared_at
from (
    select
        numbers.n,
        floor(24000 * bench.u(numbers.n, 1) ^ 3)::bigint as importer,
        floor(6 * bench.u(numbers.n, 2) ^ 2)::bigint as line
    from generate_series(first_n, end_n - 1) as numbers (n)
) as drawn;
end;

-- whose results come on some days: of what was declared one to three days before
create or replace function bench.inspected(first_day int, end_day int)
returns table (n bigint, reported_at timestamptz, office_place int, declaration_day int)
stable parallel safe language sql
begin atomic
select
    declared.n,
    bench.sent((declared.n / 30000)::int + 1 + floor(3 * bench.u(declared.n, 21))::int, 5)
        + bench.u(declared.n, 22) * interval '100 minutes' as reported_at,
    declared.office_place,
    (declared.n / 30000)::int as declaration_day
from bench.declared(greatest(first_day - 3, 0) * 30000::bigint, end_day * 30000::bigint) as declared
where
    bench.u(declared.n, 20) < 1 / 15.0
    and (declared.n / 30000)::int + 1 + floor(3 * bench.u(declared.n, 21))::int between first_day and end_day - 1;
end;

create or replace procedure bench.make_days(first_day int, end_day int, backfill boolean) language plpgsql
as $$
begin
    insert into raw.declarations (
        declaration_id, declared_at, office_code, process_type, trade_mode, import_use, payment_type, transport_mode,
        declarant_id, importer_id, importer_credit_tier, seller_id, courier_id, hs6, goods_name, departure_country,
        origin_country, tax_rate_pct, tax_type, origin_indicator, net_mass_kg, declared_value_cny, importer_name,
        seller_name, conveyance_id, conveyance_name, bill_no, container_numbers, trade_currency, declared_value,
        batch_id, row_no, is_backfill, known_at
    )
    select
        office.code || '2025' || lpad(declared.n::text, 10, '0'),
        declared.declared_at,
        office.code,
        'paperless',
        (array['0110', '0110', '0110', '0615', '1210'])[1 + floor(5 * bench.u(declared.importer, 8))::int],
        '01',
        'electronic',
        case when goods.is_by_sea then '2' else '5' end,
        'D' || lpad(floor(1600 * bench.u(declared.importer * 3 + floor(3 * bench.u(declared.n, 9))::int, 10) ^ 2)::text, 17, '0'),
        'I' || lpad(declared.importer::text, 17, '0'),
        (array['advanced_certified', 'certified', 'regular', 'regular', 'regular', 'dishonest'])
            [1 + floor(6 * bench.u(declared.importer, 11))::int],
        origin.code || (declared.line * 3 + floor(3 * bench.u(declared.n, 12))::int),
        case when not goods.is_by_sea then 'KD' || 100 + declared.n % 40 end,
        hs.code,
        '货物' || declared.hs_place % 120,
        case when bench.u(declared.n, 13) < 0.9 then origin.code else 'SG' end,
        origin.code,
        round((25 * bench.u(declared.hs_place, 14))::numeric, 1),
        case when bench.u(declared.line, 15) < 0.7 then 'MFN' else 'RCEP' end,
        'none',
        goods.mass,
        round((goods.mass * 5 * exp(3 * bench.u(declared.hs_place, 16) + 0.4 * (bench.u(declared.n, 17) - 0.5)))::numeric, 2) + 1,
        '第' || declared.importer || '国际贸易有限公司',
        'Seller ' || declared.line || ' Trading Ltd.',
        case when goods.is_by_sea then '9' || lpad((declared.n % 2400)::text, 6, '0') end,
        'SILK VOYAGER ' || declared.n % 2400,
        'BILL' || declared.n,
        case when goods.is_by_sea then 'HLXU' || lpad((declared.n % 3000000)::text, 7, '0') end,
        'USD',
        round((goods.mass * 0.7)::numeric, 2),
        bench.batch('declarations', (declared.n / 30000)::int, 18),
        1 + declared.n % 30000,
        backfill,
        case when backfill then declared.declared_at else bench.sent((declared.n / 30000)::int, 18) end
    from bench.declared(first_day * 30000::bigint, end_day * 30000::bigint) as declared
    inner join bench.codes as hs on hs.list = 'hs6' and hs.place = declared.hs_place
    inner join bench.codes as origin on origin.list = 'origin' and origin.place = declared.origin_place
    inner join bench.codes as office on office.list = 'office' and office.place = declared.office_place
    cross join lateral (
        select
            bench.u(declared.line, 18) < 0.5 as is_by_sea,
            0.01 + round(exp(
                3 + 3 * bench.u(declared.line, 19)
                + 2 * (bench.u(declared.n, 30) + bench.u(declared.n, 31) + bench.u(declared.n, 32) - 1.5)
            )::numeric, 2) as mass
        offset 0
    ) as goods;

    insert into raw.inspection_results (
        result_id, declaration_id, office_code, officer_id, inspected_at, reported_at, selected_by, has_finding,
        finding_type, additional_duty_cny, officer_hours, batch_id, row_no, is_backfill, known_at
    )
    select
        'R-' || office.code || '2025' || lpad(results.n::text, 10, '0'),
        office.code || '2025' || lpad(results.n::text, 10, '0'),
        office.code,
        office.code || '-' || results.n % 50,
        results.reported_at - interval '3 hours',
        results.reported_at,
        case when results.n % 10 = 0 then 'random' else 'targeted' end,
        results.has_finding,
        case when results.has_finding then 'value' end,
        case when results.has_finding then round((1 + 9000 * bench.u(results.n, 24))::numeric, 2) else 0 end,
        round((0.5 + 3 * bench.u(results.n, 25))::numeric, 2),
        bench.batch('inspection_results', results.result_day, 7),
        row_number() over (partition by results.result_day order by results.n),
        backfill,
        case when backfill then results.reported_at else bench.sent(results.result_day, 7) end
    from (
        -- one in a hundred is corrected the day after
        select
            inspected.*,
            bench.u(inspected.n, 23) < 0.15 as has_finding,
            (extract(epoch from inspected.reported_at - bench.sent(0, 0)) / 86400)::int as result_day
        from bench.inspected(first_day, end_day) as inspected
        union all
        select
            inspected.n,
            inspected.reported_at + interval '1 day' as reported_at,
            inspected.office_place,
            inspected.declaration_day,
            bench.u(inspected.n, 23) >= 0.15 as has_finding,
            1 + (extract(epoch from inspected.reported_at - bench.sent(0, 0)) / 86400)::int as result_day
        from bench.inspected(first_day - 1, end_day - 1) as inspected
        where inspected.n % 100 = 0
    ) as results
    inner join bench.codes as office on office.list = 'office' and office.place = results.office_place;

    insert into raw.monitoring_samples (
        sample_id, plan_id, point_id, sampled_on, reported_at, hs6, origin_country, analyte, result_value, limit_value,
        unit, is_compliant, batch_id, row_no, is_backfill, known_at
    )
    select
        'JC' || numbers.n, 'PLAN', 'P' || numbers.n % 99, bench.sent((numbers.n / 300)::int, 0)::date,
        bench.sent((numbers.n / 300)::int, 8), hs.code, origin.code, 'lead', 1, 2, 'mg/kg', bench.u(numbers.n, 40) > 0.03,
        bench.batch('monitoring_samples', (numbers.n / 300)::int, 9), 1 + numbers.n % 300, backfill,
        bench.sent((numbers.n / 300)::int, 9)
    from generate_series(first_day * 300::bigint, end_day * 300::bigint - 1) as numbers (n)
    inner join bench.codes as hs on hs.list = 'hs6' and hs.place = floor(4000 * bench.u(numbers.n, 41) ^ 2.25)::int
    inner join bench.codes as origin
        on origin.list = 'origin' and origin.place = floor(40 * bench.u(numbers.n, 42) ^ 1.6)::int;

    insert into raw.enterprise_status (
        message_id, agency, msg_type, subject_uscc, ref_no, valid_from, valid_to, status, issued_at, payload,
        batch_id, row_no, is_backfill, known_at
    )
    select
        'GS' || numbers.n, '国家税务总局', 'tax_arrears',
        'I' || lpad(floor(24000 * bench.u(numbers.n, 50))::text, 17, '0'), '〔2025〕' || numbers.n,
        bench.sent((numbers.n / 30)::int, 0)::date, bench.sent((numbers.n / 30)::int + 90, 0)::date, 'active',
        bench.sent((numbers.n / 30)::int, 8), '{"amount_cny": 5684}',
        bench.batch('enterprise_status', (numbers.n / 30)::int, 9), 1 + numbers.n % 30, backfill,
        bench.sent((numbers.n / 30)::int, 9)
    from generate_series(first_day * 30::bigint, end_day * 30::bigint - 1) as numbers (n);

    insert into raw.watch_list (
        id, schema, name, countries, identifiers, dataset, first_seen, last_seen, last_change,
        batch_id, row_no, is_backfill, known_at
    )
    select
        'wl-' || numbers.n % 2000, 'Company', 'PH Trading ' || numbers.n % 2000, 'ph',
        'US' || floor(500000 * bench.u(numbers.n % 2000, 60)) || ';REG-' || numbers.n % 2000, 'watch',
        bench.sent(0, 0), bench.sent((numbers.n / 20)::int, 8), bench.sent((numbers.n / 20)::int, 8),
        bench.batch('watch_list', (numbers.n / 20)::int, 9), 1 + numbers.n % 20, backfill,
        bench.sent((numbers.n / 20)::int, 9)
    from generate_series(first_day * 20::bigint, end_day * 20::bigint - 1) as numbers (n);

    insert into raw.enterprise_credit (
        report_id, updated_at, subject_uscc, enterprise_name, credit_rating, enterprise_state, sanctions_imposed,
        rating_history, batch_id, row_no, is_backfill, known_at
    )
    select
        'EC' || numbers.n, bench.sent((numbers.n / 40)::int, 8),
        'I' || lpad(floor(24000 * bench.u(numbers.n, 70))::text, 17, '0'),
        '第' || floor(24000 * bench.u(numbers.n, 70)) || '国际贸易集团', 'A', '存续', '[]', '[]',
        bench.batch('enterprise_credit', (numbers.n / 40)::int, 9), 1 + numbers.n % 40, backfill,
        bench.sent((numbers.n / 40)::int, 9)
    from generate_series(first_day * 40::bigint, end_day * 40::bigint - 1) as numbers (n);
end
$$;

-- one row in the ledger for each delivery that is newer than those it has: found by the index of deliveries, because a
-- walk through all that was ever declared would push what a day needs out of memory
create or replace procedure bench.write_ledger() language plpgsql
as $$
declare
    feed text;
begin
    if exists (select 1 from ops.batches) then
        set local enable_seqscan = off;
    end if;
    foreach feed in array array[
        'declarations', 'inspection_results', 'monitoring_samples', 'enterprise_status', 'watch_list',
        'enterprise_credit', 'comtrade'
    ] loop
        execute format(
            'insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill, status, received,
                loaded, quarantined, duplicate, corrected, finished_at)
            select batch_id, %L, md5(batch_id), batch_id, max(known_at), bool_and(is_backfill), ''loaded'', count(*),
                count(*), 0, 0, case when %L = ''inspection_results'' then 1 else 0 end, now()
            from raw.%I
            where batch_id > (select coalesce(max(batch_id), %L) from ops.batches where feed = %L)
            group by batch_id', feed, feed, feed, feed, feed
        );
    end loop;
end
$$;

-- what other countries say that they sent here, one month of it
create or replace procedure bench.make_mirror() language sql
begin atomic
insert into raw.comtrade (
    freq_code, period, reporter_code, reporter_iso, flow_code, partner_code, partner2_code, hs6, customs_code, mot_code,
    reported_mass_kg, primary_value_usd, is_aggregate, batch_id, row_no, is_backfill, known_at
)
select
    'M', '202501', '528', 'NLD', 'X', '156', '0', codes.code, 'C00', '0', 30000, 90000, true,
    bench.batch('comtrade', 1, 9), codes.place, true, bench.sent(1, 9)
from bench.codes
where codes.list = 'hs6' and codes.place < 300;
end;
