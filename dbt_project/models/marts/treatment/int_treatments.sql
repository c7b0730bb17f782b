{{
    config(
        schema='intermediate',
        contract={'enforced': false},
        materialized='incremental',
        tags=['instruct'],
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[
            {'columns': ['importer_id', 'declaration_id'], 'unique': true},
            {'columns': ['declaration_id']},
            {'columns': ['decided_at']},
        ],
    )
}}

with

decisions as (select * from {{ ref('decisions') }}),

conclusions as (select * from {{ ref('int_conclusions') }}),

declarations as (select * from {{ ref('int_declarations') }}),

matrix as (select * from {{ ref('treatment_matrix') }}),

measures as (select * from {{ source('ops', 'measure_states') }}),

-- one decision to its declaration and to the one conclusion that it was made from, each looked up: the planner takes a
-- join by two keys for one row, and would compare each of the decisions with each of the measures below. The lane is
-- the level at which a declaration is treated; before there is a model nothing is known of those that no lane asks for
decided as (
    select
        decisions.importer_id,
        decisions.declaration_id,
        decisions.office_code,
        decisions.decided_on,
        decisions.decided_at,
        decisions.as_of,
        decisions.lane,
        decisions.level,
        decisions.selected_by,
        case when decisions.lane = 'low' and decisions.level = 'unknown' then 'unknown' else decisions.lane end
            as treated_level,
        coalesce(declaration.importer_credit_tier, 'regular') as credit_tier,
        conclusion.risk_domain,
        declaration.declarant_id,
        declaration.seller_id,
        declaration.hs6,
        declaration.origin_country
    from decisions
    inner join lateral (
        select declarations.*
        from declarations
        where
            declarations.importer_id = decisions.importer_id
            and declarations.declaration_id = decisions.declaration_id
        order by declarations.known_at
        limit 1
    ) as declaration on true
    inner join lateral (
        select conclusions.*
        from conclusions
        where
            conclusions.importer_id = decisions.importer_id
            and conclusions.declaration_id = decisions.declaration_id
        order by conclusions.conclusion_no
        limit 1
    ) as conclusion on true
    {%- if is_incremental() %}
    where decisions.decided_at > (select coalesce(max(treated.decided_at), '-infinity') from {{ this }} as treated)
    {%- endif %}
),

-- one row of the matrix per decision: that of its domain, or else that for any
treated as (
    select
        decided.*,
        matched.matrix_version,
        matched.risk_domain as matrix_domain,
        matched.handling,
        string_to_array(coalesce(matched.extra_measures, ''), ';') as extra_measures,
        matched.legal_basis,
        matched.words_en,
        matched.words_zh
    from decided
    cross join lateral (
        select matrix.*
        from matrix
        where
            matrix.level = decided.treated_level
            and matrix.credit_tier = decided.credit_tier
            and matrix.risk_domain in (coalesce(decided.risk_domain, 'any'), 'any')
            and decided.decided_on >= matrix.valid_from
            and decided.decided_on <= coalesce(matrix.valid_to, 'infinity')
        order by matrix.risk_domain = 'any', matrix.matrix_version desc
        limit 1
    ) as matched
),

-- many measures to one decision: those in force on its parties, goods, origin or office when it became known, by the
-- system's own clock
concerned as (
    select
        treated.importer_id,
        treated.declaration_id,
        array_agg(distinct measures.measure_id order by measures.measure_id) as measure_ids
    from treated
    cross join
        lateral (
            values
            ('party', treated.importer_id),
            ('party', treated.declarant_id),
            ('party', treated.seller_id),
            ('commodity', treated.hs6),
            ('commodity_origin', treated.hs6 || '|' || treated.origin_country),
            ('country', treated.origin_country),
            ('office', treated.office_code),
            ('declaration', treated.declaration_id)
        ) as subject (subject_kind, subject_key)
    inner join measures using (subject_kind, subject_key)
    where
        measures.effective_from <= treated.as_of
        and treated.as_of < coalesce(measures.effective_to, 'infinity')
        -- of a country, the goods that its outbreak concerns
        and (
            measures.subject_kind <> 'country'
            or coalesce(measures.scope -> 'hs', '[]') = '[]'
            or measures.scope -> 'hs' ? left(treated.hs6, 4)
        )
    group by treated.importer_id, treated.declaration_id
),

final as (
    select
        treated.importer_id,
        treated.declaration_id,
        treated.office_code,
        treated.decided_on,
        treated.decided_at,
        treated.as_of,
        treated.lane,
        treated.level,
        treated.treated_level,
        treated.credit_tier,
        treated.risk_domain,
        treated.selected_by,
        treated.matrix_version,
        treated.matrix_domain,
        treated.handling,
        treated.extra_measures,
        treated.legal_basis,
        treated.words_en,
        treated.words_zh,
        coalesce(concerned.measure_ids, '{}') as measure_ids
    from treated
    left join concerned using (importer_id, declaration_id)
)

select * from final
