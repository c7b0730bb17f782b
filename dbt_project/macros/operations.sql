{#
    The moment that operations are judged at: the newest at which anything live was sent. Not the wall's clock: what was
    computed for a day is the same whenever it is computed, and the sandbox has a clock of its own.
#}
{% macro moment() -%}
    (
        select coalesce(max(sent.sent_at), now()) from {{ source('ops', 'batches') }} as sent
        where not sent.is_backfill and sent.status <> 'refused'
    )
{%- endmacro %}
