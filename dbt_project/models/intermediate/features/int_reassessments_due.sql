{#
    Conclusions to look at again on a business day (Article 18), with the features as they are known then. A fact is
    new if it became known since the last look, and before the day. The day is that of customs_risk.as_of.
#}
{{ config(materialized='view') }}

-- the macro's loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

today as (
    select {{ replay_day('current_date') }} as day
),

days as materialized (
    select
        today.day,
        least(coalesce(max(runs.looked_on), today.day - 1), today.day - 1) as since
    from today
    left join {{ source('ml', 'reassessment_runs') }} as runs on today.day > runs.looked_on
    group by today.day
),

results as (select * from {{ ref('int_inspections') }}),

recent as (
    select declarations.*
    from {{ ref('int_declarations') }} as declarations
    where
        not declarations.is_backfill
        and declarations.known_on >= (select days.day - {{ var('reassessed_days') }} from days)
        and declarations.known_on < (select days.day from days)
        -- what was found is known: there is nothing to assess any more
        and declarations.declaration_id not in (
            select results.declaration_id from results
            where results.known_on >= (select days.day - {{ var('reassessed_days') }} from days)
        )
),

-- one result to the one declaration that it is of
findings as materialized (
    select declarations.*
    from results
    inner join {{ ref('int_declarations') }} as declarations using (importer_id, declaration_id)
    where
        results.has_finding
        and results.known_on >= (select days.since from days)
        and results.known_on < (select days.day from days)
),

signals as materialized (
    select
        profile_kind,
        profile_key
    from {{ ref('int_signal_profiles') }}
    where
        valid_from > (select days.since from days)
        and valid_from <= (select days.day from days)
        and (adverse_signals > 0 or profile_kind = 'watch_list')
),

corrections as materialized (
    select declaration_id from {{ ref('int_declaration_corrections') }}
    where
        known_on >= (select days.since from days)
        and known_on < (select days.day from days)
),

conclusions as not materialized (select * from {{ source('ml', 'conclusions') }}),

-- the one that stands of each declaration, and when it is to be looked at again at the latest
standing as (
    select
        recent.*,
        conclusions.conclusion_no,
        conclusions.level,
        conclusions.likelihood,
        {{ business_day('conclusions.as_of') }} + reviews.review_after_days as review_on
    from recent
    inner join conclusions using (importer_id, declaration_id)
    left join {{ ref('conclusion_reviews') }} as reviews using (level, uncertainty_kind)
    where {{ is_standing('conclusions') }}
),

-- of several reasons the one that says most of this very declaration
triggered as (
    select
        standing.*,
        case
            when standing.declaration_id in (select corrections.declaration_id from corrections) then 'correction'
            when
                standing.importer_id in (
                    select signals.profile_key from signals
                    where signals.profile_kind in ('government_notice', 'watch_list')
                )
                or standing.seller_id in (
                    select signals.profile_key from signals
                    where signals.profile_kind = 'watch_list'
                )
                or {{ profile_key(['hs6', 'origin_country'], 'standing') }} in (
                    select signals.profile_key from signals
                    where signals.profile_kind = 'monitoring'
                )
                then 'signal'
            when {{ profile_key(consignment_key(), 'standing') }} in (
                select {{ profile_key(consignment_key(), 'findings') }} from findings
            ) then 'finding_of_goods'
            when standing.importer_id in (select findings.importer_id from findings) then 'finding_of_party'
            when
                standing.review_on > (select days.since from days) and standing.review_on <= (select days.day from days)
                then 'review'
        end as trigger
    from standing
),

due as materialized (
    select
        triggered.importer_id,
        triggered.declaration_id,
        triggered.trigger,
        triggered.conclusion_no,
        triggered.level,
        triggered.likelihood,
        days.day
    from triggered
    cross join days
    where triggered.trigger is not null
),

-- one to one: the last version of each that was known on an earlier day
declarations as (
    select
        told.*,
        due.trigger,
        due.conclusion_no,
        due.level as level_before,
        due.likelihood as likelihood_before,
        due.day,
        {{ log_measures() }}
    from due
    cross join lateral (
        select versions.*
        from {{ ref('int_declaration_versions') }} as versions
        where
            versions.declaration_id = due.declaration_id
            and (versions.is_first or versions.known_on < due.day)
        order by versions.known_at desc, versions.batch_id desc
        limit 1
    ) as told
),

{{ declaration_features(
    'declarations', 'declarations.day',
    also=['office_code', 'trigger', 'conclusion_no', 'level_before', 'likelihood_before'],
) }},

final as (
    select
        importer_id,
        declaration_id,
        office_code,
        trigger,
        conclusion_no,
        level_before,
        likelihood_before
        {%- for name in feature_names() %},
        {{ name }}
        {%- endfor %}
    from features
)

select * from final
