with

-- one decision to the one declaration that it was made on
decided as materialized (
    select
        decisions.importer_id,
        decisions.declaration_id,
        decisions.office_code,
        decisions.decided_on,
        decisions.stratum,
        decisions.selected_by,
        decisions.selection_probability,
        decisions.random_probability,
        decisions.claim_key,
        decisions.likelihood,
        decisions.score_rank,
        declarations.declarant_id,
        declarations.seller_id,
        declarations.hs6,
        declarations.origin_country
    from treatment.decisions
    inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
    where
        decisions.decided_on
        between (select min(least(seeing.from_on, seeing.before_from_on)) from subjects as seeing) and %(month_end)s
),

-- several results of one declaration count together. What an audit found later says nothing of how it was selected
results as (
    select
        inspections.importer_id,
        inspections.declaration_id,
        bool_or(inspections.has_finding) as has_finding,
        coalesce(
            array_agg(finding_types.risk_domain)
            filter (where inspections.has_finding and finding_types.risk_domain is not null),
            '{}'
        ) as domains,
        coalesce(sum(inspections.officer_hours), 0)::float8 as officer_hours,
        coalesce(sum(inspections.additional_duty_cny), 0)::float8 as revenue_cny
    from intermediate.int_inspections as inspections
    left join reference.finding_types as finding_types using (finding_type)
    where
        not inspections.is_backfill
        and inspections.selected_by is distinct from 'audit'
        and inspections.known_at <= %(moment)s
        and inspections.known_on >= (
            select min(least(seeing.from_on, seeing.before_from_on)) from subjects as seeing
        )
    group by inspections.importer_id, inspections.declaration_id
),

-- to a result or none. What was inspected though nothing selected it was somebody's choice: it is no draw
looked_into as (
    select
        decided.*,
        results.declaration_id is not null as is_inspected,
        results.declaration_id is not null and decided.selected_by <> 'none' as is_sampled,
        results.has_finding,
        results.domains,
        results.officer_hours,
        results.revenue_cny
    from decided
    left join results using (importer_id, declaration_id)
),

-- a declaration may be a measure's subject in several ways: as its importer's, and as its declarant's
named as (
    select distinct
        subjects.subject_no,
        looked_into.importer_id,
        looked_into.declaration_id,
        looked_into.decided_on >= subjects.from_on as is_after
    from looked_into
    cross join
        lateral (
            values
            ('party', looked_into.importer_id),
            ('party', looked_into.declarant_id),
            ('party', looked_into.seller_id),
            ('commodity', left(looked_into.hs6, 2)),
            ('commodity', left(looked_into.hs6, 4)),
            ('commodity', looked_into.hs6),
            ('commodity_origin', left(looked_into.hs6, 2) || '|' || looked_into.origin_country),
            ('commodity_origin', left(looked_into.hs6, 4) || '|' || looked_into.origin_country),
            ('commodity_origin', looked_into.hs6 || '|' || looked_into.origin_country),
            ('country', looked_into.origin_country),
            ('office', looked_into.office_code)
        ) as subject (key_kind, key)
    inner join subjects using (key_kind, key)
    where
        (
            looked_into.decided_on between subjects.from_on and subjects.to_on
            or looked_into.decided_on between subjects.before_from_on and subjects.before_to_on
        )
        -- of a country, the goods that its outbreak concerns
        and (
            subjects.key_kind <> 'country'
            or coalesce(subjects.scope -> 'hs', '[]') = '[]'
            or subjects.scope -> 'hs' ? left(looked_into.hs6, 4)
        )
),

hit as (
    select * from named
    union all
    select
        subjects.subject_no,
        hits.importer_id,
        hits.declaration_id,
        true as is_after
    from ops.parameter_hits as hits
    inner join subjects
        on subjects.subject_kind = 'parameter'
            and hits.parameter_id = subjects.subject_id
            and hits.version = subjects.version
),

-- each hit to its decision: what is not decided yet is no hit yet
hits as (
    select
        subjects.subject_no,
        hit.is_after,
        looked_into.office_code,
        looked_into.is_inspected,
        looked_into.is_sampled,
        looked_into.officer_hours,
        looked_into.revenue_cny,
        looked_into.selection_probability = 1 as is_certain,
        1 / looked_into.selection_probability as weight,
        case
            when looked_into.is_inspected
                then coalesce(subjects.counted_domain = any(looked_into.domains), looked_into.has_finding)::int
        end as finding
    from hit
    inner join subjects using (subject_no)
    inner join looked_into using (importer_id, declaration_id)
    where not hit.is_after or looked_into.decided_on between subjects.from_on and subjects.to_on
),

groups as (
    select
        subject_no,
        is_after,
        is_certain,
        count(*) as hits,
        count(*) filter (where is_inspected) as inspected,
        coalesce(sum(finding), 0) as findings,
        count(*) filter (where is_sampled) as completed,
        coalesce(sum(weight) filter (where is_sampled), 0) as weight,
        coalesce(sum(weight ^ 2) filter (where is_sampled), 0) as squares,
        coalesce(sum(weight * finding) filter (where is_sampled), 0) as found,
        coalesce(sum(weight ^ 2 * finding) filter (where is_sampled), 0) as found_squares,
        coalesce(sum(officer_hours), 0) as officer_hours,
        coalesce(sum(revenue_cny), 0) as revenue_cny
    from hits
    group by subject_no, is_after, is_certain
),

offices as (
    select
        subject_no,
        office_code,
        count(*) as hits
    from hits
    where is_after
    group by subject_no, office_code
),

-- the stratum of a hit is its office while the subject was in force: each office speaks for as many declarations as
-- there are hits in it, and within it each random inspection for 1/p
random_inspections as (
    select
        offices.subject_no,
        coalesce(subjects.counted_domain = any(looked_into.domains), looked_into.has_finding)::int as finding,
        offices.hits / looked_into.random_probability / sum(1 / looked_into.random_probability) over (
            partition by offices.subject_no, offices.office_code
        ) as weight
    from offices
    inner join subjects using (subject_no)
    inner join looked_into
        on offices.office_code = looked_into.office_code
            and looked_into.decided_on between subjects.from_on and subjects.to_on
    where looked_into.selected_by = 'random' and looked_into.is_inspected and looked_into.random_probability > 0
),

random as (
    select
        subject_no,
        count(*) as completed,
        sum(finding) as findings,
        sum(weight) as weight,
        sum(weight ^ 2) as squares,
        sum(weight * finding) as found,
        sum(weight ^ 2 * finding) as found_squares
    from random_inspections
    group by subject_no
),

-- inspections that nothing but this claim asked for, as decisions tell it
claimed as (
    select
        subjects.subject_no,
        looked_into.*,
        count(*) over (
            partition by subjects.subject_no, looked_into.decided_on, looked_into.stratum
        ) as claims_in_stratum
    from looked_into
    inner join subjects using (claim_key)
    where
        looked_into.selected_by in ('parameter', 'mandatory')
        and looked_into.is_inspected
        and looked_into.decided_on between subjects.from_on and subjects.to_on
),

strata as (
    select distinct
        subject_no,
        decided_on,
        stratum,
        claims_in_stratum
    from claimed
),

-- without it their places would have gone to the best ranked, be they claimed or passed over. Where a mandatory class is
-- larger than what an office can inspect, capacity grows with it, and this is the most that it may have displaced
contenders as (
    select
        strata.subject_no,
        strata.claims_in_stratum,
        decided.selected_by,
        decided.likelihood,
        row_number() over (
            partition by strata.subject_no, strata.decided_on, strata.stratum
            order by decided.score_rank asc, decided.declaration_id asc
        ) as place
    from strata
    inner join decided using (decided_on, stratum)
    left join claimed
        on strata.subject_no = claimed.subject_no
            and decided.importer_id = claimed.importer_id
            and decided.declaration_id = claimed.declaration_id
    where decided.selected_by = 'none' or claimed.declaration_id is not null
),

displaced as (
    select
        subject_no,
        coalesce(sum(likelihood), 0) as findings_displaced
    from contenders
    where place <= claims_in_stratum and selected_by = 'none'
    group by subject_no
),

claims as (
    select
        claimed.subject_no,
        count(*) as claimed_inspections,
        count(*) filter (where claimed.has_finding) as claimed_findings
    from claimed
    group by claimed.subject_no
),

-- what was last said of the same: of a parameter's earlier version, or of the measure that this one adjusts, too
previous as (
    select distinct on (subjects.subject_no)
        subjects.subject_no,
        reviews.review_id,
        reviews.verdict,
        reviews.outcome
    from subjects
    inner join ops.reviews as reviews
        on subjects.subject_kind = reviews.subject_kind
            and (
                subjects.subject_id = reviews.subject_id
                or exists (
                    select 1 from ops.measures as adjusting
                    where adjusting.measure_id = subjects.subject_id and adjusting.supersedes = reviews.subject_id
                )
            )
            and coalesce(subjects.version >= reviews.version, true)
    where reviews.month_on < %(month_on)s
    order by
        subjects.subject_no asc,
        reviews.month_on desc,
        (subjects.subject_id = reviews.subject_id)::int desc,
        reviews.version desc nulls last
),

grouped as (
    select
        subject_no,
        jsonb_agg(to_jsonb(groups)) as groups
    from groups
    group by subject_no
),

-- one to one or none, each
final as (
    select
        subjects.*,
        previous.review_id as previous_review_id,
        previous.verdict as previous_verdict,
        previous.outcome as previous_outcome,
        coalesce(grouped.groups, '[]') as groups,
        to_jsonb(random) as random,
        coalesce(claims.claimed_inspections, 0) as claimed_inspections,
        coalesce(claims.claimed_findings, 0) as claimed_findings,
        coalesce(displaced.findings_displaced, 0)::float8 as findings_displaced
    from subjects
    left join previous using (subject_no)
    left join grouped using (subject_no)
    left join random using (subject_no)
    left join claims using (subject_no)
    left join displaced using (subject_no)
)

select * from final
order by subject_no
