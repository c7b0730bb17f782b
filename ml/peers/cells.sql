-- What importers, declarants, offices and goods by origin did in the window of {window_days} days that ends before
-- {day}. One row per subject and goods (commodity and origin), with sums that add up.
with

-- the highest rate that a commodity bears: a rate is reduced where it is below
full_rates as (
    select
        hs6,
        max(tax_rate_pct) as tax_rate_pct
    from intermediate.int_declarations
    where known_on >= date '{day}' - {window_days} and known_on < date '{day}'
    group by hs6
),

-- origins of one region: those whose goods mostly come under the same kind of rate
regions as (
    select
        origin_country,
        coalesce(mode() within group (order by tax_type), '-') as region
    from intermediate.int_declarations
    where known_on >= date '{day}' - {window_days} and known_on < date '{day}'
    group by origin_country
),

-- one to one: every declaration has its features; one to one or none: its newest correction
declared as (
    select
        declarations.importer_id,
        declarations.declarant_id,
        declarations.office_code,
        declarations.hs6,
        declarations.origin_country,
        declarations.declared_value_cny,
        features.log_unit_value,
        (declarations.transport_mode = '5')::int as by_air,
        case when full_rates.tax_rate_pct > 0 then (declarations.tax_rate_pct < full_rates.tax_rate_pct)::int end
            as reduced_rate,
        (corrections.declaration_id is not null)::int as correction,
        features.is_first_seller_importer::int as new_seller,
        (declarations.departure_country <> declarations.origin_country)::int as transshipment,
        (
            extract(isodow from declarations.declared_at) > 5
            or extract(hour from declarations.declared_at) not between 6 and 21
        )::int as off_hours,
        null::int as find_rate
    from intermediate.int_declarations as declarations
    inner join intermediate.int_declaration_features as features using (importer_id, declaration_id)
    left join intermediate.int_declaration_corrections as corrections
        on
            declarations.declaration_id = corrections.declaration_id
            and corrections.known_on >= date '{day}' - {window_days}
            and corrections.known_on < date '{day}'
    left join full_rates on declarations.hs6 = full_rates.hs6
    where
        declarations.known_on >= date '{day}' - {window_days}
        and declarations.known_on < date '{day}'
        and features.known_on >= date '{day}' - {window_days}
        and features.known_on < date '{day}'
),

-- results as they were known before the day; what was not inspected is neither clean nor not. Findings of offices are
-- told against what was to be expected of them (feedback.office_comparison)
inspected as (
    select
        declarations.importer_id,
        declarations.declarant_id,
        null as office_code,
        declarations.hs6,
        declarations.origin_country,
        null::numeric as declared_value_cny,
        null::float8 as log_unit_value,
        null::int as by_air,
        null::int as reduced_rate,
        null::int as correction,
        null::int as new_seller,
        null::int as transshipment,
        null::int as off_hours,
        versions.has_finding::int as find_rate
    from intermediate.int_inspection_versions as versions
    inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
    where
        versions.known_on >= date '{day}' - {window_days}
        and versions.known_on < date '{day}'
        and (versions.superseded_on is null or versions.superseded_on >= date '{day}')
),

facts as (
    select * from declared
    union all
    select * from inspected
),

-- one fact to its subjects
cells as (
    select
        subjects.subject_kind,
        subjects.subject_key,
        facts.hs6,
        facts.origin_country,
        coalesce(regions.region, '-') as region,
        count(facts.declared_value_cny) as declarations,
        coalesce(sum(facts.declared_value_cny), 0)::float8 as declared_value_cny,
        coalesce(sum(facts.log_unit_value), 0) as prices,
        coalesce(sum(facts.log_unit_value ^ 2), 0) as price_squares,
        coalesce(sum(facts.by_air), 0) as by_air,
        coalesce(sum(facts.find_rate), 0) as find_rate_hits,
        count(facts.find_rate) as find_rate_trials,
        coalesce(sum(facts.reduced_rate), 0) as reduced_rate_hits,
        count(facts.reduced_rate) as reduced_rate_trials,
        coalesce(sum(facts.correction), 0) as correction_hits,
        count(facts.correction) as correction_trials,
        coalesce(sum(facts.new_seller), 0) as new_seller_hits,
        count(facts.new_seller) as new_seller_trials,
        coalesce(sum(facts.transshipment), 0) as transshipment_hits,
        count(facts.transshipment) as transshipment_trials,
        coalesce(sum(facts.off_hours), 0) as off_hours_hits,
        count(facts.off_hours) as off_hours_trials
    from facts
    left join regions on facts.origin_country = regions.origin_country
    cross join
        lateral (
            values
            ('importer', facts.importer_id),
            ('declarant', facts.declarant_id),
            ('office', facts.office_code),
            ('hs6_origin', facts.hs6 || '|' || facts.origin_country)
        ) as subjects (subject_kind, subject_key)
    where subjects.subject_key <> ''
    group by subjects.subject_kind, subjects.subject_key, facts.hs6, facts.origin_country, regions.region
)

select * from cells
