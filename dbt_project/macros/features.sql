{#
    What is known of declarations on a day: the one place that says how each feature comes about.

    declarations: a CTE of declarations, with the logarithms of log_measures(). day: an SQL expression over it, the
    day up to which (exclusive) facts count: the day on which a declaration was known itself when it is scored, any
    other in a replay. also: further columns to carry along. Yields the CTEs up to `features`, one row per
    declaration; what stands in the table of features and what is recomputed of it come from the same text, so they
    are the same to the last bit.
#}
{% macro declaration_features(declarations, day, also=[]) -%}
{%- set risk = ref('int_risk_profiles') %}
{%- set activity = ref('int_activity_profiles') %}
{%- set signals = ref('int_signal_profiles') %}
{%- set origins = ref('int_origin_profiles') %}
{%- set recent_kinds = ['importer', 'hs6_origin'] -%}
-- each look-up gives one row or none: the grain stays one row per declaration
looked_up as (
    select
        declarations.importer_id,
        declarations.declaration_id,
        {%- for column in also %}
        declarations.{{ column }},
        {%- endfor %}
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
        declarations.departure_country,
        declarations.origin_country,
        declarations.transport_mode,
        declarations.container_numbers,
        declarations.licence_count,
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
        coalesce(activity_hs6_origin.licensed, 0) as licensed_hs6_origin,
        coalesce(origin.signals, 0) - coalesce(past_origin.signals, 0) as origin_signals,
        notices.signals as notices,
        coalesce(listed_importer.signals, 0) + coalesce(listed_seller.signals, 0) as watch_list_matches,
        monitoring.signals as monitoring_samples,
        monitoring.adverse_signals as monitoring_failures
    from {{ declarations }} as declarations
    {{ as_of(risk, 'all', "'all'", day) }} as everyone on true
    {%- for kind, parts in risk_profile_keys().items() %}
    {{ as_of(risk, kind, profile_key(parts, 'declarations'), day) }} as risk_{{ kind }} on true
    {%- endfor %}
    {%- for kind in recent_kinds %}
    {{ as_of(risk, kind, profile_key(risk_profile_keys()[kind], 'declarations'), day ~ ' - 28') }}
    as past_{{ kind }} on true
    {%- endfor %}
    {%- for kind, parts in activity_profile_keys().items() %}
    {{ as_of(activity, kind, profile_key(parts, 'declarations'), day) }}
    as activity_{{ kind }} on true
    {%- endfor %}
    {{ as_of(signals, 'government_notice', 'declarations.importer_id', day) }} as notices on true
    {{ as_of(signals, 'watch_list', 'declarations.importer_id', day) }} as listed_importer on true
    {{ as_of(signals, 'watch_list', 'declarations.seller_id', day) }} as listed_seller on true
    {{ as_of(signals, 'monitoring', profile_key(['hs6', 'origin_country'], 'declarations'), day) }}
    as monitoring on true
    {{ as_of(origins, 'origin', 'declarations.origin_country', day) }} as origin on true
    {{ as_of(origins, 'origin', 'declarations.origin_country', day ~ ' - 365') }} as past_origin on true
),

features as (
    select
        importer_id,
        declaration_id,
        {%- for column in also %}
        {{ column }},
        {%- endfor %}
        known_on,
        is_backfill,
        recorded_at,
        ln(declared_value_cny)::float8 as log_value,
        log_mass::float8 as log_mass,
        log_unit_value::float8 as log_unit_value,
        tax_rate_pct::float8 as tax_rate_pct,
        array_position({{ tier_codes() }}, importer_credit_tier)::float8 as credit_tier_rank,
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
        ln(1 + coalesce(monitoring_samples, 0))::float8 as log_monitoring_samples,
        licence_count::float8 as licence_count,
        case when licence_count is not null then (licence_count = 0 and licensed_hs6_origin > 0)::int::float8 end
            as is_licence_missing,
        ln(1 + origin_signals)::float8 as log_origin_signals,
        (departure_country <> origin_country)::int::float8 as is_transshipped,
        (transport_mode = '5')::int::float8 as is_by_air,
        case when container_numbers is not null then cardinality({{ split_list('container_numbers') }})::float8 end
            as containers,
        {{ feature_set() }} as feature_set
    from looked_up
)
{%- endmacro %}

{# The logarithms that declarations are compared by, as exact decimals. #}
{% macro log_measures() -%}
    round(ln(declared_value_cny / net_mass_kg), 6) as log_unit_value,
    round(ln(net_mass_kg), 6) as log_mass
{%- endmacro %}

{#
    Rows of int_declarations that a table which keeps what it stored for good does not have yet. When all below was
    built anew, every declaration is new to it, and only those count that are missing.
#}
{% macro not_stored_yet() -%}
    recorded_at > {{ newest_recorded() }}
    -- one look into the index for each, whatever else the planner may do
    and (
        select stored.declaration_id from {{ this }} as stored
        where stored.declaration_id = int_declarations.declaration_id
        limit 1
    ) is null
{%- endmacro %}

{# How many licences and certificates are declared; null where the sender tells of none. #}
{% macro licence_count(licences) -%}
    case when jsonb_typeof({{ licences }}) = 'array' then jsonb_array_length({{ licences }}) end
{%- endmacro %}

{# Which features there are: a declaration that was scored under an earlier set had no later ones. #}
{% macro feature_set() -%}
    2
{%- endmacro %}

{# The names of all features, each with the set that it came with; the dictionary (ml.features) says what they mean. #}
{% macro feature_names() -%}
    {%- set names = {} -%}
    {%- for name in ['log_value', 'log_mass', 'log_unit_value', 'tax_rate_pct', 'credit_tier_rank', 'rate_all'] -%}
        {%- do names.update({name: 1}) -%}
    {%- endfor -%}
    {%- for kind in risk_profile_keys() -%}
        {%- do names.update({'rate_' ~ kind: 1, 'log_inspections_' ~ kind: 1}) -%}
    {%- endfor -%}
    {%- for name in [
        'rate_goods', 'recent_rate_importer', 'recent_rate_hs6_origin', 'revenue_per_inspection_importer',
        'revenue_per_inspection_hs6_origin', 'log_declarations_importer', 'log_declarations_importer_hs6',
        'log_declarations_consignment', 'is_first_importer_hs6', 'is_first_importer_origin',
        'is_first_seller_importer', 'price_z', 'mass_z', 'price_z_importer_hs6', 'has_government_notice',
        'has_watch_list_match', 'monitoring_fail_rate', 'log_monitoring_samples',
    ] -%}
        {%- do names.update({name: 1}) -%}
    {%- endfor -%}
    {%- for name in [
        'licence_count', 'is_licence_missing', 'log_origin_signals', 'is_transshipped', 'is_by_air', 'containers',
    ] -%}
        {%- do names.update({name: 2}) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#
    The day that a replay looks back from: the business day of the moment that the session names, or else another.
    Facts count that were known on strictly earlier days, as they do when a declaration is scored.

        set customs_risk.as_of = '2026-01-17';
#}
{% macro replay_day(otherwise) -%}
    coalesce(
        case
            when length(current_setting('customs_risk.as_of', true)) > 10
                then {{ business_day("current_setting('customs_risk.as_of', true)::timestamptz") }}
            else nullif(current_setting('customs_risk.as_of', true), '')::date
        end,
        {{ otherwise }}
    )
{%- endmacro %}
