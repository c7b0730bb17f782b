{{
    config(
        schema='intermediate',
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='decided_on',
        on_schema_change='append_new_columns',
        contract={'enforced': false},
        indexes=[{'columns': ['decided_on'], 'unique': true}],
    )
}}

with

-- days with a new decision are counted anew
decisions as (
    select * from {{ ref('decisions') }}
    {%- if is_incremental() %}
    where
        decided_on in (
            select recent.decided_on
            from {{ ref('decisions') }} as recent
            where recent.decided_at > (select coalesce(max(counted.decided_at), '-infinity') from {{ this }} as counted)
        )
    {%- endif %}
),

final as (
    select
        decided_on,
        count(*) as declarations,
        count(*) filter (where lane = 'low') as low_lane,
        count(*) filter (where lane = 'medium') as medium_lane,
        count(*) filter (where lane = 'high') as high_lane,
        count(*) filter (where selected_by = 'targeted') as targeted,
        count(*) filter (where selected_by in ('mandatory', 'analyst', 'parameter')) as claimed,
        count(*) filter (where selected_by = 'exploration') as exploration,
        count(*) filter (where selected_by = 'random') as random,
        max(decided_at) as decided_at
    from decisions
    group by decided_on
)

select * from final
