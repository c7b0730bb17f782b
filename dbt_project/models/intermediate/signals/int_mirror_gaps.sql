{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='batch_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['batch_id', 'row_no'], 'unique': true},
            {'columns': ['hs6', 'origin_country', 'period_from']},
        ],
        pre_hook="{{ look_up() }}",
        post_hook="analyze {{ this }}"
    )
}}

with

batches as (
    {{ new_batches('comtrade') }}
),

country_names as (select * from {{ ref('country_names') }}),

-- named twice, and still only read for the days and the ends that are asked for
declarations as not materialized (select * from {{ ref('int_declarations') }}),

-- every row that was delivered is here: those that are no totals are told apart, not left out
reports as (
    select
        reported.*,
        country_names.country as origin_country,
        case
            when reported.period ~ '^[0-9]{4}(0[1-9]|1[0-2])$'
                then make_date(left(reported.period, 4)::integer, right(reported.period, 2)::integer, 1)
            when reported.period ~ '^[1-9][0-9]{3}$' then make_date(reported.period::integer, 1, 1)
        end as period_from,
        reported.customs_code = 'C00' and reported.mot_code = '0' and reported.partner2_code = '0' as is_total
    from {{ ref('stg_comtrade') }} as reported
    left join country_names on reported.reporter_iso = country_names.country_name
    where reported.{{ of_batches('batches') }}
),

dated as (
    select
        reports.*,
        (
            reports.period_from
            + case when length(reports.period) = 6 then interval '1 month' else interval '1 year' end
        )::date - 1 as period_to,
        -- exports to China, as a whole, by a country whose name is known
        coalesce(
            reports.is_total
            and reports.flow_code = 'X'
            and reports.partner_code = '156'
            and reports.origin_country is not null
            and reports.reported_mass_kg > 0,
            false
        ) as is_comparable
    from reports
),

periods as (
    select distinct
        period_from,
        period_to
    from dated
    where is_comparable
),

-- what is declared here begins and ends somewhere: outside of that, everything would seem to be missing
extent as (
    select
        min(known_on) as first_on,
        max(known_on) as last_on
    from declarations
),

-- one row per period, commodity and origin
declared as (
    select
        periods.period_from,
        periods.period_to,
        declarations.hs6,
        declarations.origin_country,
        count(*) as declarations,
        sum(declarations.net_mass_kg) as declared_mass_kg,
        sum(declarations.declared_value_cny) as declared_value_cny
    from periods
    -- nothing is known before it is declared
    inner join declarations on periods.period_from <= declarations.known_on
    where {{ business_day('declarations.declared_at') }} between periods.period_from and periods.period_to
    group by periods.period_from, periods.period_to, declarations.hs6, declarations.origin_country
),

-- one report to one sum or none
compared as (
    select
        dated.*,
        coalesce(declared.declarations, 0) as declarations,
        coalesce(declared.declared_mass_kg, 0) as declared_mass_kg,
        coalesce(declared.declared_value_cny, 0) as declared_value_cny,
        dated.is_comparable and dated.period_from >= extent.first_on and dated.period_to <= extent.last_on
            as is_compared
    from dated
    cross join extent
    left join declared using (period_from, period_to, hs6, origin_country)
),

gaps as (
    select
        freq_code,
        period,
        period_from,
        period_to,
        reporter_code,
        origin_country,
        flow_code,
        partner_code,
        partner2_code,
        hs6,
        customs_code,
        mot_code,
        is_total,
        coalesce(is_compared, false) as is_compared,
        is_mass_estimated,
        reported_mass_kg,
        primary_value_usd as reported_value_usd,
        case when is_compared then declarations end as declarations,
        case when is_compared then declared_mass_kg end as declared_mass_kg,
        case when is_compared then declared_value_cny end as declared_value_cny,
        case when is_compared then reported_mass_kg - declared_mass_kg end as missing_mass_kg,
        case when is_compared then (1 - declared_mass_kg / reported_mass_kg)::float8 end as missing_share,
        coalesce(
            is_compared
            and 1 - declared_mass_kg / reported_mass_kg >= {{ var('mirror_gap_share', 0.25) }}
            and primary_value_usd * (1 - declared_mass_kg / reported_mass_kg) >= {{ var('mirror_gap_usd', 5000) }},
            false
        ) as is_large,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on,
        now() as recorded_at
    from compared
)

select * from gaps
