{#
    What the rules of enforcement supervision share. A rule of officers says which acts it looks at (trials) and which
    of them are of the kind it minds (hits); what follows is the same for all: each officer is held against all others,
    by the probability of as many hits if the officer were like them, and of that probability by the share of false
    alarms that is accepted among all officers who are looked at (Benjamini and Hochberg).

    A hint is decided once and kept: its number follows from rule, subject and case, and what is kept is never looked
    at again. Rules look at a window of days (hint_rules.window_days), so that a build costs what the window holds,
    however long the history is.
#}

{# e to the power of something negative; what no double holds is an error to the database, and nothing here. #}
{% macro small_exp(power) -%}
    exp(greatest(({{ power }})::float8, -700))
{%- endmacro %}

{# Probability of at least `hits` in `trials`, each with the probability `share`. #}
{% macro binomial_tail(hits, trials, share) -%}
    (
        select least(sum({{ small_exp(
            'lgamma(' ~ trials ~ ' + 1.0) - lgamma(n + 1.0) - lgamma(' ~ trials ~ ' - n + 1.0)'
            ~ ' + n * ln(' ~ share ~ '::float8) + (' ~ trials ~ ' - n) * ln(1 - ' ~ share ~ '::float8)'
        ) }}), 1)::float8
        from generate_series({{ hits }}, {{ trials }}) as n
    )
{%- endmacro %}

{# Probability of at most `hits` where `expected` are expected. #}
{% macro poisson_low_tail(hits, expected) -%}
    (
        select least(sum({{ small_exp('n * ln(' ~ expected ~ ') - ' ~ expected ~ ' - lgamma(n + 1.0)') }}), 1)::float8
        from generate_series(0, {{ hits }}) as n
    )
{%- endmacro %}

{# The share of false alarms among everything that is at least as unlikely, of `tested` in each family. #}
{% macro false_alarm_share(tail_probability, tested, family) -%}
    least(min({{ tail_probability }} * {{ tested }} / likely_rank) over (
        partition by {{ family }} order by {{ tail_probability }} desc
    ), 1)::float8
{%- endmacro %}

{# Working days (Monday to Friday) after one day, up to another; holidays are not told apart. #}
{% macro working_days(after_day, to_day) -%}
    (
        select count(*)
        from generate_series({{ after_day }} + 1, {{ to_day }}, interval '1 day') as every_day (moment)
        where extract(isodow from every_day.moment) < 6
    )
{%- endmacro %}

{% macro hours(interval) -%}
    (extract(epoch from {{ interval }}) / 3600)::float8
{%- endmacro %}

{# The quarter of the newest fact that speaks: what goes on is told anew in each, what has ceased is not. #}
{% macro quarter(known_at) -%}
    to_char({{ business_day(known_at) }}, 'YYYY"Q"Q')
{%- endmacro %}

{# A row of a delivery, as evidence. #}
{% macro source_row(relation) -%}
    jsonb_build_object('declaration_id', {{ relation }}.declaration_id, 'batch_id', {{ relation }}.batch_id, 'row_no', {{ relation }}.row_no)
{%- endmacro %}

{% macro supervised_day() -%}
    supervised_day as (
        select
            {{ moment() }} as moment,
            {{ business_day(moment()) }} as business_day
    )
{%- endmacro %}

{#
    From trials (rule_code, officer_id, office_code, is_hit, declaration_id, batch_id, row_no, known_at) to what is seen
    of officers: a CTE officers_seen, in the shape of every hint. One row of trials per act.
#}
{% macro officers_seen(trials) -%}
    officers_counted as (
        select
            trials.rule_code,
            trials.officer_id,
            min(trials.office_code) as office_code,
            count(*) as trials,
            count(*) filter (where trials.is_hit) as hits,
            jsonb_agg({{ source_row('trials') }} order by trials.known_at, trials.row_no)
                filter (where trials.is_hit) as sources,
            (array_agg(trials.batch_id order by trials.known_at desc) filter (where trials.is_hit))[1] as batch_id,
            max(trials.known_at) filter (where trials.is_hit) as known_at
        from {{ trials }} as trials
        where trials.officer_id is not null
        group by trials.rule_code, trials.officer_id
    ),

    -- all others together; a half is added, so that what nobody did is unlikely and not impossible
    officers_and_others as (
        select
            officers_counted.*,
            (sum(hits) over of_rule - hits + 0.5) / (sum(trials) over of_rule - trials + 1.0) as others_share,
            count(*) over of_rule as tested
        from officers_counted
        window of_rule as (partition by rule_code)
    ),

    officers_tested as (
        select
            *,
            {{ binomial_tail('hits', 'trials', 'others_share') }} as tail_probability
        from officers_and_others
    ),

    officers_ranked as (
        select
            *,
            rank() over (partition by rule_code order by tail_probability) as likely_rank
        from officers_tested
    ),

    officers_judged as (
        select
            *,
            {{ false_alarm_share('tail_probability', 'tested', 'rule_code') }} as q_value
        from officers_ranked
    ),

    -- many officers to one rule
    officers_seen as (
        select
            rules.rule_code,
            'officer' as subject_type,
            judged.officer_id as subject_key,
            judged.office_code,
            {{ quarter('judged.known_at') }} as case_key,
            judged.hits::float8 as observed,
            (judged.trials * judged.others_share)::float8 as expected,
            judged.trials,
            judged.tail_probability,
            judged.q_value,
            judged.tested,
            jsonb_build_object('others_share', round(judged.others_share, 4), 'sources', judged.sources) as evidence,
            judged.batch_id,
            judged.known_at
        from officers_judged as judged
        inner join rules using (rule_code)
        where
            judged.hits >= rules.minimum_count
            and judged.hits >= rules.least_ratio * judged.trials * judged.others_share
            and judged.q_value <= rules.max_false_share
    )
{%- endmacro %}

{#
    The same of pairs: whether an officer deals with a party more often than chance would have it, given the officer's
    share of all the rest of the office. Trials have party_id in place of is_hit. Only parties with enough acts are
    looked at; how often with whom does not decide on that.
#}
{% macro pairs_seen(trials) -%}
    pairs_counted as (
        select
            trials.rule_code,
            trials.office_code,
            trials.officer_id,
            trials.party_id,
            count(*) as hits,
            jsonb_agg({{ source_row('trials') }} order by trials.known_at, trials.row_no) as sources,
            (array_agg(trials.batch_id order by trials.known_at desc))[1] as batch_id,
            max(trials.known_at) as known_at
        from {{ trials }} as trials
        where trials.officer_id is not null and trials.party_id is not null
        group by trials.rule_code, trials.office_code, trials.officer_id, trials.party_id
    ),

    pairs_and_totals as (
        select
            pairs_counted.*,
            sum(hits) over (partition by rule_code, office_code, party_id) as trials,
            sum(hits) over (partition by rule_code, office_code, officer_id) as of_officer,
            sum(hits) over (partition by rule_code, office_code) as of_office
        from pairs_counted
    ),

    pairs_of_offices as (
        select
            totals.rule_code,
            totals.office_code,
            count(distinct totals.officer_id) as officers,
            count(distinct totals.party_id) filter (where totals.trials >= rules.minimum_count) as parties
        from pairs_and_totals as totals
        inner join rules using (rule_code)
        group by totals.rule_code, totals.office_code
    ),

    -- every officer of an office could have met every party there
    pairs_possible as (
        select
            rule_code,
            sum(officers * parties) as tested
        from pairs_of_offices
        group by rule_code
    ),

    pairs_expected as (
        select
            totals.*,
            pairs_possible.tested,
            (totals.of_officer - totals.hits + 0.5) / (totals.of_office - totals.trials + 1.0) as others_share
        from pairs_and_totals as totals
        inner join rules using (rule_code)
        inner join pairs_possible using (rule_code)
        where totals.trials >= rules.minimum_count and totals.of_office > totals.trials + totals.of_officer - totals.hits
    ),

    pairs_tested as (
        select
            *,
            {{ binomial_tail('hits', 'trials', 'others_share') }} as tail_probability
        from pairs_expected
    ),

    pairs_ranked as (
        select
            *,
            rank() over (partition by rule_code order by tail_probability) as likely_rank
        from pairs_tested
    ),

    pairs_judged as (
        select
            *,
            {{ false_alarm_share('tail_probability', 'tested', 'rule_code') }} as q_value
        from pairs_ranked
    ),

    -- many pairs to one rule
    pairs_seen as (
        select
            rules.rule_code,
            'officer' as subject_type,
            judged.officer_id as subject_key,
            judged.office_code,
            judged.party_id || '|' || {{ quarter('judged.known_at') }} as case_key,
            judged.hits::float8 as observed,
            (judged.trials * judged.others_share)::float8 as expected,
            judged.trials::bigint as trials,
            judged.tail_probability,
            judged.q_value,
            judged.tested::bigint as tested,
            jsonb_build_object(
                'party_id', judged.party_id, 'others_share', round(judged.others_share, 4), 'sources', judged.sources
            ) as evidence,
            judged.batch_id,
            judged.known_at
        from pairs_judged as judged
        inner join rules using (rule_code)
        where
            judged.hits >= rules.minimum_count
            and judged.hits >= rules.least_ratio * judged.trials * judged.others_share
            and judged.q_value <= rules.max_false_share
    )
{%- endmacro %}

{# The words of a hint: those of its rule, with the numbers put in. #}
{% macro hint_words(template) -%}
    replace(replace(replace(replace({{ template }},
        '{observed}', round(seen.observed::numeric, 1)::text),
        '{expected}', coalesce(round(seen.expected::numeric, 1)::text, '–')),
        '{trials}', coalesce(seen.trials::text, '–')),
        '{parameter}', coalesce(trim_scale(rules.parameter)::text, '–'))
{%- endmacro %}

{# From what is seen now to the hints that are new. One row per hint; a subject's case is told once. #}
{% macro new_hints(seen) -%}
    numbered as (
        select distinct on (hint_id)
            md5(concat_ws('|', seen.rule_code, seen.subject_type, seen.subject_key, seen.case_key)) as hint_id,
            seen.rule_code,
            seen.subject_type,
            seen.subject_key,
            seen.office_code,
            seen.case_key,
            seen.observed,
            seen.expected,
            seen.trials,
            seen.tail_probability,
            seen.q_value,
            seen.tested,
            seen.evidence,
            {{ hint_words('rules.words_en') }} as words_en,
            {{ hint_words('rules.words_zh') }} as words_zh,
            supervised_day.business_day as first_seen_on,
            supervised_day.moment as first_seen_at,
            seen.batch_id,
            seen.known_at
        from {{ seen }} as seen
        inner join rules using (rule_code)
        cross join supervised_day
        order by hint_id asc, seen.observed desc
    ),

    final as (
        select numbered.* from numbered
        {%- if is_incremental() %}
        where
            not exists (
                select 1 from {{ this }} as kept
                where kept.hint_id = numbered.hint_id
            )
        {%- endif %}
    )
{%- endmacro %}
