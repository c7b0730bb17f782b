{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['handbook_no', 'line_no'],
        on_schema_change='append_new_columns',
        indexes=[
            {'columns': ['handbook_no', 'line_no'], 'unique': true},
            {'columns': ['recorded_at']},
            {'columns': ['batch_id', 'row_no']},
        ],
        pre_hook="{{ look_up(each_by_index=true) }}"
    )
}}

with

batches as (
    {{ new_batches('processing_handbooks') }}
),

deliveries as (select * from {{ ref('stg_processing_handbooks') }}),

arrived as (
    select
        deliveries.*,
        now() as recorded_at
    from deliveries
    where deliveries.{{ of_batches('batches') }}
),

-- what has come, beside what stands of the same lines
versions as (
    select
        handbook_no,
        line_no,
        operator_id,
        office_code,
        material_hs6,
        product_hs6,
        imported_quantity,
        exported_quantity,
        norm_consumption,
        declared_consumption,
        wastage_pct,
        stock_quantity,
        opened_on,
        due_on,
        extensions,
        status,
        reported_at,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on,
        recorded_at
    from arrived
    {%- if is_incremental() %}
    union all
    select
        stored.handbook_no,
        stored.line_no,
        stored.operator_id,
        stored.office_code,
        stored.material_hs6,
        stored.product_hs6,
        stored.imported_quantity,
        stored.exported_quantity,
        stored.norm_consumption,
        stored.declared_consumption,
        stored.wastage_pct,
        stored.stock_quantity,
        stored.opened_on,
        stored.due_on,
        stored.extensions,
        stored.status,
        stored.reported_at,
        stored.batch_id,
        stored.row_no,
        stored.is_backfill,
        stored.known_at,
        stored.known_on,
        stored.recorded_at
    from {{ this }} as stored
    where
        exists (
            select 1 from arrived
            where arrived.handbook_no = stored.handbook_no and arrived.line_no = stored.line_no
        )
    {%- endif %}
),

latest as (
    select distinct on (handbook_no, line_no) *
    from versions
    order by handbook_no asc, line_no asc, known_at desc, batch_id desc
)

select * from latest
