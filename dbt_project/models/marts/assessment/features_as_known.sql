-- the macro's loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

versions as (select * from {{ ref('int_declaration_versions') }}),

asked as (
    select
        *,
        {{ replay_day('assessed_on') }} as as_of_on
    from versions
),

-- many versions to one: the last that was known on an earlier day, or else the one that was assessed; what was
-- not known yet has none
told as (
    select distinct on (importer_id, declaration_id) *
    from asked
    where assessed_on <= as_of_on and (is_first or known_on < as_of_on)
    order by importer_id asc, declaration_id asc, known_at desc, batch_id desc
),

declarations as (
    select
        *,
        {{ log_measures() }}
    from told
),

{{ declaration_features(
    'declarations', 'declarations.as_of_on', also=['office_code', 'as_of_on', 'known_at', 'assessed_on'],
) }},

final as (
    select
        importer_id,
        declaration_id,
        office_code,
        as_of_on,
        known_at as version_known_at,
        assessed_on as known_on,
        is_backfill
        {%- for name in feature_names() %},
        {{ name }}
        {%- endfor %}
    from features
)

select * from final
