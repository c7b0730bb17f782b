with

codes as (
    select * from {{ ref('hs_codes') }}
    where digits = 6
),

chapters as (
    select * from {{ ref('hs_codes') }}
    where digits = 2
),

subjects as (
    select * from {{ ref('int_subjects') }}
    where subject_kind = 'commodity'
),

-- every code of an edition that is held here, and codes of other editions that were declared
known as (
    select
        codes.hs_edition,
        codes.hs_code as hs6,
        codes.section,
        codes.name_en,
        codes.name_zh,
        codes.source
    from codes
    union all
    select
        'other' as hs_edition,
        subjects.subject_id as hs6,
        null as section,
        null as name_en,
        null as name_zh,
        'declarations' as source
    from subjects
    where
        not exists (
            select 1 from codes as held
            where held.hs_code = subjects.subject_id
        )
),

-- one code to one chapter, and to what it was called when declared, if ever
final as (
    select
        known.hs_edition,
        known.hs6,
        left(known.hs6, 4) as heading,
        left(known.hs6, 2) as chapter,
        coalesce(known.section, chapters.section) as section,
        known.name_en,
        known.name_zh,
        chapters.name_en as chapter_name_en,
        chapters.name_zh as chapter_name_zh,
        coalesce(subjects.subject_names, array[]::text[]) as declared_names,
        subjects.subject_id is not null as is_declared,
        known.source
    from known
    left join chapters on left(known.hs6, 2) = chapters.hs_code
    left join subjects on known.hs6 = subjects.subject_id
)

select * from final
