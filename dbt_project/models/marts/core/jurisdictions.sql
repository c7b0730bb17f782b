-- the list of bounds is read best as it stands
-- noqa: disable=LT02

with

units as (
    select
        *,
        case when unit_level = 'post' then left(unit_code, 2) || '00' else unit_code end as district_code
    from {{ ref('customs_units') }}
    where unit_level in ('district', 'post')
),

districts as (
    select * from {{ ref('customs_units') }}
    where unit_level = 'district'
),

assigned as (select * from {{ ref('subcentre_jurisdictions') }}),

-- an office's place can change when its own entry, its district's or the district's sub-centre does
bounds as (
    select
        units.unit_code as office_code,
        units.district_code,
        units.valid_from as office_from,
        units.valid_to as office_to,
        bound.valid_from
    from units
    left join districts on units.district_code = districts.unit_code
    left join assigned on units.district_code = assigned.district_code
    cross join lateral (
        values
        (units.valid_from),
        (districts.valid_from),
        (districts.valid_to + 1),
        (assigned.valid_from),
        (assigned.valid_to + 1)
    ) as bound (valid_from)
    where bound.valid_from >= units.valid_from and bound.valid_from <= coalesce(units.valid_to, bound.valid_from)
    group by units.unit_code, units.district_code, units.valid_from, units.valid_to, bound.valid_from
),

periods as (
    select
        office_code,
        district_code,
        valid_from,
        coalesce(
            lead(valid_from) over (partition by office_code, office_from order by valid_from) - 1, office_to
        ) as valid_to
    from bounds
),

-- one to one or none: who answers for the office then
final as (
    select
        periods.office_code,
        offices.unit_level as office_level,
        periods.district_code,
        districts.name_en as district_name_en,
        districts.name_zh as district_name_zh,
        assigned.subcentre_key,
        periods.valid_from,
        periods.valid_to
    from periods
    inner join units as offices
        on periods.office_code = offices.unit_code and {{ in_period('offices', 'periods.valid_from') }}
    left join districts
        on periods.district_code = districts.unit_code and {{ in_period('districts', 'periods.valid_from') }}
    left join assigned
        on periods.district_code = assigned.district_code and {{ in_period('assigned', 'periods.valid_from') }}
)

select * from final
