{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[
            {'columns': ['decided_on', 'office_code']},
            {'columns': ['decided_at']},
            {'columns': ['assessed_at']},
        ],
    )
}}

-- who inspects together: an office, or the whole country
{%- set of_country = var('capacity_of') == 'country' %}
{%- set inspectors = "'all'" if of_country else 'office_code' %}
{%- set office_rate = 'coalesce(capacities.inspection_rate, ' ~ var('inspection_rate') ~ ')::numeric' %}

with

conclusions as (select * from {{ ref('int_conclusions') }}),

models as (select * from {{ ref('models') }}),

drift as (select * from {{ source('ml', 'drift') }}),

claims as (select * from {{ source('ops', 'claims') }}),

capacities as (select * from {{ source('ops', 'capacities_in_force') }}),

-- the further trade has moved away from what the active model learned, the more is spent on learning: one share, and
-- one more for each kind of drift that was beyond its threshold on the last day measured
exploration as (
    select
        least(
            {{ var('exploration_most') }}::numeric,
            {{ var('exploration_share') }}::numeric
            * (1 + count(distinct drift.measure) filter (where drift.is_beyond and drift.measure <> 'feature'))
        ) as exploration_share
    from drift
    inner join models using (model_version)
    where
        models.role = 'active'
        and drift.observed_on = (
            select max(newest.observed_on) from drift as newest
            where newest.model_version = models.model_version
        )
),

-- decided once: what has a decision is never looked at again. A conclusion is never more than a build behind, so
-- the last day of them is enough to look through
pending as (
    select
        conclusions.*,
        {{ inspectors }} as inspectors,
        {{ business_day('conclusions.as_of') }} as decided_on
    from conclusions
    {%- if is_incremental() %}
    where
        conclusions.assessed_at >= (
            select coalesce(max(decided.assessed_at) - interval '1 day', '-infinity') from {{ this }} as decided
        )
        and not exists (
            select 1 from {{ this }} as decided
            where
                decided.importer_id = conclusions.importer_id
                and decided.declaration_id = conclusions.declaration_id
        )
    {%- endif %}
),

{% if is_incremental() %}
earlier_rounds as materialized (
    select
        {{ inspectors }} as inspectors,
        decided_on,
        max(decision_round) as decision_round
    from {{ this }}
    where decided_on >= (select min(pending.decided_on) from pending)
    group by inspectors, decided_on
),
{% else %}
earlier_rounds as (
    select
        null::text as inspectors,
        null::date as decided_on,
        0 as decision_round
),
{% endif %}

{%- set in_order = claim_order('claims') %}
-- a stratum is what is decided together: an office's pending declarations of one day, or those of all offices (what
-- is assessed later on the same day makes a further round); its day to one earlier round, an office to the one capacity
-- that was approved for its month, or to none: then the setting holds; one declaration to many claims, looked up by
-- their key: the first in order speaks, all are kept. Claims are made just before decisions
placed as (
    select
        pending.*,
        claims_on.claim,
        claims_on.claim_priority,
        claims_on.claim_key,
        claims_on.claim_keys,
        claims_on.claim_en,
        claims_on.claim_zh,
        coalesce(claims_on.wants_documents, false) as wants_documents,
        coalesce(earlier_rounds.decision_round, 0) + 1 as decision_round,
        concat_ws(
            '/', pending.inspectors, pending.decided_on, coalesce(earlier_rounds.decision_round, 0) + 1
        ) as stratum,
        {% if of_country -%}
        round(avg({{ office_rate }}) over (partition by pending.decided_on), 6)
        {%- else -%}
        {{ office_rate }}
        {%- endif %} as inspection_rate,
        {{ var('random_share') }}::numeric as random_share,
        {{ var('claim_share') }}::numeric as claim_share,
        exploration.exploration_share,
        {{ var('medium_rate') }}::numeric as medium_rate,
        '{{ var("selection_seed") }}' as selection_seed
    from pending
    left join lateral (
        select
            string_agg(claims.claim_key, ' ' order by claims.claim_key) as claim_keys,
            bool_or(claims.wants = 'documents') as wants_documents,
            (array_agg(claims.claim order by {{ in_order }}) filter (where claims.wants = 'inspection'))[1] as claim,
            (array_agg(claims.priority order by {{ in_order }}) filter (where claims.wants = 'inspection'))[1]
                as claim_priority,
            (array_agg(claims.claim_key order by {{ in_order }}))[1] as claim_key,
            (array_agg(claims.words_en order by {{ in_order }}))[1] as claim_en,
            (array_agg(claims.words_zh order by {{ in_order }}))[1] as claim_zh
        from claims
        where claims.importer_id = pending.importer_id and claims.declaration_id = pending.declaration_id
    ) as claims_on on true
    left join earlier_rounds using (inspectors, decided_on)
    left join capacities
        on
            pending.office_code = capacities.office_code
            and capacities.month_on = date_trunc('month', pending.decided_on)::date
    cross join exploration
),

{{ selection('placed') }},

placed_in_words as (
    select
        *,
        format(
            'ranked %s of %s in {{ 'all offices' if of_country else 'office %s' }}, which can inspect %s',
            score_rank, declarations_in_stratum, {{ 'office_code, ' if not of_country }}capacity
        ) as place_en,
        format(
            '在{{ '全部' if of_country else '%s' }}关区%s份中排第%s位（可查验%s份）',
            {{ 'office_code, ' if not of_country }}declarations_in_stratum, score_rank, capacity
        ) as place_zh,
        round(100 * random_probability::numeric, 2) as random_pct
    from decided
),

worded as (
    select
        *,
        case
            when selected_by = 'mandatory' then format('Of a class that is always inspected: %s', claim_en)
            when selected_by = 'analyst' then format('Asked for by an analyst (%s): %s', claim_key, claim_en)
            when selected_by = 'parameter' then format('Meets risk parameter %s: %s', claim_key, claim_en)
            when selected_by = 'targeted'
                then format('Targeted: %s', place_en)
            when selected_by = 'exploration'
                then format('To learn: little is known of goods like these, and a finding would weigh; %s', place_en)
            when selected_by = 'random'
                then format('Drawn at random with probability %s %%, to measure what targeting misses', random_pct)
            when ranking_score is null then 'Not inspected: not drawn, and there was no model to rank by'
            else format('Not inspected: %s', place_en)
        end as reason_en,
        case
            when selected_by = 'mandatory' then format('属必查类别：%s', claim_zh)
            when selected_by = 'analyst' then format('应分析人员要求（%s）：%s', claim_key, claim_zh)
            when selected_by = 'parameter' then format('命中风险参数%s：%s', claim_key, claim_zh)
            when selected_by = 'targeted'
                then format('精准布控：%s', place_zh)
            when selected_by = 'exploration'
                then format('探索性布控：此类货物所知甚少，且一旦查获影响较大；%s', place_zh)
            when selected_by = 'random' then format('随机布控，概率%s%%，用于衡量精准布控的遗漏', random_pct)
            when ranking_score is null then '不查验：未被抽中，且尚无模型可供排序'
            else format('不查验：%s', place_zh)
        end as reason_zh
    from placed_in_words
),

final as (
    select
        importer_id,
        declaration_id,
        office_code,
        decided_on,
        decision_round,
        stratum,
        lane,
        selected_by,
        reason_en,
        reason_zh,
        level,
        likelihood,
        expected_revenue_cny,
        ranking_score,
        exploration_score,
        model_version,
        as_of,
        assessed_at,
        claim,
        claim_priority,
        claim_key,
        claim_keys,
        wants_documents,
        declarations_in_stratum,
        mandatory_in_stratum,
        asked_capacity,
        capacity,
        random_capacity,
        claim_capacity,
        exploration_capacity,
        score_rank,
        cutoff_rank,
        exploration_rank,
        random_draw,
        random_probability,
        selection_probability,
        inspection_rate::float8 as inspection_rate,
        random_share::float8 as random_share,
        claim_share::float8 as claim_share,
        exploration_share::float8 as exploration_share,
        medium_rate::float8 as medium_rate,
        selection_seed,
        now() as decided_at
    from worded
)

select * from final
