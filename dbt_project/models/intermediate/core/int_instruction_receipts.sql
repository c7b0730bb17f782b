{{ config(materialized='view') }}

with

versions as (select * from {{ ref('stg_instruction_receipts') }}),

latest as (
    select distinct on (instruction_id)
        instruction_id,
        office_code,
        officer_id,
        acknowledged_at,
        response,
        remark,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from versions
    order by instruction_id asc, known_at desc, batch_id desc, row_no desc
)

select * from latest
