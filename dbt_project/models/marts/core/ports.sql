with

ports as (select * from {{ ref('int_ports') }}),

listed as (select * from {{ ref('countries') }}),

-- many roles to one port
named as (
    select
        port_code,
        array_agg(port_role order by port_role) as port_roles,
        min(first_known_on) as first_known_on,
        max(last_known_on) as last_known_on
    from ports
    group by port_code
),

-- the first two letters of a UN/LOCODE are its country
final as (
    select
        named.port_code,
        listed.country,
        named.port_roles,
        named.port_code ~ '^[A-Z]{2}[A-Z2-9]{3}$' and listed.country is not null as is_locode,
        named.first_known_on,
        named.last_known_on
    from named
    left join listed on left(named.port_code, 2) = listed.country
)

select * from final
