{{ config(materialized='view') }}

with

states as (select * from {{ source('ops', 'measure_states') }}),

-- a measure that never had effect makes no class
final as (
    select
        measure_id,
        risk_domain,
        case
            when subject_kind = 'party' then coalesce(scope ->> 'party_role', 'importer')
            else subject_kind
        end as class_kind,
        subject_key as class_key,
        effective_from,
        effective_to,
        (value_after ->> 'inspection_probability')::float8 as inspection_probability,
        reason_en,
        reason_zh
    from states
    where
        kind = 'control'
        and action = 'set_frequency'
        and value_after ->> 'inspection_probability' is not null
        and effective_from < coalesce(effective_to, 'infinity')
)

select * from final
