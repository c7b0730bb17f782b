-- Whom the warnings that are ready are for. One row per version and recipient
with

recipients as (
    select *
    from jsonb_to_recordset(%(recipients)s::jsonb) as declared (
        recipient_id text, audience text, release_class text, name_en text, name_zh text, domains text[],
        causes text[], is_of_country boolean, sharing_basis text
    )
),

warnings as (
    select told.*
    from ops.warnings as told
    inner join ready using (warning_id, version)
),

declared as (
    select
        warnings.warning_id,
        warnings.version,
        case when recipients.is_of_country then warnings.country || '_' else '' end
        || recipients.recipient_id as recipient_id,
        recipients.audience,
        recipients.name_en || case when recipients.is_of_country then ': ' || countries.name_en else '' end as name_en,
        recipients.name_zh
        || case when recipients.is_of_country then '：' || coalesce(countries.name_zh, countries.name_en) else '' end
            as name_zh,
        recipients.sharing_basis
    from warnings
    inner join recipients
        on
            recipients.release_class = warnings.release_class
            and (recipients.domains is null or warnings.risk_domain = any(recipients.domains))
            and (recipients.causes is null or warnings.cause = any(recipients.causes))
    -- one warning to its country or none
    left join core.countries as countries on warnings.country = countries.country
    where
        (not recipients.is_of_country or countries.country is not null)
        -- whoever is abroad is told what public information bears out
        and (recipients.audience in ('customs', 'department') or warnings.is_public)
),

-- parties that bring in such goods from there
trading as (
    select distinct
        warnings.warning_id,
        warnings.version,
        declarations.importer_id as recipient_id,
        'party' as audience,
        'an importer of such goods' as name_en,
        '相关进口企业' as name_zh,
        null::text as sharing_basis
    from warnings
    inner join core.declarations as declarations
        on
            warnings.country = declarations.origin_country
            and starts_with(declarations.hs6, warnings.hs)
    where
        warnings.release_class = 'notice'
        and declarations.known_at > %(moment)s::timestamptz - make_interval(days => %(trading_days)s::integer)
),

final as (
    select * from declared
    union all
    select * from trading
)

select * from final
