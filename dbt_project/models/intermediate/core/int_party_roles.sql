{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['party_id', 'party_role'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['party_id', 'party_role'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        pre_hook="{{ look_up(each_by_index=true) }}",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- a loop writes the parts
-- noqa: disable=LT02

with

declarations as {% if not is_incremental() %}not materialized {% endif %}(
    select * from {{ ref('int_declarations') }}
    {%- if is_incremental() %}
    where recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

-- each role is counted by itself: so many rows of so few parties are not spread out first
arrived as (
    {%- for role, id in {
        'importer': 'importer_id', 'declarant': 'declarant_id', 'seller': 'seller_id', 'courier': 'courier_id',
    }.items() %}
    select
        trim({{ id }}) as party_id,
        '{{ role }}' as party_role,
        min(known_on) as first_known_on,
        max(known_on) as last_known_on,
        count(*) as declarations,
        max(recorded_at) as recorded_at
    from declarations
    where trim({{ id }}) <> ''
    group by trim({{ id }})
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

{% if is_incremental() %}
-- one to one or none: what is known of the party already
merged as (
    select
        arrived.party_id,
        arrived.party_role,
        least(arrived.first_known_on, stored.first_known_on) as first_known_on,
        greatest(arrived.last_known_on, stored.last_known_on) as last_known_on,
        arrived.declarations + coalesce(stored.declarations, 0) as declarations,
        arrived.recorded_at
    from arrived
    left join {{ this }} as stored using (party_id, party_role)
),
{% else %}
merged as (select * from arrived),
{% endif %}

roles as (
    select
        party_id,
        party_role,
        first_known_on,
        last_known_on,
        declarations::bigint as declarations,
        recorded_at
    from merged
)

select * from roles
