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
    (its name), declaration_id, ranking_score, and the settings as exact numbers: inspection_rate, random_share,
    medium_rate, selection_seed. Yields the CTEs up to `decided`.
#}
{% macro selection(placed) -%}
{%- set stratum = 'office_code, decided_on, decision_round' -%}
strata as (
    select
        *,
        {{ draw('declaration_id', 'random inspection', 'selection_seed') }} as random_draw,
        {{ draw('declaration_id', 'order of equals', 'selection_seed') }} as tie_draw,
        count(*) over (partition by {{ stratum }}) as declarations_in_stratum,
        bool_or(ranking_score is not null) over (partition by {{ stratum }}) as has_ranking
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

-- the random inspections are drawn first, among all
drawn as (
    select
        *,
        row_number() over (partition by {{ stratum }} order by random_draw, declaration_id) <= random_capacity as is_random
    from random_capacities
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
        and rank_among_others <= capacity - random_capacity as is_targeted
    from ranked
),

cut as (
    select
        *,
        coalesce(max(score_rank) filter (where is_targeted) over (partition by {{ stratum }}), 0) as cutoff_rank
    from targeted
),

-- down to the cut-off a declaration is inspected whatever is drawn; below it only if it is drawn
decided as (
    select
        *,
        case
            when is_random then 'random'
            when is_targeted then 'targeted'
            else 'none'
        end as selected_by,
        case
            when score_rank <= cutoff_rank then 'high'
            when score_rank <= cutoff_rank + round(medium_rate * declarations_in_stratum) then 'medium'
            else 'low'
        end as lane,
        case when score_rank <= cutoff_rank then 1 else random_probability end::float8 as selection_probability
    from cut
)
{%- endmacro %}
