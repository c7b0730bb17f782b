with

assessments as (select * from {{ source('ops', 'expert_assessments') }}),

declarations as (select * from {{ ref('int_declarations') }}),

inspections as (select * from {{ ref('int_inspections') }}),

finding_types as (select * from {{ ref('finding_types') }}),

resolvable as (select distinct risk_domain from finding_types),

-- many results to one statement. A domain that no kind of finding belongs to is never resolved: that nothing was
-- found says nothing of it. Neither does a finding that nobody coded
results as (
    select
        assessments.assessment_id,
        min(inspections.known_at) as result_known_at,
        min(inspections.known_on) as result_known_on,
        case
            when bool_or(inspections.has_finding and finding_types.risk_domain = assessments.risk_domain) then true
            when bool_or(inspections.has_finding and finding_types.risk_domain is null) then null
            else false
        end as came_true
    from assessments
    inner join inspections
        on
            assessments.importer_id = inspections.importer_id
            and assessments.subject_key = inspections.declaration_id
    inner join resolvable on assessments.risk_domain = resolvable.risk_domain
    left join finding_types using (finding_type)
    group by assessments.assessment_id
),

known as (
    select
        assessments.*,
        results.result_known_on,
        results.came_true,
        coalesce(assessments.made_at < results.result_known_at, true) as is_foresight
    from assessments
    left join results using (assessment_id)
),

-- of several statements of an assessor on the same, the last before the result was known is held against it: nobody
-- knows it better afterwards, and nobody counts twice
ordered as (
    select
        *,
        row_number() over (
            partition by subject_kind, subject_key, risk_domain, assessor_id
            order by made_at desc, recorded_at desc
        ) = 1 as is_latest,
        row_number() over (
            partition by subject_kind, subject_key, risk_domain, assessor_id, is_foresight
            order by made_at desc, recorded_at desc
        ) = 1 as is_latest_of_its_time
    from known
),

-- one to one, or none of what is no declaration
final as (
    select
        ordered.assessment_id,
        ordered.assessor_id,
        ordered.subject_type,
        ordered.subject_kind,
        ordered.subject_key,
        ordered.importer_id,
        declarations.office_code,
        ordered.risk_domain,
        ordered.likelihood,
        ordered.likelihood_low,
        ordered.likelihood_high,
        ordered.severity,
        ordered.trend,
        ordered.level,
        ordered.hazard_factors_en,
        ordered.hazard_factors_zh,
        ordered.causes_en,
        ordered.causes_zh,
        ordered.evidence,
        ordered.method,
        ordered.made_at,
        ordered.is_latest,
        ordered.base_rate,
        ordered.result_known_on,
        ordered.came_true,
        ordered.is_foresight
        and ordered.is_latest_of_its_time
        and ordered.came_true is not null
        and ordered.base_rate is not null as is_on_record
    from ordered
    left join declarations
        on
            ordered.importer_id = declarations.importer_id
            and ordered.subject_key = declarations.declaration_id
)

select * from final
