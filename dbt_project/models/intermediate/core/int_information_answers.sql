{{ config(materialized='view') }}

with

versions as (select * from {{ ref('stg_information_answers') }}),

latest as (
    select distinct on (request_id, party_id, answered_at)
        request_id,
        party_id,
        answered_at,
        answer,
        is_complete,
        attachments,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from versions
    order by request_id asc, party_id asc, answered_at asc, known_at desc, batch_id desc
)

select * from latest
