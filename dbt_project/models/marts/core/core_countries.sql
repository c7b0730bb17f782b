{{ config(alias='countries') }}

with

listed as (select * from {{ ref('countries') }}),

spellings as (select * from {{ ref('country_names') }}),

-- many spellings to one country
spelt as (
    select
        country,
        array_agg(country_name order by country_name) as other_names
    from spellings
    group by country
),

final as (
    select
        listed.country,
        listed.country_alpha3,
        listed.country_numeric,
        listed.name_en,
        listed.name_zh,
        coalesce(spelt.other_names, array[]::text[]) as other_names,
        listed.is_iso,
        listed.source
    from listed
    left join spelt using (country)
)

select * from final
