{#
    The moment that operations are judged at: the newest at which anything live was sent, and before the first live
    delivery the newest of history. Not the wall's clock: what was computed for a day is the same whenever it is
    computed, and the sandbox has a clock of its own.
#}
{% macro moment() -%}
    (
        select coalesce(max(sent.sent_at) filter (where not sent.is_backfill), max(sent.sent_at), now())
        from {{ source('ops', 'batches') }} as sent
        where sent.status <> 'refused'
    )
{%- endmacro %}
