{#
    Profiles: what is known of a party, a commodity or a cross of them. Each kind names the columns that make its
    key; a profile without one of its parts does not exist (null).
#}
{% macro risk_profile_keys() -%}
    {{ return({
        'importer': ['importer_id'],
        'declarant': ['declarant_id'],
        'seller': ['seller_id'],
        'office': ['office_code'],
        'hs6': ['hs6'],
        'hs6_origin': ['hs6', 'origin_country'],
        'route': ['hs6', "coalesce(departure_country, '-')", 'origin_country', "coalesce(tax_type, '-')"],
        'office_origin': ['office_code', 'origin_country'],
        'importer_origin': ['importer_id', 'origin_country'],
        'importer_hs6': ['importer_id', 'hs6'],
        'consignment': consignment_key(),
    }) }}
{%- endmacro %}

{# The same goods, on the same route, in the same amount: what recurs. #}
{% macro consignment_key() -%}
    {{ return(
        ['hs6', "coalesce(departure_country, '-')", 'origin_country', "coalesce(tax_type, '-')", 'rounded_mass_kg']
    ) }}
{%- endmacro %}

{# What an importer does lies together in the index: one day of an importer looks at few pages of a long history. #}
{% macro activity_profile_keys() -%}
    {{ return({
        'importer': ['importer_id'],
        'importer_hs6': ['importer_id', 'hs6'],
        'importer_origin': ['importer_id', 'origin_country'],
        'seller_importer': ['importer_id', 'seller_id'],
        'hs6_origin': ['hs6', 'origin_country'],
        'consignment': consignment_key(),
    }) }}
{%- endmacro %}

{# The key of one profile as text: its parts joined by a bar, null when one is missing. #}
{% macro profile_key(parts, relation) -%}
    {%- for part in parts -%}
        {%- if not loop.first %} || '|' || {% endif -%}
        {%- if 'coalesce(' in part -%}
            {{ part | replace('coalesce(', 'coalesce(' ~ relation ~ '.') }}
        {%- else -%}
            {{ relation }}.{{ part }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{#
    The interval in force on a day, one row or none: the latest that starts on or before it. Facts of a day make an
    interval that starts the next day, so this sees strictly earlier days. One probe of the unique index, however
    many intervals a popular key has.
#}
{% macro as_of(profiles, kind, key, day) -%}
    left join lateral (
        select profile.*
        from {{ profiles }} as profile
        where
            profile.profile_kind = '{{ kind }}'
            and profile.profile_key = {{ key }}
            and profile.valid_from <= {{ day }}
        order by profile.valid_from desc
        limit 1
    )
{%- endmacro %}

{#
    Rows of a profile, sorted by bytes: keys are codes, and no language's rules of sorting are paid for. The key comes
    first in every sort and in the index, because most comparisons of a kind would only find it the same.
#}
{% macro profile_columns(relation) -%}
    {{ relation }}.profile_kind collate "C" as profile_kind,
    {{ relation }}.profile_key collate "C" as profile_key
{%- endmacro %}

{#
    Advance interval profiles by new facts. Expects a CTE `facts` (profile_kind, profile_key, known_on, recorded_at,
    and the measures) above it, and yields the CTEs up to `intervals`.

    Facts known on day d make the interval that starts on d + 1, holding the sums of everything known up to d. It ends
    where the next one of its key starts; that is not stored, so an advance adds rows and rewrites none.
    A key with new facts is recomputed from the earliest day that has any: the interval in force on that day is the
    opening balance, and every fact of that day or later is added again. So the intervals depend on the facts alone,
    never on the order or the number of builds: in bulk, day by day, twice on one day, or late.
#}
{% macro advance_intervals(measures) -%}
{% if is_incremental() %}
-- in the order of the index: what is looked up next lies beside what was looked up last
touched as materialized (
    select
        profile_kind,
        profile_key,
        min(known_on) as from_day
    from facts
    where recorded_at > {{ newest_recorded() }}
    group by profile_key, profile_kind
    order by profile_key, profile_kind
),

daily as (
    select
        facts.profile_kind,
        facts.profile_key,
        facts.known_on + 1 as valid_from,
        {% for measure in measures %}sum(facts.{{ measure }}) as {{ measure }},
        {% endfor %}max(facts.recorded_at) as recorded_at
    from facts
    inner join touched using (profile_kind, profile_key)
    where facts.known_on >= touched.from_day
    group by facts.profile_key, facts.profile_kind, facts.known_on
),

-- at most one to one: the interval in force on the first day that changes, which is there already
opening as (
    select
        touched.profile_kind,
        touched.profile_key,
        in_force.valid_from,
        {% for measure in measures %}in_force.{{ measure }},
        {% endfor %}in_force.recorded_at
    from touched
    inner join lateral (
        select profile.*
        from {{ this }} as profile
        where
            profile.profile_kind = touched.profile_kind
            and profile.profile_key = touched.profile_key
            and profile.valid_from <= touched.from_day
        order by profile.valid_from desc
        limit 1
    ) as in_force on true
),

steps as (
    select
        *,
        true as is_stored
    from opening
    union all
    select
        *,
        false as is_stored
    from daily
),
{% else %}
steps as (
    select
        profile_kind,
        profile_key,
        known_on + 1 as valid_from,
        {% for measure in measures %}sum({{ measure }}) as {{ measure }},
        {% endfor %}max(recorded_at) as recorded_at,
        false as is_stored
    from facts
    group by profile_key, profile_kind, known_on
),
{% endif %}
balances as (
    select
        profile_kind,
        profile_key,
        valid_from,
        {% for measure in measures %}sum({{ measure }}) over by_day as {{ measure }},
        {% endfor %}recorded_at,
        is_stored
    from steps
    window by_day as (partition by profile_key, profile_kind order by valid_from)
),

intervals as (select * from balances where not is_stored)
{%- endmacro %}
