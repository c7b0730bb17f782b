{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='result_id',
        on_schema_change='fail',
        indexes=[
            {'columns': ['result_id', 'batch_id', 'row_no'], 'unique': true},
            {'columns': ['importer_id', 'declaration_id']},
            {'columns': ['declaration_id']},
            {'columns': ['known_on']},
            {'columns': ['superseded_on']},
            {'columns': ['recorded_at']},
            {'columns': ['superseded_recorded_at']},
            {'columns': ['batch_id', 'row_no']},
        ],
        pre_hook="{{ look_up(\"set local work_mem = '256MB';\", each_by_index=true) }}",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

with

results as (select * from {{ ref('int_reported_results') }}),

-- named twice, and still read by its indexes
declarations as not materialized (select * from {{ ref('int_declarations') }}),

batches as (
    {{ new_batches('inspection_results') }}
    union all
    {{ new_batches('audit_results') }}
),

-- what was delivered, and what waited for a declaration that has come: found by its number
candidates as (
    select results.* from results
    where results.{{ of_batches('batches') }}
    {%- if is_incremental() %}
    union
    select results.*
    from declarations
    {{ probe(ref('int_reported_results'), 'declaration_id', 'declarations.declaration_id') }} as results
    where declarations.recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

-- many results to one declaration; a result whose declaration is not there yet waits for it,
-- and counts from the day on which both are known
arrived as (
    select
        declarations.importer_id,
        results.declaration_id,
        results.result_id,
        results.instruction_id,
        declarations.office_code,
        results.officer_id,
        results.inspected_at,
        results.reported_at,
        results.selected_by,
        results.has_finding,
        results.finding_type,
        results.additional_duty_cny,
        results.officer_hours,
        results.is_backfill,
        results.batch_id,
        results.row_no,
        results.known_at as version_known_at,
        greatest(results.known_at, declarations.known_at) as known_at,
        now() as recorded_at,
        null::timestamptz as superseded_at,
        null::timestamptz as superseded_recorded_at
    from candidates as results
    inner join declarations using (declaration_id)
    {%- if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as stored
            where stored.batch_id = results.batch_id and stored.row_no = results.row_no
        )
    {%- endif %}
),

-- every version of the results that have a new one, whatever the order in which they came
versions as (
    select * from arrived
    {%- if is_incremental() %}
    union all
    select
        stored.importer_id,
        stored.declaration_id,
        stored.result_id,
        stored.instruction_id,
        stored.office_code,
        stored.officer_id,
        stored.inspected_at,
        stored.reported_at,
        stored.selected_by,
        stored.has_finding,
        stored.finding_type,
        stored.additional_duty_cny,
        stored.officer_hours,
        stored.is_backfill,
        stored.batch_id,
        stored.row_no,
        stored.version_known_at,
        stored.known_at,
        stored.recorded_at,
        stored.superseded_at,
        stored.superseded_recorded_at
    from {{ this }} as stored
    where stored.result_id in (select arrived.result_id from arrived)
    {%- endif %}
),

-- a version is superseded when the first later one becomes known; one that had not begun to count by then
-- counts for no time at all. Null for the latest.
followed as (
    select
        *,
        row_number() over by_version as version_no,
        lead(batch_id) over by_version is null as is_latest,
        greatest(known_at, min(known_at) over (
            by_version rows between 1 following and unbounded following
        )) as next_known_at
    from versions
    window by_version as (partition by result_id order by version_known_at, batch_id, row_no)
),

recorded as (
    select
        importer_id,
        declaration_id,
        result_id,
        version_no,
        instruction_id,
        office_code,
        officer_id,
        inspected_at,
        reported_at,
        selected_by,
        has_finding,
        finding_type,
        additional_duty_cny,
        officer_hours,
        is_backfill,
        batch_id,
        row_no,
        version_known_at,
        known_at,
        {{ business_day('known_at') }} as known_on,
        recorded_at,
        is_latest,
        case when not is_latest then next_known_at end as superseded_at,
        case when not is_latest then {{ business_day('next_known_at') }} end as superseded_on,
        case
            when is_latest then null
            when superseded_at = next_known_at then superseded_recorded_at
            else now()
        end as superseded_recorded_at
    from followed
)

select * from recorded
