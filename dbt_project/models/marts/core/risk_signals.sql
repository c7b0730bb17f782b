-- Asked for one subject, this looks at that subject's signals only: each window is partitioned by the subject, so the
-- condition reaches the tables below.

with

signals as (select * from {{ ref('int_latest_signals') }}),

matches as (
    select * from {{ source('ops', 'subject_matches') }}
    where status = 'matched'
),

-- each table is named once per use: a part that is used twice would be computed whole, whatever is asked
other_signals as (
    select * from {{ ref('int_latest_signals') }}
    where is_adverse and is_in_force
),

other_matches as (
    select * from {{ source('ops', 'subject_matches') }}
    where status = 'matched'
),

candidates as (
    select * from {{ source('ops', 'subject_matches') }}
    where status = 'review'
),

reviews as (select * from {{ source('ops', 'match_reviews') }}),

resolved as (select * from {{ source('ops', 'resolved_mentions') }}),

-- the last word of a person on a match; it holds for whatever is told in the same words
verdicts as (
    select distinct on (coalesce(told_as, mention_id), subject_kind, subject_id)
        coalesce(told_as, mention_id) as told_as,
        subject_kind,
        subject_id,
        verdict
    from reviews
    order by coalesce(told_as, mention_id) asc, subject_kind asc, subject_id asc, reviewed_at desc
),

-- one mention to the subjects that it was matched with
matched as (
    select
        matches.mention_id,
        matches.subject_kind,
        matches.subject_id,
        matches.method,
        matches.matched_on,
        matches.score,
        coalesce(verdicts.verdict = 'same', false) as is_confirmed
    from matches
    left join resolved using (mention_id)
    left join verdicts
        on
            verdicts.told_as = coalesce(resolved.told_as, matches.mention_id)
            and matches.subject_kind = verdicts.subject_kind
            and matches.subject_id = verdicts.subject_id
),

waiting as (
    select
        mention_id,
        count(*) as candidates
    from candidates
    group by mention_id
),

-- one signal to each of its subjects; one without any stays, without a subject
about as (
    select
        signals.*,
        matched.subject_kind,
        matched.subject_id,
        matched.method,
        matched.matched_on,
        matched.score,
        matched.is_confirmed,
        coalesce(waiting.candidates, 0) as candidates_in_review,
        signals.is_adverse and signals.is_in_force as is_telling,
        -- the same goods from another country are another matter
        case when matched.subject_kind = 'commodity' then signals.country end as place,
        -- as a number of days, of which windows are quicker than of dates
        case
            when signals.is_adverse and signals.is_in_force and matched.subject_id is not null
                then signals.happened_on - date '2000-01-01'
        end as told_on,
        {{ preference('signals') }} as preference
    from signals
    left join matched using (mention_id)
    left join waiting using (mention_id)
),

-- which signal tells best of the same event, and of the same subject and domain within thirty days
ranked as (
    select
        *,
        min(preference) filter (where is_telling) over same_event as best_of_event,
        min(preference) filter (where is_telling) over same_month as best_of_month
    from about
    window
        same_event as (partition by subject_kind, subject_id, event_key),
        same_month as (
            partition by subject_kind, subject_id, risk_domain, place
            order by told_on range between 30 preceding and 30 following
        )
),

shadowed as (
    select
        *,
        is_telling and coalesce(
            (event_key is not null and {{ told_by('best_of_event') }} <> feed)
            or (told_on is not null and {{ told_by('best_of_month') }} <> feed),
            false
        ) as is_shadowed
    from ranked
),

-- and the best of those that are nobody's duplicate: so no duplicate leads to another one
settled as (
    select
        *,
        min(preference) filter (where is_telling and not is_shadowed) over same_event as counts_of_event,
        min(preference) filter (where is_telling and not is_shadowed) over same_month as counts_of_month
    from shadowed
    window
        same_event as (partition by subject_kind, subject_id, event_key),
        same_month as (
            partition by subject_kind, subject_id, risk_domain, place
            order by told_on range between 30 preceding and 30 following
        )
),

-- an event that is told without a subject, and of subjects by another feed: at most one row each
retold as (
    select
        settled.*,
        elsewhere.counts as counts_elsewhere
    from settled
    left join lateral (
        select min({{ preference('other_signals') }}) as counts
        from other_signals
        inner join other_matches using (mention_id)
        where
            settled.subject_id is null
            and settled.is_telling
            and other_signals.event_key = settled.event_key
            and other_signals.feed <> settled.feed
    ) as elsewhere on true
),

final as (
    select
        signal_id,
        feed,
        channel,
        risk_domain,
        subject_type,
        subject_kind,
        subject_id,
        title,
        severity,
        is_adverse,
        reliability,
        confidentiality,
        country,
        hs,
        happened_on,
        valid_from,
        valid_to,
        is_in_force,
        first_known_at,
        known_at,
        known_on,
        versions,
        case
            when counts_elsewhere is not null then {{ signal_of('counts_elsewhere') }}
            when not is_shadowed then null
            when event_key is not null and {{ told_by('counts_of_event') }} <> feed
                then {{ signal_of('counts_of_event') }}
            when told_on is not null and {{ told_by('counts_of_month') }} <> feed
                then {{ signal_of('counts_of_month') }}
        end as duplicate_of,
        event_key,
        mention_kind,
        mention_name,
        mention_aliases,
        mention_identifiers,
        mention_id,
        method as match_method,
        matched_on,
        score as match_score,
        case
            when is_confirmed then 'confirmed'
            when subject_id is not null then 'matched'
            when candidates_in_review > 0 then 'in_review'
            else 'unmatched'
        end as match_state,
        candidates_in_review,
        legal_basis,
        source_ref,
        is_backfill,
        batch_id,
        row_no
    from retold
)

select * from final
