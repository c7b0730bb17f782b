{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['manifest_no', 'bill_no'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['manifest_no', 'bill_no'], 'unique': true},
            {'columns': ['bill_no']},
            {'columns': ['recorded_at']},
        ],
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

{%- set told = [
    'manifest_no', 'bill_no', 'consignment_no', 'manifest_function', 'prepared_at', 'arrives_at', 'departed_on',
    'carriage_mode', 'voyage_no', 'carrier_id', 'carrier_name', 'conveyance_id', 'conveyance_name', 'conveyance_flag',
    'loading_port', 'discharge_port', 'destination_place', 'consignor_name', 'consignor_country', 'consignee_id',
    'consignee_name', 'notify_name', 'hs6', 'goods_name', 'packages', 'gross_mass_kg', 'container_numbers',
    'is_backfill', 'batch_id', 'row_no', 'known_at', 'known_on',
] %}

-- a loop writes the columns
-- noqa: disable=LT02

with

batches as (
    {{ new_batches('manifests') }}
),

manifests as (
    select * from {{ ref('stg_manifests') }}
    where {{ of_batches('batches') }}
),

arrived as (
    select
        {%- for column in told %}
        manifests.{{ column }},
        {%- endfor %}
        batches.recorded_at
    from manifests
    inner join batches using (batch_id)
),

{% if is_incremental() %}
-- what is known already stands beside what arrived: the latest counts, in whatever order they came
versions as (
    select * from arrived
    union all
    select
        {%- for column in told %}
        stored.{{ column }},
        {%- endfor %}
        stored.recorded_at
    from {{ this }} as stored
    where
        exists (
            select 1 from arrived
            where arrived.manifest_no = stored.manifest_no and arrived.bill_no = stored.bill_no
        )
),
{% else %}
versions as (select * from arrived),
{% endif %}

latest as (
    select distinct on (manifest_no, bill_no) *
    from versions
    order by manifest_no asc, bill_no asc, known_at desc, batch_id desc, row_no desc
)

select * from latest
