{#
    What is new to an incremental model. No clock of the outside world is trusted for that: a delivery may be late,
    a second one may come on the same day.

    new_batches: deliveries of a feed that were taken into the ledger's copy since this model was built, or taken
    again because rows were added to them. So a late delivery, a second one and a released quarantine row are found.

    newest_recorded: the newest row this model has taken in from the model above it. Builds run one at a time, so
    recorded_at (the time of the build that took a row in) never runs backwards.
#}
{% macro new_batches(feed) -%}
    select
        batches.batch_id,
        batches.recorded_at
    from {{ ref('int_batches') }} as batches
    where
        batches.feed = '{{ feed }}'
        {%- if is_incremental() %}
        and batches.recorded_at > {{ newest_recorded() }}
        {%- endif %}
{%- endmacro %}

{#
    Only rows of these deliveries. A few deliveries are looked up by the index on batch_id: an array, because the
    planner takes a subquery for more than it is, and would read the whole history.
#}
{% macro of_batches(batches) -%}
    {%- if is_incremental() -%}
    batch_id = any(array(select {{ batches }}.batch_id from {{ batches }}))
    {%- else -%}
    batch_id in (select {{ batches }}.batch_id from {{ batches }})
    {%- endif -%}
{%- endmacro %}

{#
    The rows of a view that have one key, found by the index below the view. A view that is written in steps cannot be
    joined by an index of its table; asked for one key at a time, it can.
#}
{% macro probe(view, column, key) -%}
    cross join lateral (
        select one_key.*
        from {{ view }} as one_key
        where one_key.{{ column }} = {{ key }}
        offset 0
    )
{%- endmacro %}

{% macro newest_recorded() -%}
    (select coalesce(max(stored.recorded_at), '-infinity') from {{ this }} as stored)
{%- endmacro %}

{#
    The earliest of some days. Of a bare column the planner would walk the index of days from the first day of history
    on, until it meets a new row; + 0 makes it look at the new rows alone.
#}
{% macro earliest(day) -%}
    min({{ day }} + 0)
{%- endmacro %}

{# Limits a fact table to the days that new facts touch: everything from the earliest day of a new fact on. #}
{% macro since_first_new(facts) -%}
    {%- if is_incremental() %}
    where
        known_on >= (
            select {{ earliest('arrived.known_on') }} from {{ facts }} as arrived
            where arrived.recorded_at > {{ newest_recorded() }}
        )
    {%- endif %}
{%- endmacro %}

{#
    How a model looks for rows, said before it is built (pre_hook). What is new is few rows of a long history, and the
    planner cannot know it (of a time that it does not know yet it assumes a third of all rows): a day's build goes by
    indexes, whatever it assumes; with `each_by_index`, its joins do as well, where every one of them is to a few rows
    that an index finds. The whole history is read as it lies, with the settings given in `bulk`.
#}
{% macro look_up(bulk='', each_by_index=false) -%}
    {%- if not is_incremental() -%}
    {{ bulk }}
    {%- else -%}
    set local enable_seqscan = off;
    {%- if each_by_index %} set local enable_hashjoin = off; set local enable_mergejoin = off; {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#
    dbt's own delete and insert, with the new rows counted first: of a table that nobody has looked at, the planner
    assumes too little or too much, and reads a whole history to delete a day. The old rows are found by their index.
#}
{% macro postgres__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
    analyze {{ source }};
    set local enable_hashjoin = off;
    set local enable_mergejoin = off;
    {{ default__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) }}
{%- endmacro %}

{#
    Only the days of decision that were counted anew: since int_daily_outcomes was built before this model was, and has
    seen what was decided, answered or corrected, its rows say which. An array, so that an index finds them.
#}
{% macro of_days_counted_anew(daily) -%}
    {%- if is_incremental() -%}
    where
        decided_on = any(array(
            select distinct counted.decided_on
            from {{ daily }} as counted
            where counted.recorded_at > {{ newest_recorded() }}
        ))
    {%- endif -%}
{%- endmacro %}
