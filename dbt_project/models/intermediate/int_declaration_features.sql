{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        full_refresh=false,
        indexes=[
            {'columns': ['importer_id', 'declaration_id'], 'unique': true},
            {'columns': ['declaration_id']},
            {'columns': ['known_on']},
            {'columns': ['recorded_at']},
        ],
        sql_header="set local work_mem = '64MB';",
        post_hook="{% if not is_incremental() %}analyze {{ this }}{% endif %}"
    )
}}

{%- set risk = ref('int_risk_profiles') %}
{%- set activity = ref('int_activity_profiles') %}
{%- set signals = ref('int_signal_profiles') %}
{%- set recent_kinds = ['importer', 'hs6_origin'] %}

-- loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

declarations as (
    select
        *,
        round(ln(declared_value_cny / net_mass_kg), 6) as log_unit_value,
        round(ln(net_mass_kg), 6) as log_mass
    from {{ ref('int_declarations') }}
    {%- if is_incremental() %}
    where recorded_at > {{ newest_recorded() }}
    {%- endif %}
),

-- each look-up gives one row or none: the grain stays one row per declaration
looked_up as (
    select
        declarations.importer_id,
        declarations.declaration_id,
        declarations.known_on,
        declarations.is_backfill,
        declarations.recorded_at,
        declarations.importer_credit_tier,
        declarations.tax_rate_pct,
        declarations.declared_value_cny,
        declarations.net_mass_kg,
        declarations.log_unit_value,
        declarations.log_mass,
        declarations.seller_id,
        everyone.findings::float8 / everyone.inspections as base_rate,
        everyone.revenue_cny::float8 / everyone.inspections as base_revenue_cny,
        {%- for kind in risk_profile_keys() %}
        risk_{{ kind }}.inspections as inspections_{{ kind }},
        risk_{{ kind }}.findings as findings_{{ kind }},
        {%- endfor %}
        {%- for kind in recent_kinds %}
        risk_{{ kind }}.inspections - coalesce(past_{{ kind }}.inspections, 0) as recent_inspections_{{ kind }},
        risk_{{ kind }}.findings - coalesce(past_{{ kind }}.findings, 0) as recent_findings_{{ kind }},
        {%- endfor %}
        risk_importer.revenue_cny as revenue_cny_importer,
        risk_hs6_origin.revenue_cny as revenue_cny_hs6_origin,
        {%- for kind in activity_profile_keys() %}
        coalesce(activity_{{ kind }}.declarations, 0) as declarations_{{ kind }},
        {%- endfor %}
        activity_hs6_origin.log_unit_value_sum as log_unit_value_sum_hs6_origin,
        activity_hs6_origin.log_unit_value_square_sum as log_unit_value_square_sum_hs6_origin,
        activity_hs6_origin.log_mass_sum as log_mass_sum_hs6_origin,
        activity_hs6_origin.log_mass_square_sum as log_mass_square_sum_hs6_origin,
        activity_importer_hs6.log_unit_value_sum as log_unit_value_sum_importer_hs6,
        activity_importer_hs6.log_unit_value_square_sum as log_unit_value_square_sum_importer_hs6,
        notices.signals as notices,
        coalesce(listed_importer.signals, 0) + coalesce(listed_seller.signals, 0) as watch_list_matches,
        monitoring.signals as monitoring_samples,
        monitoring.adverse_signals as monitoring_failures
    from declarations
    {{ as_of(risk, 'all', "'all'", 'declarations.known_on') }} as everyone on true
    {%- for kind, parts in risk_profile_keys().items() %}
    {{ as_of(risk, kind, profile_key(parts, 'declarations'), 'declarations.known_on') }} as risk_{{ kind }} on true
    {%- endfor %}
    {%- for kind in recent_kinds %}
    {{ as_of(risk, kind, profile_key(risk_profile_keys()[kind], 'declarations'), 'declarations.known_on - 28') }}
    as past_{{ kind }} on true
    {%- endfor %}
    {%- for kind, parts in activity_profile_keys().items() %}
    {{ as_of(activity, kind, profile_key(parts, 'declarations'), 'declarations.known_on') }}
    as activity_{{ kind }} on true
    {%- endfor %}
    {{ as_of(signals, 'government_notice', 'declarations.importer_id', 'declarations.known_on') }} as notices on true
    {{ as_of(signals, 'watch_list', 'declarations.importer_id', 'declarations.known_on') }} as listed_importer on true
    {{ as_of(signals, 'watch_list', 'declarations.seller_id', 'declarations.known_on') }} as listed_seller on true
    {{ as_of(signals, 'monitoring', profile_key(['hs6', 'origin_country'], 'declarations'), 'declarations.known_on') }}
    as monitoring on true
),

features as (
    select
        importer_id,
        declaration_id,
        known_on,
        is_backfill,
        recorded_at,
        ln(declared_value_cny)::float8 as log_value,
        log_mass::float8 as log_mass,
        log_unit_value::float8 as log_unit_value,
        tax_rate_pct::float8 as tax_rate_pct,
        array_position(
            array['advanced_certified', 'certified', 'regular', 'dishonest', 'seriously_dishonest'],
            importer_credit_tier
        )::float8 as credit_tier_rank,
        base_rate as rate_all,
        {%- for kind in risk_profile_keys() %}
        {{ smoothed('findings_' ~ kind, 'inspections_' ~ kind, 'base_rate') }} as rate_{{ kind }},
        ln(1 + coalesce(inspections_{{ kind }}, 0))::float8 as log_inspections_{{ kind }},
        {%- endfor %}
        {{ nested_rate(['hs6', 'hs6_origin', 'route', 'consignment'], 'base_rate') }} as rate_goods,
        {%- for kind in recent_kinds %}
        {{ smoothed('recent_findings_' ~ kind, 'recent_inspections_' ~ kind, 'base_rate') }} as recent_rate_{{ kind }},
        {%- endfor %}
        {%- for kind in ['importer', 'hs6_origin'] %}
        ln(1 + {{ smoothed('revenue_cny_' ~ kind, 'inspections_' ~ kind, 'base_revenue_cny') }})
            as revenue_per_inspection_{{ kind }},
        {%- endfor %}
        ln(1 + declarations_importer)::float8 as log_declarations_importer,
        ln(1 + declarations_importer_hs6)::float8 as log_declarations_importer_hs6,
        ln(1 + declarations_consignment)::float8 as log_declarations_consignment,
        (declarations_importer_hs6 = 0)::int::float8 as is_first_importer_hs6,
        (declarations_importer_origin = 0)::int::float8 as is_first_importer_origin,
        case when seller_id is not null then (declarations_seller_importer = 0)::int::float8 end
            as is_first_seller_importer,
        {{ z_score(
            'log_unit_value', 'log_unit_value_sum_hs6_origin', 'log_unit_value_square_sum_hs6_origin',
            'declarations_hs6_origin',
        ) }} as price_z,
        {{ z_score(
            'log_mass', 'log_mass_sum_hs6_origin', 'log_mass_square_sum_hs6_origin', 'declarations_hs6_origin',
        ) }} as mass_z,
        {{ z_score(
            'log_unit_value', 'log_unit_value_sum_importer_hs6', 'log_unit_value_square_sum_importer_hs6',
            'declarations_importer_hs6',
        ) }} as price_z_importer_hs6,
        (coalesce(notices, 0) > 0)::int::float8 as has_government_notice,
        (watch_list_matches > 0)::int::float8 as has_watch_list_match,
        {{ smoothed('monitoring_failures', 'monitoring_samples', var('monitoring_prior')) }} as monitoring_fail_rate,
        ln(1 + coalesce(monitoring_samples, 0))::float8 as log_monitoring_samples
    from looked_up
)

select * from features
