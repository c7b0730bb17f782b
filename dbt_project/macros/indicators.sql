{# What an indicator is made of: a change of any of these makes its values anew. #}
{% macro indicator_rule_columns() -%}
    {{ return([
        'risk_domain', 'subject_type', 'subject_kind', 'measure', 'feeds', 'among', 'counting', 'formula', 'shrinkage',
        'window_days', 'direction', 'low_bound', 'high_bound', 'valid_from', 'valid_to',
    ]) }}
{%- endmacro %}

{# The columns of an event, in the order in which every part of them tells it. #}
{% macro indicator_event_columns() -%}
    {{ return([
        'source_key', 'version_no', 'measure', 'feed', 'risk_domain', 'qualifiers', 'subject_kind', 'subject_key',
        'counts_from', 'aged_from', 'ends_on', 'is_adverse', 'facts', 'amount', 'base',
    ]) }}
{%- endmacro %}

{# Whether an indicator is about an event: the condition of a join of indicators and events. #}
{% macro is_about(indicators, events) -%}
    {{ events }}.measure = {{ indicators }}.measure
    and {{ events }}.subject_kind = {{ indicators }}.subject_kind
    and {{ events }}.feed = any({{ indicators }}.feeds)
    and ({{ events }}.risk_domain is null or {{ events }}.risk_domain = {{ indicators }}.risk_domain)
    and ({{ indicators }}.among is null or {{ events }}.qualifiers && {{ indicators }}.among)
{%- endmacro %}

{# The day on which an event stops to count: its own end, or the end of the indicator's window; null for never. #}
{% macro stops_counting_on(indicators, events) -%}
    least({{ events }}.ends_on, {{ events }}.aged_from + {{ indicators }}.window_days)
{%- endmacro %}

{# What an event adds to an indicator, by the indicator's formula: the upper part and the lower part of its value. #}
{% macro event_numerator(indicators, events) -%}
    case
        when {{ indicators }}.formula in ('sum', 'mean', 'ratio') then coalesce({{ events }}.amount, 0)
        when {{ events }}.is_adverse and ({{ indicators }}.counting is null or {{ events }}.qualifiers && {{ indicators }}.counting)
            then {{ events }}.facts
        else 0
    end
{%- endmacro %}

{% macro event_denominator(indicators, events) -%}
    case {{ indicators }}.formula when 'ratio' then coalesce({{ events }}.base, 0) else {{ events }}.facts end
{%- endmacro %}

{# The value of an indicator; a share of nothing is unknown, a count of nothing is none. #}
{% macro indicator_value(formula, shrinkage, numerator, denominator) -%}
    case
        when {{ formula }} in ('count', 'sum') then {{ numerator }}
        when {{ denominator }} > 0 then trim_scale(round({{ numerator }} / ({{ denominator }} + {{ shrinkage }}), 6))
    end
{%- endmacro %}

{# A value on the scale from 0 (no risk that the indicator shows) to 1 (as much as it can show). #}
{% macro normalised(value, low_bound, high_bound, direction) -%}
    trim_scale(round(
        case {{ direction }}
            when 'lower_is_riskier'
                then least(greatest(({{ high_bound }} - {{ value }}) / ({{ high_bound }} - {{ low_bound }}), 0), 1)
            else least(greatest(({{ value }} - {{ low_bound }}) / ({{ high_bound }} - {{ low_bound }}), 0), 1)
        end, 6
    ))
{%- endmacro %}

{# Whether an outbreak was known in a country before a day, and not more than ninety days earlier. #}
{% macro has_known_outbreak(country, day) -%}
    exists (
        select 1 from outbreaks
        where
            outbreaks.country = {{ country }}
            and outbreaks.known_on < {{ day }}
            and outbreaks.known_on >= {{ day }} - 90
    )
{%- endmacro %}

{#
    The subjects of a declaration that indicators know, each with the part that it plays. Providers name goods by their
    first two, four or six digits.
#}
{% macro declaration_subjects(declarations) -%}
    select
        declarations.importer_id,
        declarations.declaration_id,
        declarations.known_on,
        subjects.subject_role,
        subjects.subject_kind,
        subjects.subject_key
    from {{ declarations }} as declarations
    cross join lateral (
        values
        ('importer', 'party', declarations.importer_id),
        ('seller', 'party', declarations.seller_id),
        ('declarant', 'party', declarations.declarant_id),
        ('vessel', 'vessel', declarations.conveyance_id),
        ('origin', 'country', declarations.origin_country),
        ('departure', 'country', declarations.departure_country)
        {%- for digits in [2, 4, 6] %},
        ('goods', 'commodity', left(declarations.hs6, {{ digits }})),
        ('goods', 'commodity_origin', left(declarations.hs6, {{ digits }}) || '|' || declarations.origin_country)
        {%- endfor %}
    ) as subjects (subject_role, subject_kind, subject_key)
    where subjects.subject_key <> ''
    union
    select
        declarations.importer_id,
        declarations.declaration_id,
        declarations.known_on,
        'container' as subject_role,
        'container' as subject_kind,
        trim(containers.container_number) as subject_key
    from {{ declarations }} as declarations
    cross join lateral string_to_table(declarations.container_numbers, ';') as containers (container_number)
    where trim(containers.container_number) <> ''
{%- endmacro %}

{# Beginning, end and value of every indicator's intervals, without the steps at which nothing changes. #}
{% macro changed_values() -%}
    stepped as (
        select
            *,
            lag(value) over by_day as value_before,
            lag(denominator) over by_day as denominator_before,
            lag(numerator) over by_day as numerator_before,
            row_number() over by_day as step_no
        from {{ ref('int_indicator_values') }}
        window by_day as (partition by indicator_code, version, subject_kind, subject_key order by valid_from)
    ),

    changed as (
        select
            *,
            lead(valid_from) over (
                partition by indicator_code, version, subject_kind, subject_key
                order by valid_from
            ) as next_valid_from
        from stepped
        where
            (step_no = 1 and denominator <> 0)
            or (step_no > 1 and (numerator, denominator) is distinct from (numerator_before, denominator_before))
    )
{%- endmacro %}

{# The weights of each version with their days, each beside what the weights of its domain add up to. #}
{% macro weight_periods() -%}
    weight_versions as (
        select
            weight_version,
            valid_from,
            lead(valid_from) over (order by valid_from, weight_version) as valid_until
        from {{ ref('indicator_weights') }}
        group by weight_version, valid_from
    ),

    -- a code keeps its domain and its kind of subject in all its versions
    kinds as (
        select distinct
            indicator_code,
            risk_domain,
            subject_kind
        from {{ ref('indicators') }}
    ),

    -- one weight to one version and one kind; no declaration has a flight
    weighed as (
        select
            weights.weight_version,
            weights.indicator_code,
            weights.weight,
            kinds.risk_domain,
            kinds.subject_kind,
            sum(weights.weight) filter (where kinds.subject_kind <> 'flight') over (
                partition by weights.weight_version, kinds.risk_domain
            ) as domain_weight,
            sum(weights.weight) over (
                partition by weights.weight_version, kinds.risk_domain, kinds.subject_kind
            ) as kind_weight
        from {{ ref('indicator_weights') }} as weights
        inner join kinds using (indicator_code)
    )
{%- endmacro %}
