{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        indexes=[
            {'columns': ['importer_id', 'declaration_id'], 'unique': true},
            {'columns': ['declaration_id']},
            {'columns': ['known_on']},
            {'columns': ['recorded_at']},
            {'columns': ['batch_id', 'row_no']},
        ],
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

with

batches as (
    {{ unfinished_batches('declarations') }}
),

declarations as (select * from {{ ref('stg_declarations') }}),

-- a declaration number counts once: its first version is the one that is assessed and decided
first_versions as (
    select distinct on (declarations.declaration_id) declarations.*
    from declarations
    inner join batches using (batch_id)
    {%- if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as stored
            where stored.declaration_id = declarations.declaration_id
        )
    {%- endif %}
    order by declarations.declaration_id asc, declarations.known_at asc, declarations.row_no asc
),

recorded as (
    select
        importer_id,
        declaration_id,
        declared_at,
        office_code,
        process_type,
        trade_mode,
        import_use,
        payment_type,
        transport_mode,
        declarant_id,
        importer_credit_tier,
        seller_id,
        courier_id,
        hs6,
        goods_name,
        departure_country,
        origin_country,
        tax_rate_pct,
        tax_type,
        origin_indicator,
        net_mass_kg,
        round(net_mass_kg, 1) as rounded_mass_kg,
        declared_value_cny,
        is_backfill,
        batch_id,
        row_no,
        known_at,
        known_on,
        now() as recorded_at
    from first_versions
)

select * from recorded
