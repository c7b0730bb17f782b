-- Points are added where an interval begins and taken back where it ends, as exact decimals: so a score is the sum of
-- what is in force, and one subject's costs one subject's intervals.
-- macros write lines whose indent a linter would judge
-- noqa: disable=LT02

with

indicators as (select * from {{ ref('indicators') }}),

{{ changed_values() }},

{{ weight_periods() }},

-- one interval to the weights' versions that it meets
pointed as (
    select
        changed.subject_kind,
        changed.subject_key,
        weighed.risk_domain,
        weighed.weight,
        greatest(changed.valid_from, weight_versions.valid_from, indicators.valid_from) as starts_on,
        least(changed.next_valid_from, weight_versions.valid_until, indicators.valid_to + 1) as stops_on,
        round(
            100 * weighed.weight / weighed.kind_weight
            * {{ normalised(
                'changed.value', 'indicators.low_bound', 'indicators.high_bound', 'indicators.direction',
            ) }},
            6
        ) as points
    from changed
    inner join indicators using (indicator_code, version)
    inner join weighed using (indicator_code)
    inner join weight_versions using (weight_version)
    where changed.value is not null
),

steps as (
    select
        pointed.subject_kind,
        pointed.subject_key,
        pointed.risk_domain,
        turns.valid_from,
        sum(turns.sign * pointed.points) as points,
        sum(turns.sign * pointed.weight) as known_weight
    from pointed
    cross join lateral (
        values
        (pointed.starts_on, 1),
        (pointed.stops_on, -1)
    ) as turns (valid_from, sign)
    where turns.valid_from is not null and coalesce(pointed.starts_on < pointed.stops_on, true)
    group by pointed.subject_kind, pointed.subject_key, pointed.risk_domain, turns.valid_from
),

summed as (
    select
        subject_kind,
        subject_key,
        risk_domain,
        valid_from,
        lead(valid_from) over by_day as valid_to,
        sum(points) over by_day as points,
        sum(known_weight) over by_day as known_weight
    from steps
    window by_day as (partition by subject_kind, subject_key, risk_domain order by valid_from)
),

-- one interval to the one version of the weights in force on its first day
final as (
    select
        summed.subject_kind,
        summed.subject_key,
        summed.risk_domain,
        summed.valid_from,
        summed.valid_to,
        case when summed.known_weight > 0 then trim_scale(summed.points) end as score,
        summed.known_weight,
        weight_versions.weight_version
    from summed
    inner join weight_versions
        on
            summed.valid_from >= weight_versions.valid_from
            and summed.valid_from < coalesce(weight_versions.valid_until, 'infinity'::date)
)

select * from final
