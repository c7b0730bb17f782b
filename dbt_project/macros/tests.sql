{# Rows that share their values in all these columns. #}
{% test unique_together(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{# Intervals of one key follow each other without gap or overlap, and the last one is open. #}
{% test intervals_meet(model) %}
    select neighbours.*
    from (
        select
            profile_kind,
            profile_key,
            valid_from,
            valid_to,
            lead(valid_from) over (partition by profile_kind, profile_key order by valid_from) as next_valid_from
        from {{ model }}
    ) as neighbours
    where neighbours.valid_to is distinct from neighbours.next_valid_from
{% endtest %}

{# A medium level means documents only (Articles 3 and 12): goods are examined where a person has overridden it. #}
{% test never_examined_at_medium(model) %}
    select
        declaration_id,
        treated_level,
        handling
    from {{ model }}
    where treated_level = 'medium' and handling = 'inspection' and override_id is null
{% endtest %}
