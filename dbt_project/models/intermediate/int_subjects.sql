{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['subject_kind', 'subject_id'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['subject_kind', 'subject_id'], 'unique': true},
            {'columns': ['recorded_at']},
        ],
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

{#- goods are named in countless ways: a subject keeps the first that were used #}
{%- set most_names = 50 %}

with

declarations as (
    select * from {{ ref('int_declarations') }}
    {%- if is_incremental() %}
    where recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

reports as (select * from {{ ref('stg_enterprise_credit') }}),

batches as (select * from {{ ref('int_batches') }}),

-- one declaration to many subjects
declared as (
    select
        subjects.subject_kind,
        trim(subjects.subject_id) as subject_id,
        nullif(trim(subjects.subject_name), '') as subject_name,
        subjects.country,
        min(declarations.known_at) as first_known_at,
        max(declarations.recorded_at) as recorded_at
    from declarations
    inner join lateral (
        values
        ('party', declarations.importer_id, declarations.importer_name, 'CN'),
        ('party', declarations.declarant_id, null, 'CN'),
        ('party', declarations.seller_id, declarations.seller_name, null),
        ('commodity', declarations.hs6, declarations.goods_name, null),
        ('vessel', declarations.conveyance_id, declarations.conveyance_name, null)
    ) as subjects (subject_kind, subject_id, subject_name, country) on true
    where trim(subjects.subject_id) <> ''
    group by subjects.subject_kind, trim(subjects.subject_id), nullif(trim(subjects.subject_name), ''), subjects.country
    union all
    select
        'container' as subject_kind,
        trim(containers.container_number) as subject_id,
        null as subject_name,
        null as country,
        min(declarations.known_at) as first_known_at,
        max(declarations.recorded_at) as recorded_at
    from declarations
    cross join lateral string_to_table(declarations.container_numbers, ';') as containers (container_number)
    where trim(containers.container_number) <> ''
    group by trim(containers.container_number)
),

-- the parties of these declarations, and those known already
parties as (
    select declared.subject_id from declared
    where declared.subject_kind = 'party'
    {%- if is_incremental() %}
    union
    select stored.subject_id from {{ this }} as stored
    where stored.subject_kind = 'party'
    {%- endif %}
),

-- the register's names of parties that declare
registered as (
    select
        'party' as subject_kind,
        reports.subject_uscc as subject_id,
        trim(reports.enterprise_name) as subject_name,
        'CN' as country,
        min(reports.known_at) as first_known_at,
        max(batches.recorded_at) as recorded_at
    from reports
    inner join batches using (batch_id)
    where reports.subject_uscc in (select parties.subject_id from parties)
    group by reports.subject_uscc, trim(reports.enterprise_name)
),

named as (
    select * from declared
    union all
    select * from registered
),

-- declarant and importer, declaration and register may use one name
names as (
    select
        subject_kind,
        subject_id,
        subject_name,
        max(country) as country,
        min(first_known_at) as first_known_at,
        max(recorded_at) as recorded_at
    from named
    group by subject_kind, subject_id, subject_name
),

subjects as (
    select
        subject_kind,
        subject_id,
        array_remove(array_agg(subject_name order by first_known_at, subject_name), null) as subject_names,
        max(country) as country,
        max(recorded_at) as recorded_at
    from names
    group by subject_kind, subject_id
),

{% if is_incremental() %}
-- one to one or none: what is known already, to which a new name is added
merged as (
    select
        subjects.subject_kind,
        subjects.subject_id,
        coalesce(stored.subject_names, array[]::text[]) || array(
            select arrived.subject_name
            from unnest(subjects.subject_names) with ordinality as arrived (subject_name, position)
            where arrived.subject_name <> all(coalesce(stored.subject_names, array[]::text[]))
            order by arrived.position
        ) as subject_names,
        coalesce(stored.country, subjects.country) as country,
        subjects.recorded_at,
        stored.subject_names as stored_names
    from subjects
    left join {{ this }} as stored using (subject_kind, subject_id)
),

new_subjects as (
    select * from merged
    -- what says nothing new is left alone, so that whoever reads new rows only reads few
    where stored_names is null or subject_names[:{{ most_names }}] <> stored_names
),
{% else %}
new_subjects as (select * from subjects),
{% endif %}

kept as (
    select
        subject_kind,
        subject_id,
        subject_names[:{{ most_names }}] as subject_names,
        array[subject_id] as subject_identifiers,
        country,
        recorded_at
    from new_subjects
)

select * from kept
