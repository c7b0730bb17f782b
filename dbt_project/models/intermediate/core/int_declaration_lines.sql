{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='batch_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['batch_id', 'row_no', 'line_no'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        pre_hook="{{ look_up() }}",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

with

batches as (
    {{ new_batches('declarations') }}
),

declarations as (
    select * from {{ ref('stg_declarations') }}
    where lines is not null and {{ of_batches('batches') }}
),

countries as (select * from {{ ref('countries') }}),

-- one version of a declaration to its lines, in the order in which they stand
listed as (
    select
        declarations.importer_id,
        declarations.declaration_id,
        declarations.batch_id,
        declarations.row_no,
        items.line_no::integer as line_no,
        {{ line_part('items.line', 'CodeTS', 'Commodity,Classification,ID') }} as goods_code,
        {{ line_part('items.line', 'GName', 'Commodity,Description') }} as goods_name,
        {{ line_part('items.line', 'OriginCountry', 'Origin,CountryCode') }} as origin_told,
        {{ line_part('items.line', 'DeclTotal', 'Commodity,InvoiceLine,ItemChargeAmount') }} as value_told,
        {{ line_part('items.line', 'TradeCurr', 'Commodity,InvoiceLine,ItemChargeAmount@currencyID') }}
            as line_currency,
        {{ line_part('items.line', 'DutyRate', 'Commodity,DutyTaxFee,TaxRateNumeric') }} as rate_told,
        coalesce(
            items.line #>> '{Commodity,GoodsMeasure,NetNetWeightMeasure}',
            -- the first statutory quantity is a mass where its unit is the kilogram (035)
            case when items.line ->> 'FirstUnit' = '035' then items.line ->> 'FirstQty' end
        ) as mass_told,
        batches.recorded_at
    from declarations
    inner join batches using (batch_id)
    cross join lateral {{ json_items('declarations.lines') }} with ordinality as items (line, line_no)
),

-- many lines to one country at most, by its two letters or its three
read as (
    select
        listed.importer_id,
        listed.declaration_id,
        listed.batch_id,
        listed.row_no,
        listed.line_no,
        listed.goods_code,
        case when listed.goods_code ~ '^[0-9]{6}' then left(listed.goods_code, 6) end as hs6,
        listed.goods_name,
        countries.country as origin_country,
        {{ number_in('listed.mass_told') }} as net_mass_kg,
        {{ number_in('listed.value_told') }} as line_value,
        listed.line_currency,
        {{ number_in('listed.rate_told') }} as tax_rate_pct,
        listed.recorded_at
    from listed
    left join countries on listed.origin_told in (countries.country, countries.country_alpha3)
),

-- a line's share of the whole can be told where every line tells its value, in one currency
recorded as (
    select
        importer_id,
        declaration_id,
        batch_id,
        row_no,
        line_no,
        (count(*) over whole)::integer as line_count,
        goods_code,
        hs6,
        goods_name,
        origin_country,
        net_mass_kg,
        line_value,
        line_currency,
        case
            when
                count(line_value) over whole = count(*) over whole
                and coalesce(min(line_currency) over whole = max(line_currency) over whole, true)
                then line_value / nullif(sum(line_value) over whole, 0)
        end as value_share,
        tax_rate_pct,
        recorded_at
    from read
    window whole as (partition by batch_id, row_no)
)

select * from recorded
