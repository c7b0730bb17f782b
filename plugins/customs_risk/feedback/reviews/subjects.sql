with

-- Who is reviewed: whatever was in force on a day of the month, up to its end or the month's. A version that was
-- suspended and activated again counts from its first activation
first_activated as (
    select
        parameter_id,
        version,
        (min(happened_at) at time zone %(zone)s)::date as effective_on
    from ops.parameter_events
    where "event" = 'activated'
    group by parameter_id, version
),

versions as (
    select
        *,
        exists (
            select 1 from unnest(jurisdiction) as unit (code)
            where unit.code !~ '^[0-9]{4}$'
        )
        or cardinality(jurisdiction) > 1 as reaches_beyond
    from ops.parameter_versions
),

in_force as (
    select
        'parameter' as subject_kind,
        versions.parameter_id as subject_id,
        versions.version,
        versions.risk_domain,
        -- a parameter is worth whatever is found where it points
        null as counted_domain,
        versions.parameter_id || ' v' || versions.version as claim_key,
        null as key_kind,
        null as key,
        null::jsonb as scope,
        versions.measure as kind,
        null as "action",
        null::jsonb as value_after,
        -- who may decide: the division of the district, or the department where it reaches beyond one
        case
            when versions.reaches_beyond then array['gacc_department'] else array['regional_risk_division']
        end as needed_posts,
        case when versions.reaches_beyond then 'gacc_leadership' else 'gacc_department' end as escalates_to,
        first_activated.effective_on,
        case
            when states."state" not in ('activated', 'suspended') then (states.since at time zone %(zone)s)::date
        end as ended_on
    from versions
    inner join ops.parameter_states as states using (parameter_id, version)
    inner join first_activated using (parameter_id, version)
    union all
    select
        'measure' as subject_kind,
        states.measure_id as subject_id,
        null as version,
        states.risk_domain,
        states.risk_domain as counted_domain,
        states.measure_id as claim_key,
        states.subject_kind as key_kind,
        states.subject_key as key,
        states.scope,
        states.kind,
        states."action",
        states.value_after,
        actions.needed_posts,
        actions.escalates_to,
        (states.effective_from at time zone %(zone)s)::date as effective_on,
        case
            when states.effective_to <= %(moment)s then (states.effective_to at time zone %(zone)s)::date
        end as ended_on
    from ops.measure_states as states
    inner join ops.measure_actions as actions using (kind, "action")
    where states.effective_from <= %(moment)s and coalesce(states.effective_to > states.effective_from, true)
),

seen as (
    select
        *,
        greatest(effective_on, %(month_end)s::date - %(look_back)s::int + 1) as from_on,
        least(ended_on, %(month_end)s::date) as to_on
    from in_force
    where effective_on <= %(month_end)s and coalesce(ended_on >= %(month_on)s, true)
),

final as (
    select
        *,
        row_number() over (order by subject_kind, subject_id, version) as subject_no,
        to_on - effective_on + 1 as days_in_force,
        case when subject_kind = 'measure' then effective_on - (to_on - from_on + 1) end as before_from_on,
        case when subject_kind = 'measure' then effective_on - 1 end as before_to_on
    from seen
)

select * from final
