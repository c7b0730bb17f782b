with

decisions as (select * from {{ ref('decisions') }}),

-- what went into the decisions, as it was stored. A session may ask for one declaration what would have been decided
-- at other scores: set customs_risk.replayed = its number, customs_risk.replayed_score and
-- customs_risk.replayed_exploration_score = the scores
placed as (
    select
        importer_id,
        declaration_id,
        office_code,
        decided_on,
        decision_round,
        stratum,
        case
            when declaration_id = current_setting('customs_risk.replayed', true)
                then nullif(current_setting('customs_risk.replayed_score', true), '')::float8
            else ranking_score
        end as ranking_score,
        case
            when declaration_id = current_setting('customs_risk.replayed', true)
                then nullif(current_setting('customs_risk.replayed_exploration_score', true), '')::float8
            else exploration_score
        end as exploration_score,
        claim,
        claim_priority,
        wants_documents,
        inspection_rate::numeric as inspection_rate,
        random_share::numeric as random_share,
        claim_share::numeric as claim_share,
        exploration_share::numeric as exploration_share,
        medium_rate::numeric as medium_rate,
        selection_seed,
        lane as stored_lane,
        selected_by as stored_selected_by,
        capacity as stored_capacity,
        random_capacity as stored_random_capacity,
        coalesce(claim_capacity, 0) as stored_claim_capacity,
        coalesce(exploration_capacity, 0) as stored_exploration_capacity,
        score_rank as stored_score_rank,
        cutoff_rank as stored_cutoff_rank,
        random_draw as stored_random_draw,
        random_probability as stored_random_probability,
        selection_probability as stored_selection_probability
    from decisions
),

{{ selection('placed') }},

final as (
    select
        importer_id,
        declaration_id,
        office_code,
        decided_on,
        decision_round,
        stratum,
        ranking_score,
        declarations_in_stratum,
        capacity,
        random_capacity,
        claim_capacity,
        exploration_capacity,
        score_rank,
        cutoff_rank,
        random_draw,
        lane,
        selected_by,
        selection_probability,
        coalesce(
            lane = stored_lane
            and selected_by = stored_selected_by
            and capacity = stored_capacity
            and random_capacity = stored_random_capacity
            and claim_capacity = stored_claim_capacity
            and exploration_capacity = stored_exploration_capacity
            and score_rank = stored_score_rank
            and cutoff_rank = stored_cutoff_rank
            and random_draw = stored_random_draw
            and random_probability = stored_random_probability
            and selection_probability = stored_selection_probability,
            false
        ) as is_same
    from decided
)

select * from final
