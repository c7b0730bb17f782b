-- the macro's loops write the lines whose indent a linter would judge
-- noqa: disable=LT02

with

stored as (select * from {{ ref('int_declaration_features') }}),

declarations as (
    select
        *,
        {{ log_measures() }}
    from {{ ref('int_declarations') }}
),

{{ declaration_features('declarations', 'declarations.known_on', also=['office_code']) }},

-- one to one. What a declaration was not scored by, because it came with a later set of features, is not compared
compared as (
    select
        features.importer_id,
        features.declaration_id,
        features.office_code,
        features.known_on,
        features.is_backfill,
        coalesce(stored.feature_set, 1) as feature_set,
        array_remove(array[
            {%- for name, came_with in feature_names().items() %}
            case
                when coalesce(stored.feature_set, 1) >= {{ came_with }}
                    and float8send(stored.{{ name }}) is distinct from float8send(features.{{ name }})
                    then '{{ name }}'
            end{{ ',' if not loop.last }}
            {%- endfor %}
        ], null) as differences
    from features
    inner join stored using (importer_id, declaration_id)
),

final as (
    select
        importer_id,
        declaration_id,
        office_code,
        known_on,
        is_backfill,
        feature_set,
        differences = '{}' as is_same,
        differences
    from compared
)

select * from final
