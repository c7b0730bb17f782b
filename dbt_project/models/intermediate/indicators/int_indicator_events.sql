{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='source_key',
        on_schema_change='fail',
        indexes=[
            {'columns': ['source_key', 'version_no']},
            {'columns': ['subject_key', 'subject_kind', 'counts_from']},
            {'columns': ['subject_key', 'subject_kind', 'aged_from']},
            {'columns': ['subject_key', 'subject_kind', 'ends_on']},
            {'columns': ['measure', 'aged_from']},
            {'columns': ['counts_from']},
            {'columns': ['ends_on']},
            {'columns': ['recorded_at']},
        ],
        sql_header="set local work_mem = '64MB';",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

-- what is new is few: it is asked for as an array, because the planner takes a subquery for more than it is, and would
-- read the whole history. Conditions of the incremental build stand inside the parts
-- noqa: disable=LT02

with

outbreaks as (
    select
        country,
        known_on
    from {{ ref('signals_disease_outbreak_news') }}
    where country is not null
),

manifest_batches as (
    {{ new_batches('manifests') }}
),

passenger_batches as (
    {{ new_batches('passenger_lists') }}
),

answer_batches as (
    {{ new_batches('information_answers') }}
),

matches as (
    select * from {{ source('ops', 'subject_matches') }}
    where status = 'matched' and subject_kind in ('party', 'vessel', 'container')
),

{% if is_incremental() %}
-- an hour is looked back: a match or verdict may have been on its way while the last build ran
rematched as (
    select mention_id from {{ source('ops', 'subject_matches') }}
    where resolved_at > {{ newest_recorded() }} - interval '1 hour'
    union
    select mention_id from {{ source('ops', 'match_reviews') }}
    where reviewed_at > {{ newest_recorded() }} - interval '1 hour'
),

touched_signals as (
    select arrived.signal_id from {{ ref('int_risk_signals') }} as arrived
    where arrived.recorded_at > {{ newest_recorded() }}
    union
    select mentioned.signal_id from {{ ref('int_risk_signals') }} as mentioned
    where mentioned.mention_id = any(array(select rematched.mention_id from rematched))
),
{% endif %}

-- every version of a signal counts from the day after it was known until the day after the next one was; its age is
-- counted from the first
signal_versions as (
    select
        *,
        row_number() over by_version as version_no,
        lead({{ business_day('known_at') }} + 1) over by_version as superseded_from,
        min(known_on + 1) over (partition by signal_id) as aged_from
    from {{ ref('int_risk_signals') }}
    {%- if is_incremental() %}
    where signal_id = any(array(select touched_signals.signal_id from touched_signals))
    {%- endif %}
    window by_version as (partition by signal_id order by known_at, batch_id, row_no)
),

-- one version to its one sample, or none
qualified as (
    select
        signal_versions.*,
        array_remove(
            array[signal_versions.severity, signal_versions.mention_kind, samples.analyte], null
        ) as qualifiers
    from signal_versions
    left join {{ ref('stg_monitoring_samples') }} as samples
        on
            signal_versions.feed = 'monitoring_samples'
            and signal_versions.batch_id = samples.batch_id
            and signal_versions.row_no = samples.row_no
    where signal_versions.is_in_force
),

-- goods and countries count as they are told; parties, vessels and containers as they were matched
told_of as (
    select
        qualified.*,
        subjects.subject_kind,
        subjects.subject_key
    from qualified
    cross join lateral (
        values
        ('commodity', case when qualified.mention_kind = 'commodity' then qualified.hs end),
        (
            'commodity_origin',
            case when qualified.mention_kind = 'commodity' then qualified.hs || '|' || qualified.country end
        ),
        ('country', nullif(qualified.country, 'CN'))
    ) as subjects (subject_kind, subject_key)
    where subjects.subject_key is not null
    union all
    select
        qualified.*,
        matches.subject_kind,
        matches.subject_id as subject_key
    from qualified
    inner join matches using (mention_id)
),

signals as (
    select
        signal_id as source_key,
        version_no,
        'signal' as measure,
        feed,
        risk_domain,
        qualifiers,
        subject_kind,
        subject_key,
        greatest(known_on + 1, valid_from) as counts_from,
        aged_from,
        least(superseded_from, valid_to + 1) as ends_on,
        is_adverse,
        1::bigint as facts,
        null::numeric as amount,
        null::numeric as base
    from told_of
),

{% if is_incremental() %}
-- every version of the results that have a new one: a late one may come before those that are known
touched_results as (
    select result_id from {{ ref('int_inspection_versions') }}
    where recorded_at > {{ newest_recorded() }}
    union
    select result_id from {{ ref('int_inspection_versions') }}
    where superseded_recorded_at > {{ newest_recorded() }}
),
{% endif %}

-- a correction takes back what it corrects from the day on which it counts itself
inspections as (
    select
        'result|' || results.result_id as source_key,
        results.version_no,
        'inspection' as measure,
        'inspection_results' as feed,
        null::text as risk_domain,
        array_remove(array[results.finding_type], null) as qualifiers,
        subjects.subject_kind,
        subjects.subject_key,
        results.known_on + 1 as counts_from,
        results.known_on + 1 as aged_from,
        results.superseded_on + 1 as ends_on,
        results.has_finding as is_adverse,
        1::bigint as facts,
        results.additional_duty_cny as amount,
        null::numeric as base
    from {{ ref('int_inspection_versions') }} as results
    inner join {{ ref('int_declarations') }} as declarations using (importer_id, declaration_id)
    cross join lateral (
        values
        ('party', declarations.importer_id),
        ('commodity', declarations.hs6),
        ('commodity_origin', declarations.hs6 || '|' || declarations.origin_country),
        ('country', declarations.origin_country)
    ) as subjects (subject_kind, subject_key)
    where
        subjects.subject_key is not null
        {%- if is_incremental() %}
        and results.result_id = any(array(select touched_results.result_id from touched_results))
        {%- endif %}
),

mirror_gaps as (
    select
        concat_ws('|', 'comtrade', batch_id, row_no) as source_key,
        1::bigint as version_no,
        'mirror_gap' as measure,
        'comtrade' as feed,
        null::text as risk_domain,
        array[]::text[] as qualifiers,
        'commodity_origin' as subject_kind,
        hs6 || '|' || origin_country as subject_key,
        known_on + 1 as counts_from,
        known_on + 1 as aged_from,
        null::date as ends_on,
        is_large as is_adverse,
        1::bigint as facts,
        greatest(missing_mass_kg, 0) as amount,
        reported_mass_kg as base
    from {{ ref('int_mirror_gaps') }}
    where
        is_compared
        {%- if is_incremental() %}
        and recorded_at > {{ newest_recorded() }}
        {%- endif %}
),

-- of one delivery, what is alike counts as one row
consignments as (
    select
        'manifests|' || manifests.batch_id as source_key,
        1::bigint as version_no,
        'consignment' as measure,
        'manifests' as feed,
        null::text as risk_domain,
        array_remove(array[
            case
                when {{ has_known_outbreak('left(manifests.loading_port, 2)', 'manifests.known_on') }} then 'outbreak'
            end,
            case when manifests.prepared_at > manifests.arrives_at then 'late' end
        ], null) as qualifiers,
        subjects.subject_kind,
        subjects.subject_key,
        manifests.known_on + 1 as counts_from,
        manifests.known_on + 1 as aged_from
    from {{ ref('stg_manifests') }} as manifests
    cross join lateral (
        select
            'vessel' as subject_kind,
            manifests.conveyance_id as subject_key
        union all
        select
            'party' as subject_kind,
            manifests.consignee_id as subject_key
        union all
        select
            'container' as subject_kind,
            trim(listed.container) as subject_key
        from string_to_table(manifests.container_numbers, ';') as listed (container)
    ) as subjects
    where
        {{ of_batches('manifest_batches') }}
        and subjects.subject_key <> ''
),

-- persons are counted, none of them is kept
travellers as (
    select
        'passenger_lists|' || lists.batch_id as source_key,
        1::bigint as version_no,
        'traveller' as measure,
        'passenger_lists' as feed,
        null::text as risk_domain,
        case
            when {{ has_known_outbreak('lists.nationality', 'lists.known_on') }} then array['outbreak']
            else array[]::text[]
        end as qualifiers,
        subjects.subject_kind,
        subjects.subject_key,
        lists.known_on + 1 as counts_from,
        lists.known_on + 1 as aged_from
    from {{ ref('stg_passenger_lists') }} as lists
    cross join lateral (
        values
        ('country', nullif(lists.nationality, 'CN')),
        ('flight', lists.flight_no)
    ) as subjects (subject_kind, subject_key)
    where
        {{ of_batches('passenger_batches') }}
        and subjects.subject_key <> ''
),

answers as (
    select
        'information_answers|' || batch_id as source_key,
        1::bigint as version_no,
        'answer' as measure,
        'information_answers' as feed,
        null::text as risk_domain,
        case when is_complete then array[]::text[] else array['incomplete'] end as qualifiers,
        'party' as subject_kind,
        party_id as subject_key,
        known_on + 1 as counts_from,
        known_on + 1 as aged_from
    from {{ ref('stg_information_answers') }}
    where {{ of_batches('answer_batches') }}
),

deliveries as (
    select * from consignments
    union all
    select * from travellers
    union all
    select * from answers
),

counted as (
    select
        source_key,
        version_no,
        measure,
        feed,
        risk_domain,
        qualifiers,
        subject_kind,
        subject_key,
        counts_from,
        aged_from,
        null::date as ends_on,
        true as is_adverse,
        count(*) as facts,
        null::numeric as amount,
        null::numeric as base
    from deliveries
    group by
        source_key, version_no, measure, feed, risk_domain, qualifiers, subject_kind, subject_key, counts_from,
        aged_from
),

arrived as (
    select * from signals
    union all
    select * from inspections
    union all
    select * from mirror_gaps
    union all
    select * from counted
),

{% if is_incremental() %}
retold as (
    select
        {{ indicator_event_columns() | join(', ') }},
        true as is_told
    from signals
    union all
    select
        {{ indicator_event_columns() | join(', ') }},
        false as is_told
    from {{ this }}
    where source_key = any(array(select touched_signals.signal_id from touched_signals))
),

compared as (
    select
        *,
        bool_or(is_told) over (partition by source_key, version_no, subject_kind, subject_key) as is_still_told
    from retold
),

-- a match that was taken back: the event stays, and counts for no time at all
taken_back as (
    select
        {% for column in indicator_event_columns() -%}
        {{ 'counts_from as ends_on' if column == 'ends_on' else column }}{{ ',' if not loop.last }}
        {% endfor -%}
    from compared
    where not is_still_told
),
{% endif %}

recorded as (
    select
        *,
        now() as recorded_at
    from arrived
    {%- if is_incremental() %}
    union all
    select
        *,
        now() as recorded_at
    from taken_back
    {%- endif %}
)

select * from recorded
