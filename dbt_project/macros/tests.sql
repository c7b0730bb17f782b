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
