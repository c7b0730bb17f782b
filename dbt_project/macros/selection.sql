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

{#
    The rule of selection: lanes and inspections of each stratum, within what its office can inspect. It stands here
    once, for decisions and for their replay.

    placed: a CTE, one row per declaration: office_code, decided_on and decision_round (which make a stratum), stratum
    (its name), declaration_id, ranking_score, exploration_score, and the settings as exact numbers: inspection_rate,
    random_share, exploration_share, medium_rate, selection_seed. Yields the CTEs up to `decided`.
#}
{% macro selection(placed) -%}
{%- set stratum = 'office_code, decided_on, decision_round' -%}
strata as (
    select
        *,
        {{ draw('declaration_id', 'random inspection', 'selection_seed') }} as random_draw,
        {{ draw('declaration_id', 'order of equals', 'selection_seed') }} as tie_draw,
        count(*) over (partition by {{ stratum }}) as declarations_in_stratum,
        bool_or(ranking_score is not null) over (partition by {{ stratum }}) as has_ranking,
        bool_or(exploration_score is not null) over (partition by {{ stratum }}) as has_exploration
    from {{ placed }}
),

-- a fraction of an inspection is rounded by a draw, so that over time capacity is what was asked for
capacities as (
    select
        *,
        floor(inspection_rate * declarations_in_stratum + {{ draw('stratum', 'capacity', 'selection_seed') }})::int
            as capacity
    from strata
),

-- without a model nothing is known of a declaration: every inspection is drawn
random_capacities as (
    select
        *,
        case
            when has_ranking
                then floor(random_share * capacity + {{ draw('stratum', 'random share', 'selection_seed') }})::int
            else capacity
        end as random_capacity,
        case
            when has_ranking then inspection_rate * random_share
            else inspection_rate
        end::float8 as random_probability
    from capacities
),

exploration_capacities as (
    select
        *,
        case
            when has_exploration
                then least(
                    floor(
                        coalesce(exploration_share, 0) * capacity
                        + {{ draw('stratum', 'exploration share', 'selection_seed') }}
                    )::int,
                    capacity - random_capacity
                )
            else 0
        end as exploration_capacity
    from random_capacities
),

-- the random inspections are drawn first, among all
drawn as (
    select
        *,
        row_number() over (partition by {{ stratum }} order by random_draw, declaration_id) <= random_capacity as is_random
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
            partition by {{ stratum }}, is_random
            order by ranking_score desc nulls last, tie_draw asc, declaration_id asc
        ) as rank_among_others
    from drawn
),

-- then the best of the others, as many as the office can still inspect
targeted as (
    select
        *,
        not is_random
        and ranking_score is not null
        and rank_among_others <= capacity - random_capacity - exploration_capacity as is_targeted
    from ranked
),

cut as (
    select
        *,
        coalesce(max(score_rank) filter (where is_targeted) over (partition by {{ stratum }}), 0) as cutoff_rank
    from targeted
),

-- below the cut-off the last ones are spent where most is to be learned
placed_to_learn as (
    select
        *,
        row_number() over (
            partition by {{ stratum }}, score_rank <= cutoff_rank
            order by exploration_score desc nulls last, tie_draw asc, declaration_id asc
        ) as exploration_place,
        row_number() over (
            partition by {{ stratum }}, score_rank <= cutoff_rank, is_random
            order by exploration_score desc nulls last, tie_draw asc, declaration_id asc
        ) as exploration_place_among_others
    from cut
),

explored as (
    select
        *,
        not is_random
        and score_rank > cutoff_rank
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

-- down to either cut-off a declaration is inspected whatever is drawn; below them only if it is drawn
decided as (
    select
        *,
        case when score_rank > cutoff_rank then exploration_place end as exploration_rank,
        case
            when is_random then 'random'
            when is_targeted then 'targeted'
            when is_explored then 'exploration'
            else 'none'
        end as selected_by,
        case
            when score_rank <= cutoff_rank then 'high'
            when score_rank <= cutoff_rank + round(medium_rate * declarations_in_stratum) then 'medium'
            else 'low'
        end as lane,
        case
            when score_rank <= cutoff_rank or exploration_place <= exploration_cutoff then 1
            else random_probability
        end::float8 as selection_probability
    from cut_twice
)
{%- endmacro %}
