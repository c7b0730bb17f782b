{#
    What is new to an incremental model. No clock of the outside world is trusted for that: a delivery may be late,
    a second one may come on the same day.

    unfinished_batches: deliveries of a feed whose loaded rows are not all in this model yet. The ledger says how
    many there should be, so a late delivery, a second one and a released quarantine row are all found.

    new_batches: deliveries of a feed that were taken into the ledger's copy since this model was built. For models
    that keep fewer rows than a delivery has, or more.

    newest_recorded: the newest row this model has taken in from the model above it. Builds run one at a time, so
    recorded_at (the time of the build that took a row in) never runs backwards.
#}
{% macro unfinished_batches(feed) -%}
    select batches.batch_id
    from {{ source('ops', 'batches') }} as batches
    where
        batches.feed = '{{ feed }}'
        and batches.status = 'loaded'
        {%- if is_incremental() %}
        and batches.loaded > (
            select count(distinct stored.row_no) from {{ this }} as stored where stored.batch_id = batches.batch_id
        )
        {%- endif %}
{%- endmacro %}

{% macro new_batches(feed) -%}
    select batches.batch_id
    from {{ ref('int_batches') }} as batches
    where
        batches.feed = '{{ feed }}'
        {%- if is_incremental() %}
        and batches.recorded_at > {{ newest_recorded() }}
        {%- endif %}
{%- endmacro %}

{% macro newest_recorded() -%}
    (select coalesce(max(stored.recorded_at), '-infinity') from {{ this }} as stored)
{%- endmacro %}

{# Limits a fact table to the days that new facts touch: everything from the earliest day of a new fact on. #}
{% macro since_first_new(facts) -%}
    {%- if is_incremental() %}
    where
        known_on >= (
            select min(arrived.known_on) from {{ facts }} as arrived
            where arrived.recorded_at > {{ newest_recorded() }}
        )
    {%- endif %}
{%- endmacro %}
