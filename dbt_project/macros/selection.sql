{#
    A number in [0, 1) that anyone can recompute: the first 32 bits of the MD5 of a text and the published seed.
    `purpose` makes draws for different questions independent of each other.
#}
{% macro draw(text, purpose, seed) -%}
    (('x' || substr(md5({{ text }} || '|{{ purpose }}|' || {{ seed }}), 1, 8))::bit(32)::bigint / 4294967296.0)::float8
{%- endmacro %}

{# The words of a conclusion's hazard factors, strongest first, in one language. #}
{% macro factor_words(hazard_factors, language, separator) -%}
    (
        select string_agg(factor.value ->> '{{ language }}', '{{ separator }}' order by factor.position)
        from jsonb_array_elements({{ hazard_factors }}) with ordinality as factor (value, position)
    )
{%- endmacro %}

{# Which claim on a declaration speaks first: what is mandatory, then analysts, then parameters, each by priority. #}
{% macro claim_order(claims) -%}
    array_position(array['mandatory', 'analyst', 'parameter'], {{ claims }}.claim), {{ claims }}.priority, {{ claims }}.claim_key
{%- endmacro %}

{#
    The rule of selection: lanes and inspections of each stratum, within what can be inspected of it. It stands here
    once, for decisions and for their replay.

    placed: a CTE, one row per declaration: decided_on, stratum (what is decided together), declaration_id, ranking_score, exploration_score; what claims it (claim: mandatory, analyst, parameter
    or null; claim_priority, the lower the sooner; wants_documents); and the settings as exact numbers:
    inspection_rate, random_share, claim_share, exploration_share, medium_rate, selection_seed. Yields the CTEs up to
    `decided`.

    Mandatory classes are inspected whatever it costs: what is left of the capacity is free, and never less than what
    the random share is due. Of the free inspections, random ones are drawn first, among all that are not mandatory;
    then claims of analysts and parameters are met up to their share, in the order of their priority; what is to be
    learned has its own share; the rest goes to the best ranked.
#}
{% macro selection(placed) -%}
{%- set stratum = 'decided_on, stratum' -%}
strata as (
    select
        *,
        coalesce(claim = 'mandatory', false) as is_mandatory,
        coalesce(claim in ('analyst', 'parameter'), false) as is_claim,
        {{ draw('declaration_id', 'random inspection', 'selection_seed') }} as random_draw,
        {{ draw('declaration_id', 'order of equals', 'selection_seed') }} as tie_draw,
        count(*) over (partition by {{ stratum }}) as declarations_in_stratum,
        count(*) filter (where claim = 'mandatory') over (partition by {{ stratum }}) as mandatory_in_stratum,
        count(*) filter (where claim in ('analyst', 'parameter')) over (partition by {{ stratum }})
            as claims_in_stratum,
        bool_or(ranking_score is not null) over (partition by {{ stratum }}) as has_ranking,
        bool_or(exploration_score is not null) over (partition by {{ stratum }}) as has_exploration
    from {{ placed }}
),

-- a fraction of an inspection is rounded by a draw, so that over time capacity is what was asked for
asked_capacities as (
    select
        *,
        inspection_rate * declarations_in_stratum as expected_capacity,
        floor(inspection_rate * declarations_in_stratum + {{ draw('stratum', 'capacity', 'selection_seed') }})::int
            as asked_capacity
    from strata
),

-- of what was asked for, chance is due its share
random_dues as (
    select
        *,
        floor(random_share * asked_capacity + {{ draw('stratum', 'random share', 'selection_seed') }})::int
            as random_due
    from asked_capacities
),

-- mandatory inspections may take all but what is due to chance
free_capacities as (
    select
        *,
        greatest(asked_capacity - mandatory_in_stratum, random_due)::int as free_capacity,
        greatest(expected_capacity - mandatory_in_stratum, random_share * expected_capacity) as expected_free
    from random_dues
),

claims_wanted as (
    select
        *,
        (mandatory_in_stratum + free_capacity)::int as capacity,
        least(
            claims_in_stratum,
            floor(coalesce(claim_share, 0) * free_capacity + {{ draw('stratum', 'claim share', 'selection_seed') }})
        )::int as claims_at_most
    from free_capacities
),

-- without a model nothing is known of a declaration: every inspection that nobody claims is drawn
random_capacities as (
    select
        *,
        case when has_ranking then random_due else greatest(free_capacity - claims_at_most, 0) end as random_capacity,
        least(
            case
                when has_ranking then random_share * expected_capacity
                else expected_free - least(coalesce(claim_share, 0) * expected_free, claims_in_stratum)
            end / greatest(declarations_in_stratum - mandatory_in_stratum, 1),
            1
        )::float8 as random_probability
    from claims_wanted
),

claim_capacities as (
    select
        *,
        least(claims_at_most, free_capacity - random_capacity) as claim_capacity
    from random_capacities
),

exploration_capacities as (
    select
        *,
        case
            when has_exploration
                then least(
                    floor(
                        coalesce(exploration_share, 0) * free_capacity
                        + {{ draw('stratum', 'exploration share', 'selection_seed') }}
                    )::int,
                    free_capacity - random_capacity - claim_capacity
                )
            else 0
        end as exploration_capacity
    from claim_capacities
),

-- the random inspections are drawn first, among all that are not inspected anyway
drawn as (
    select
        *,
        not is_mandatory
        and row_number() over (partition by {{ stratum }}, is_mandatory order by random_draw, declaration_id)
        <= random_capacity as is_random
    from exploration_capacities
),

-- equals are ordered by a draw of their own: it must not favour those drawn at random
ranked as (
    select
        *,
        row_number() over (
            partition by {{ stratum }}
            order by ranking_score desc nulls last, tie_draw asc, declaration_id asc
        ) as score_rank,
        row_number() over (
            partition by {{ stratum }}, is_claim
            order by claim_priority asc, ranking_score desc nulls last, tie_draw asc, declaration_id asc
        ) as claim_place,
        row_number() over (
            partition by {{ stratum }}, is_claim, is_random
            order by claim_priority asc, ranking_score desc nulls last, tie_draw asc, declaration_id asc
        ) as claim_place_among_others
    from drawn
),

claimed as (
    select
        *,
        is_claim and not is_random and claim_place_among_others <= claim_capacity as is_claimed
    from ranked
),

claims_cut as (
    select
        *,
        coalesce(max(claim_place) filter (where is_claimed) over (partition by {{ stratum }}), 0) as claim_cutoff,
        count(*) filter (where is_claimed) over (partition by {{ stratum }}) as claims_met,
        row_number() over (
            partition by {{ stratum }}, is_mandatory or is_random or is_claimed
            order by ranking_score desc nulls last, tie_draw asc, declaration_id asc
        ) as rank_among_others
    from claimed
),

-- then the best of the others, as many as the office can still inspect
targeted as (
    select
        *,
        not is_mandatory
        and not is_random
        and not is_claimed
        and ranking_score is not null
        and rank_among_others <= free_capacity - random_capacity - claims_met - exploration_capacity as is_targeted
    from claims_cut
),

cut as (
    select
        *,
        coalesce(max(score_rank) filter (where is_targeted) over (partition by {{ stratum }}), 0) as cutoff_rank
    from targeted
),

-- whatever is drawn, these are inspected
surely as (
    select
        *,
        is_mandatory or (is_claim and claim_place <= claim_cutoff) or score_rank <= cutoff_rank as is_sure
    from cut
),

-- of the others the last ones are spent where most is to be learned
placed_to_learn as (
    select
        *,
        row_number() over (
            partition by {{ stratum }}, is_sure
            order by exploration_score desc nulls last, tie_draw asc, declaration_id asc
        ) as exploration_place,
        row_number() over (
            partition by {{ stratum }}, is_sure, is_random
            order by exploration_score desc nulls last, tie_draw asc, declaration_id asc
        ) as exploration_place_among_others
    from surely
),

explored as (
    select
        *,
        not is_random
        and not is_sure
        and exploration_score is not null
        and exploration_place_among_others <= exploration_capacity as is_explored
    from placed_to_learn
),

cut_twice as (
    select
        *,
        coalesce(
            max(exploration_place) filter (where is_explored) over (partition by {{ stratum }}), 0
        ) as exploration_cutoff
    from explored
),

-- down to each cut-off a declaration is inspected whatever is drawn; below them only if it is drawn
decided as (
    select
        *,
        case when not is_sure then exploration_place end as exploration_rank,
        case
            when is_mandatory then 'mandatory'
            when is_random then 'random'
            when is_claimed then claim
            when is_targeted then 'targeted'
            when is_explored then 'exploration'
            else 'none'
        end as selected_by,
        case
            when is_sure then 'high'
            when
                coalesce(wants_documents, false)
                or score_rank <= cutoff_rank + round(medium_rate * declarations_in_stratum)
                then 'medium'
            else 'low'
        end as lane,
        case
            when is_sure or exploration_place <= exploration_cutoff then 1
            else random_probability
        end::float8 as selection_probability
    from cut_twice
)
{%- endmacro %}
