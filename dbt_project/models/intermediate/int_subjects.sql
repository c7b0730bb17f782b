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
        pre_hook="{{ look_up(\"set local work_mem = '256MB';\") }}",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

{#- goods are named in countless ways: a subject keeps the first that were used #}
{%- set most_names = 50 %}

with

declarations as {% if not is_incremental() %}not materialized {% endif %}(
    select * from {{ ref('int_declarations') }}
    {%- if is_incremental() %}
    where recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

reports as (select * from {{ ref('stg_enterprise_credit') }}),

batches as (select * from {{ ref('int_batches') }}),

-- one declaration to many subjects. Each kind is counted by itself: so many rows of so few subjects are not spread
-- out first, and the database may divide the work
declared as (
    {%- for kind, id, name, country in [
        ('party', 'importer_id', 'importer_name', "'CN'"),
        ('party', 'declarant_id', 'null::text', "'CN'"),
        ('party', 'seller_id', 'seller_name', 'null'),
        ('commodity', 'hs6', 'goods_name', 'null'),
        ('vessel', 'conveyance_id', 'conveyance_name', 'null'),
    ] %}
    select
        '{{ kind }}' as subject_kind,
        trim({{ id }}) as subject_id,
        nullif(trim({{ name }}), '') as subject_name,
        {{ country }}::text as country,
        min(known_at) as first_known_at,
        max(recorded_at) as recorded_at
    from declarations
    where trim({{ id }}) <> ''
    group by {{ id }}{% if name != 'null::text' %}, {{ name }}{% endif %}
    union all
    {%- endfor %}
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
    group by containers.container_number
),

{% if is_incremental() %}
-- a party that is known learns from new reports; one that is new, from all that were ever made
new_batches as (
    select * from batches
    where feed = 'enterprise_credit' and recorded_at > {{ newest_recorded() }}
),

heard_of as (
    select reports.*
    from reports
    where
        reports.{{ of_batches('new_batches') }}
        and exists (
            select 1 from {{ this }} as stored
            where stored.subject_kind = 'party' and stored.subject_id = reports.subject_uscc
        )
    union
    select reports.*
    from declared
    {{ probe(ref('stg_enterprise_credit'), 'subject_uscc', 'declared.subject_id') }} as reports
    where
        declared.subject_kind = 'party'
        and not exists (
            select 1 from {{ this }} as stored
            where stored.subject_kind = 'party' and stored.subject_id = declared.subject_id
        )
),
{% else %}
heard_of as (
    select * from reports
    where
        subject_uscc in (
            select declared.subject_id from declared
            where declared.subject_kind = 'party'
        )
),
{% endif %}

-- the register's names of parties that declare
registered as (
    select
        'party' as subject_kind,
        heard_of.subject_uscc as subject_id,
        trim(heard_of.enterprise_name) as subject_name,
        'CN' as country,
        min(heard_of.known_at) as first_known_at,
        max(batches.recorded_at) as recorded_at
    from heard_of
    inner join batches using (batch_id)
    group by heard_of.subject_uscc, trim(heard_of.enterprise_name)
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
