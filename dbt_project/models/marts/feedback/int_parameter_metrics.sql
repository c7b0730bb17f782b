{{ config(materialized='ephemeral', contract={'enforced': false}) }}

with

hits as (select * from {{ source('ops', 'parameter_hits') }}),

declarations as (select * from {{ ref('int_declarations') }}),

versions as (select * from {{ source('ops', 'parameter_versions') }}),

events as (select * from {{ source('ops', 'parameter_events') }}),

clock as (
    select {{ business_day(moment()) }} as today
),

first_activated as (
    select
        parameter_id,
        version,
        {{ business_day('min(happened_at)') }} as activated_on
    from events
    where event = 'activated'
    group by parameter_id, version
),

spells as (
    select
        parameter_id,
        version,
        event,
        {{ business_day('happened_at') }} as from_on,
        {{ business_day('lead(happened_at) over (partition by parameter_id, version order by event_no)') }} as to_on
    from events
),

-- a version on each day at whose end it was active, up to the present one; a spell and its day give one row
active as (
    select
        versions.parameter_id,
        versions.version,
        spells.from_on + passed.days as observed_on,
        spells.from_on + passed.days - first_activated.activated_on as age_days,
        greatest(versions.expires_on - (spells.from_on + passed.days), 0) as days_to_expiry,
        (versions.review_on < spells.from_on + passed.days)::int as is_overdue
    from spells
    inner join versions using (parameter_id, version)
    inner join first_activated using (parameter_id, version)
    cross join clock
    cross join lateral generate_series(0, coalesce(spells.to_on - 1, clock.today) - spells.from_on) as passed (days)
    where spells.event = 'activated'
),

-- a day on which a version met any declaration: few, though its hits are many
hit_days as (
    select distinct
        hits.parameter_id,
        hits.version,
        declarations.known_on
    from hits
    inner join declarations using (importer_id, declaration_id)
),

-- how things stood on the last day of each cohort, or today
observed as (
    select
        kinds.cohort_kind,
        date_trunc(kinds.cohort_kind, active.observed_on)::date as cohort_on,
        (date_trunc(kinds.cohort_kind, active.observed_on) + kinds.cohort_length)::date - 1 as cohort_to,
        active.*,
        active.observed_on - (
            select max(hit_days.known_on)
            from hit_days
            where
                hit_days.parameter_id = active.parameter_id
                and hit_days.version = active.version
                and hit_days.known_on <= active.observed_on
        ) as days_since_hit
    from active
    cross join clock
    cross join {{ cohort_kinds() }}
    where
        active.observed_on = least(
            (date_trunc(kinds.cohort_kind, active.observed_on) + kinds.cohort_length)::date - 1, clock.today
        )
),

lives as (
    select
        cohort_kind,
        cohort_on,
        cohort_to,
        count(*)::float8 as parameters,
        sum(age_days)::float8 as age_days,
        sum(age_days ^ 2)::float8 as age_squares,
        sum(days_to_expiry)::float8 as days_to_expiry,
        sum(days_to_expiry ^ 2)::float8 as expiry_squares,
        count(days_since_hit)::float8 as parameters_with_hits,
        sum(days_since_hit)::float8 as days_since_hit,
        sum(days_since_hit ^ 2)::float8 as hit_squares,
        sum(is_overdue)::float8 as overdue
    from observed
    group by cohort_kind, cohort_on, cohort_to
),

final as (
    select
        told.metric_code,
        lives.cohort_kind,
        lives.cohort_on,
        lives.cohort_to,
        'all' as dimension,
        'all' as dimension_value,
        told.numerator,
        told.denominator,
        case
            when told.squares is null then {{ wilson('told.numerator', 'told.denominator', 'low') }}
            else {{ ratio_end(
                'told.numerator', 'told.denominator', 'told.squares', 'told.numerator', 'told.denominator',
                'told.denominator', 'low'
            ) }}
        end as low,
        case
            when told.squares is null then {{ wilson('told.numerator', 'told.denominator', 'high') }}
            else {{ ratio_end(
                'told.numerator', 'told.denominator', 'told.squares', 'told.numerator', 'told.denominator',
                'told.denominator', 'high'
            ) }}
        end as high
    from lives
    cross join lateral (
        values
        ('parameter_age', lives.age_days, lives.parameters, lives.age_squares),
        ('parameter_days_to_expiry', lives.days_to_expiry, lives.parameters, lives.expiry_squares),
        ('parameter_days_since_hit', lives.days_since_hit, lives.parameters_with_hits, lives.hit_squares),
        ('parameter_no_hit_share', lives.parameters - lives.parameters_with_hits, lives.parameters, null),
        ('parameter_overdue_review_share', lives.overdue, lives.parameters, null)
    ) as told (metric_code, numerator, denominator, squares)
)

select * from final
