{{ config(materialized='view') }}

with

final as (
    select
        parameter_id,
        version,
        importer_id,
        declaration_id,
        office_code,
        hs6,
        matched_at,
        matched_on,
        known_on,
        parameters,
        is_sole_hit,
        decided_on,
        lane,
        selected_by,
        selection_probability,
        is_examined,
        result_known_on,
        has_finding,
        revenue_cny,
        officer_hours
    from {{ ref('int_parameter_hits') }}
)

select * from final
