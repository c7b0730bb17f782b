{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[
            {'columns': ['declaration_id', 'importer_id', 'risk_domain'], 'unique': true},
            {'columns': ['known_on']},
            {'columns': ['recorded_at']},
        ],
        sql_header="set local work_mem = '64MB'; set local enable_nestloop = off;",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- no nested loops but for the look-ups: the planner takes the steps below for one row each, and would compare every
-- declaration with every value

with recursive

indicators as (select * from {{ ref('indicators') }}),

{{ weight_periods() }},

-- history is learned from and never scored
declarations as materialized (
    select * from {{ ref('int_declarations') }}
    where
        not is_backfill
        {%- if is_incremental() %}
        and {{ not_stored_yet() }}
        {%- endif %}
),

days as (select distinct known_on from declarations),

-- one day to one version of the weights
weights_of_day as (
    select
        days.known_on,
        weight_versions.weight_version
    from days
    inner join weight_versions
        on
            days.known_on >= weight_versions.valid_from
            and days.known_on < coalesce(weight_versions.valid_until, 'infinity'::date)
),

domains as (
    select distinct
        weights_of_day.known_on,
        weights_of_day.weight_version,
        weighed.risk_domain,
        weighed.domain_weight
    from weights_of_day
    inner join weighed using (weight_version)
),

-- one day to the indicators in use, the newest version of each
indicators_of_day as (
    select distinct on (weights_of_day.known_on, indicators.indicator_code)
        weights_of_day.known_on,
        indicators.*,
        weighed.weight,
        weighed.domain_weight
    from weights_of_day
    inner join weighed using (weight_version)
    inner join indicators using (indicator_code)
    where
        indicators.valid_from <= weights_of_day.known_on
        and (indicators.valid_to is null or indicators.valid_to >= weights_of_day.known_on)
    order by weights_of_day.known_on asc, indicators.indicator_code asc, indicators.version desc
),

-- one declaration to each of its subjects
subjects as materialized (
    {{ declaration_subjects('declarations') }}
),

-- a subject that many declarations share is looked up once, and after it what lies beside it in the index
named as materialized (
    select
        known_on,
        subject_kind,
        subject_key
    from subjects
    group by known_on, subject_kind, subject_key
    order by subject_key collate "C" asc
),

-- one subject to the newest value of each indicator that has ever said anything of it: most subjects are known to none,
-- and the others to a few of many. Each step is one look-up, backwards in the index, of what lies before the last
asked as (
    select
        named.known_on,
        named.subject_kind,
        named.subject_key,
        (select max(indicators.indicator_code) || '~' from indicators) as indicator_code,
        null::integer as version,
        null::date as valid_from,
        null::numeric as value
    from named
    union all
    select
        asked.known_on,
        asked.subject_kind,
        asked.subject_key,
        preceding.indicator_code,
        preceding.version,
        preceding.valid_from,
        preceding.value
    from asked
    cross join lateral (
        select
            stored.indicator_code,
            stored.version,
            stored.valid_from,
            stored.value
        from {{ ref('int_indicator_values') }} as stored
        where stored.subject_key = asked.subject_key and stored.indicator_code < asked.indicator_code
        order by stored.indicator_code desc, stored.version desc, stored.valid_from desc
        limit 1
    ) as preceding
),

-- one subject to the value in force of each indicator in use that knows it: mostly its newest, and looked up where the
-- newest is of a later day or of another version
known as materialized (
    select
        asked.known_on,
        asked.subject_kind,
        asked.subject_key,
        indicators_of_day.indicator_code,
        indicators_of_day.version,
        indicators_of_day.risk_domain,
        indicators_of_day.weight,
        indicators_of_day.domain_weight,
        in_force.value,
        {{ normalised(
            'in_force.value', 'indicators_of_day.low_bound', 'indicators_of_day.high_bound',
            'indicators_of_day.direction',
        ) }} as normalised
    from asked
    inner join indicators_of_day using (known_on, subject_kind, indicator_code)
    inner join lateral (
        select asked.value
        where asked.version = indicators_of_day.version and asked.valid_from <= asked.known_on
        union all
        (
            select stored.value
            from {{ ref('int_indicator_values') }} as stored
            where
                (asked.version <> indicators_of_day.version or asked.valid_from > asked.known_on)
                and stored.indicator_code = indicators_of_day.indicator_code
                and stored.version = indicators_of_day.version
                and stored.subject_key = asked.subject_key
                and stored.valid_from <= asked.known_on
            order by stored.valid_from desc
            limit 1
        )
    ) as in_force on in_force.value is not null
),

-- of several subjects of a declaration that an indicator knows, the one that shows most
strongest as (
    select distinct on (subjects.declaration_id, known.indicator_code)
        subjects.importer_id,
        subjects.declaration_id,
        subjects.subject_role,
        known.*
    from subjects
    inner join known using (known_on, subject_kind, subject_key)
    order by
        subjects.declaration_id asc, known.indicator_code asc, known.normalised desc, subjects.subject_role asc,
        subjects.subject_key asc
),

pointed as (
    select
        *,
        trim_scale(round(100 * weight * normalised / domain_weight, 6)) as points
    from strongest
),

summed as (
    select
        importer_id,
        declaration_id,
        risk_domain,
        sum(points) as score,
        sum(weight) as known_weight,
        jsonb_agg(
            jsonb_build_object(
                'code', indicator_code,
                'version', version,
                'role', subject_role,
                'subject', subject_key,
                'value', value,
                'normalised', normalised,
                'weight', weight,
                'points', points
            )
            order by points desc, indicator_code asc
        ) filter (where points > 0) as contributions
    from pointed
    group by importer_id, declaration_id, risk_domain
),

-- one declaration to the eight domains, whether or not anything is known in them
final as (
    select
        declarations.importer_id,
        declarations.declaration_id,
        domains.risk_domain,
        declarations.office_code,
        declarations.known_on,
        trim_scale(summed.score) as score,
        trim_scale(round(coalesce(summed.known_weight, 0) / domains.domain_weight, 6)) as known_weight_share,
        domains.weight_version,
        coalesce(summed.contributions, '[]'::jsonb) as contributions,
        declarations.recorded_at,
        now() as scored_at
    from declarations
    inner join domains using (known_on)
    left join summed using (importer_id, declaration_id, risk_domain)
)

select * from final
