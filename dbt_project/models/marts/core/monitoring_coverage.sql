with

lines as (select * from {{ ref('int_monitoring_plans') }}),

samples as (select * from {{ ref('int_monitoring_samples') }}),

clock as (
    select
        {{ business_day(moment()) }} as as_of,
        date_trunc('month', {{ business_day(moment()) }}::timestamp)::date as this_month
),

-- one line to each month in which it is in force, up to the present one, and to its days there
line_months as (
    select
        lines.plan_id,
        lines.point_id,
        lines.point_name,
        lines.place,
        lines.office_code,
        lines.planned_samples_per_month,
        lines.longest_silence_days,
        lines.valid_from,
        months.month_from::date as month_from,
        extract(day from months.month_from + interval '1 month' - interval '1 day') as days_in_month,
        least(coalesce(lines.valid_to, 'infinity'), (months.month_from + interval '1 month')::date - 1)
        - greatest(lines.valid_from, months.month_from::date) + 1 as days_in_force,
        least(coalesce(lines.valid_to, 'infinity'), (months.month_from + interval '1 month')::date - 1, clock.as_of)
        - greatest(lines.valid_from, months.month_from::date) + 1 as days_so_far
    from lines
    cross join clock
    cross join lateral generate_series(
        date_trunc('month', lines.valid_from::timestamp),
        least(lines.valid_to, clock.as_of)::timestamp,
        interval '1 month'
    ) as months (month_from)
),

planned as (
    select
        plan_id,
        point_id,
        month_from,
        max(point_name) as point_name,
        max(place) as place,
        max(office_code) as office_code,
        sum(planned_samples_per_month * days_in_force / days_in_month) as planned_samples,
        sum(planned_samples_per_month * days_so_far / days_in_month) as planned_so_far,
        min(longest_silence_days) as longest_silence_days,
        min(valid_from) as planned_from
    from line_months
    group by plan_id, point_id, month_from
),

-- a sample of goods or analytes that the point's plan does not name is counted apart
on_plan as (
    select distinct samples.sample_id
    from samples
    inner join lines using (plan_id, point_id, analyte)
    where
        starts_with(samples.hs6, lines.target_hs)
        and samples.sampled_on >= lines.valid_from
        and samples.sampled_on <= coalesce(lines.valid_to, samples.sampled_on)
),

taken as (
    select
        samples.plan_id,
        samples.point_id,
        date_trunc('month', samples.sampled_on::timestamp)::date as month_from,
        samples.sampled_on,
        samples.is_compliant,
        on_plan.sample_id is not null as is_planned
    from samples
    left join on_plan using (sample_id)
),

achieved as (
    select
        plan_id,
        point_id,
        month_from,
        count(*) as samples,
        count(*) filter (where is_planned) as achieved_samples,
        count(*) filter (where not is_compliant) as noncompliant_samples,
        max(sampled_on) as last_in_month
    from taken
    group by plan_id, point_id, month_from
),

-- months that are planned, and months in which a point sampled though no plan is known
together as (
    select
        plan_id,
        point_id,
        month_from,
        planned.point_name,
        planned.place,
        planned.office_code,
        planned.planned_samples,
        planned.planned_so_far,
        planned.longest_silence_days,
        planned.planned_from,
        coalesce(achieved.samples, 0) as samples,
        coalesce(achieved.achieved_samples, 0) as achieved_samples,
        coalesce(achieved.noncompliant_samples, 0) as noncompliant_samples,
        max(achieved.last_in_month) over (partition by plan_id, point_id order by month_from) as last_sampled_on
    from planned
    full outer join achieved using (plan_id, point_id, month_from)
),

silence as (
    select
        together.*,
        -- a point that never sampled is silent since its plan began
        least(clock.as_of, (together.month_from + interval '1 month')::date - 1)
        - coalesce(together.last_sampled_on, together.planned_from) as days_silent,
        together.month_from = clock.this_month as is_current
    from together
    cross join clock
),

final as (
    select
        plan_id,
        point_id,
        month_from,
        point_name,
        place,
        office_code,
        planned_samples,
        planned_so_far,
        samples,
        achieved_samples,
        (achieved_samples / nullif(planned_so_far, 0))::float8 as coverage_share,
        noncompliant_samples,
        noncompliant_samples::float8 / nullif(samples, 0) as noncompliant_share,
        last_sampled_on,
        days_silent,
        longest_silence_days,
        coalesce(days_silent > longest_silence_days, false) as is_silent,
        is_current
    from silence
)

select * from final
