{#
    The rows behind each hazard factor of a conclusion (Article 10). A view: it is asked for one declaration. A result
    that went into a find rate is found by the days on which the rate moved: an interval starts the day after its newest
    facts were known.
#}
-- the macro's loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

{%- set newest = 5 %}

with

explanations as (select * from {{ source('ml', 'explanations') }}),

conclusions as (select * from {{ source('ml', 'conclusions') }}),

-- one conclusion to its factors
factors as (
    select
        declarations.*,
        explanations.conclusion_no,
        told.factor_no,
        told.factor ->> 'feature' as feature,
        {{ business_day('conclusions.as_of') }} as as_of_on
    from explanations
    inner join conclusions using (importer_id, declaration_id, conclusion_no)
    inner join {{ ref('int_declarations') }} as declarations using (importer_id, declaration_id)
    cross join lateral jsonb_array_elements(explanations.hazard_factors) with ordinality as told (factor, factor_no)
),

-- whose past a feature tells of: of which kind of results, of declarations, or of signals
pointed as (
    select
        factors.*,
        case
            when factors.feature = 'rate_goods' then 'hs6_origin'
            else substring(factors.feature from '^(?:recent_rate|rate|log_inspections|revenue_per_inspection)_(.+)$')
        end as risk_kind,
        case
            when factors.feature in ('price_z', 'mass_z') then 'hs6_origin'
            when factors.feature = 'price_z_importer_hs6' then 'importer_hs6'
            else substring(factors.feature from '^(?:log_declarations|is_first)_(.+)$')
        end as activity_kind,
        case factors.feature
            when 'has_government_notice' then 'government_notice'
            when 'has_watch_list_match' then 'watch_list'
            when 'monitoring_fail_rate' then 'monitoring'
            when 'log_monitoring_samples' then 'monitoring'
        end as signal_kind
    from factors
),

keyed as (
    select
        pointed.*,
        case pointed.risk_kind
            {%- for kind, parts in risk_profile_keys().items() %}
            when '{{ kind }}' then {{ profile_key(parts, 'pointed') }}
            {%- endfor %}
        end as risk_key,
        case pointed.activity_kind
            {%- for kind, parts in activity_profile_keys().items() %}
            when '{{ kind }}' then {{ profile_key(parts, 'pointed') }}
            {%- endfor %}
        end as activity_key
    from pointed
),

final as (
    select
        keyed.importer_id,
        keyed.declaration_id,
        keyed.conclusion_no,
        keyed.office_code,
        keyed.factor_no,
        keyed.feature,
        evidence.*
    from keyed
    cross join lateral (
        -- one factor to the newest results that moved its rate, findings first
        select
            'inspection' as evidence_kind,
            found.result_id as evidence_id,
            found.known_on,
            found.batch_id,
            found.row_no,
            case
                when found.has_finding
                    then format('%s found in %s', coalesce(found.finding_type, 'something'), found.inspected_id)
                else format('nothing found in %s', found.inspected_id)
            end as words_en,
            case
                when found.has_finding then format('报关单%s查获%s', found.inspected_id, coalesce(found.finding_type, ''))
                else format('报关单%s未查获', found.inspected_id)
            end as words_zh
        from (
            select intervals.valid_from
            from {{ ref('int_risk_profiles') }} as intervals
            where
                intervals.profile_kind = keyed.risk_kind
                and intervals.profile_key = keyed.risk_key
                and intervals.valid_from <= keyed.as_of_on
            order by intervals.valid_from desc
            limit {{ newest }}
        ) as moved
        cross join lateral (
            select
                inspections.result_id,
                inspections.declaration_id as inspected_id,
                inspections.has_finding,
                inspections.finding_type,
                inspections.known_on,
                inspections.batch_id,
                inspections.row_no
            from {{ ref('int_inspection_versions') }} as inspections
            inner join {{ ref('int_declarations') }} as inspected using (importer_id, declaration_id)
            where
                inspections.known_on = moved.valid_from - 1
                and keyed.risk_key = case keyed.risk_kind
                    {%- for kind, parts in risk_profile_keys().items() %}
                    when '{{ kind }}' then {{ profile_key(parts, 'inspected') }}
                    {%- endfor %}
                end
            order by inspections.has_finding desc, inspections.result_id asc, inspections.known_on asc
            limit {{ newest }}
        ) as found
        union all
        -- one factor to the one sum of earlier declarations that it is compared with
        select
            'earlier_declarations' as evidence_kind,
            keyed.activity_kind || ':' || keyed.activity_key as evidence_id,
            (profiles.valid_from - 1) as known_on,
            null::text as batch_id,
            null::bigint as row_no,
            -- only kinds that are compared with by price have a mean
            'declarations before: ' || profiles.declarations || coalesce(
                '; mean ' || round(exp(profiles.log_unit_value_sum / profiles.declarations), 2) || ' CNY per kg', ''
            ) as words_en,
            '此前' || profiles.declarations || '份报关单' || coalesce(
                '，平均每千克' || round(exp(profiles.log_unit_value_sum / profiles.declarations), 2) || '元', ''
            ) as words_zh
        from (
            select past.*
            from {{ ref('int_activity_profiles') }} as past
            where
                past.profile_kind = keyed.activity_kind
                and past.profile_key = keyed.activity_key
                and past.valid_from <= keyed.as_of_on
            order by past.valid_from desc
            limit 1
        ) as profiles
        where profiles.declarations > 0
        union all
        -- one factor to the signals on the party or the goods, the newest first
        select
            'signal' as evidence_kind,
            told.signal_key as evidence_id,
            told.known_on,
            told.batch_id,
            told.row_no,
            case when told.is_adverse then 'adverse' else 'clean' end || ' (' || keyed.signal_kind || ')' as words_en,
            case when told.is_adverse then '不利信号' else '无异常' end || '（' || keyed.signal_kind || '）' as words_zh
        from (
            select signals.*
            from {{ ref('int_signals') }} as signals
            where
                signals.profile_kind = keyed.signal_kind
                and signals.profile_key in (
                    keyed.importer_id,
                    case when keyed.signal_kind = 'watch_list' then keyed.seller_id end,
                    {{ profile_key(['hs6', 'origin_country'], 'keyed') }}
                )
                and signals.known_on < keyed.as_of_on
            order by signals.is_adverse desc, signals.known_on desc, signals.signal_key asc
            limit {{ newest }}
        ) as told
        union all
        -- what a declaration says itself, and what has no past yet
        select
            'declaration' as evidence_kind,
            keyed.declaration_id as evidence_id,
            keyed.known_on,
            keyed.batch_id,
            keyed.row_no,
            'as it was declared' as words_en,
            '申报内容本身' as words_zh
    ) as evidence
)

select * from final
