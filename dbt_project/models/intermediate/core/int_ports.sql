{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['port_code', 'port_role'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['port_code', 'port_role'], 'unique': true},
            {'columns': ['recorded_at']},
        ]
    )
}}

-- noqa: disable=LT02

-- days on which a port was named; not how often, for a corrected manifest would count twice

with

batches as (
    {{ new_batches('manifests') }}
),

manifests as (
    select * from {{ ref('stg_manifests') }}
    where {{ of_batches('batches') }}
),

-- one consignment to the places that it names
arrived as (
    select
        ports.port_code,
        ports.port_role,
        min(manifests.known_on) as first_known_on,
        max(manifests.known_on) as last_known_on,
        max(batches.recorded_at) as recorded_at
    from manifests
    inner join batches using (batch_id)
    inner join lateral (
        values
        ('loading', manifests.loading_port),
        ('discharge', manifests.discharge_port),
        ('destination', manifests.destination_place)
    ) as ports (port_role, port_code) on true
    where ports.port_code is not null
    group by ports.port_code, ports.port_role
),

{% if is_incremental() %}
-- one to one or none: what is known of the port already
merged as (
    select
        arrived.port_code,
        arrived.port_role,
        least(arrived.first_known_on, stored.first_known_on) as first_known_on,
        greatest(arrived.last_known_on, stored.last_known_on) as last_known_on,
        arrived.recorded_at
    from arrived
    left join {{ this }} as stored using (port_code, port_role)
)
{% else %}
merged as (select * from arrived)
{% endif %}

select * from merged
