{# The parts of a text that lists them with semicolons, as an array; none of an empty one. #}
{% macro split_list(listed) -%}
    array(
        select trim(parts.part)
        from string_to_table({{ listed }}, ';') with ordinality as parts (part, place)
        where trim(parts.part) <> ''
        order by parts.place
    )
{%- endmacro %}

{#
    Signals of messages in the departments' common envelope, as CTEs that end in `signals`: one per message about an
    enterprise, and one more where the particulars name goods (hs, country).

    `kinds` leads from a message's type to its risk domain and its usual severity; a fine of 100,000 CNY or more is
    high whatever its type.
#}
{% macro envelope_signals(messages, feed, channel, reliability, kinds, legal_basis='null::text') -%}
kinds (msg_type, risk_domain, usual_severity) as (
    values
    {%- for msg_type, judged in kinds.items() %}
    ('{{ msg_type }}', '{{ judged[0] }}', '{{ judged[1] }}'){{ ',' if not loop.last }}
    {%- endfor %}
),

-- many messages to one kind
told as (
    select
        messages.*,
        kinds.risk_domain,
        {{ legal_basis }} as told_legal_basis,
        messages.payload ->> 'subject_name' as subject_name,
        concat_ws(' ', messages.agency, messages.ref_no, messages.payload ->> 'reason') as told_title,
        case when messages.payload ->> 'country' ~ '^[A-Z]{2}$' then messages.payload ->> 'country' end as goods_country,
        case when messages.payload ->> 'hs' ~ '^[0-9]{2,6}$' then messages.payload ->> 'hs' end as goods_hs,
        case
            when messages.payload ->> 'amount_cny' ~ '^[0-9]{6,15}(\.[0-9]+)?$' then 'high'
            else kinds.usual_severity
        end as told_severity
    from {{ messages }} as messages
    inner join kinds on messages.msg_type = kinds.msg_type
),

-- one message to the enterprise and to the goods that it names
mentions as (
    select
        told.*,
        'party' as mention_kind,
        coalesce(told.subject_name, told.subject_uscc) as mention_name,
        array_remove(array[told.subject_uscc], null) as mention_identifiers,
        'CN' as country,
        null::text as hs
    from told
    where coalesce(told.subject_name, told.subject_uscc) is not null
    union all
    select
        told.*,
        'commodity' as mention_kind,
        told.goods_hs as mention_name,
        array[told.goods_hs] as mention_identifiers,
        told.goods_country as country,
        told.goods_hs as hs
    from told
    where told.goods_hs is not null
),

signals as (
    select
        concat_ws('|', '{{ feed }}', agency, msg_type, coalesce(subject_uscc, '-'), ref_no, mention_kind) as signal_id,
        '{{ feed }}' as feed,
        {{ channel }} as channel,
        risk_domain,
        'goods' as subject_type,
        mention_kind,
        mention_name,
        '{}'::text[] as mention_aliases,
        mention_identifiers,
        country,
        hs,
        told_title as title,
        told_severity as severity,
        true as is_adverse,
        '{{ reliability }}' as reliability,
        'restricted' as confidentiality,
        valid_from,
        valid_to,
        status = 'active' as is_in_force,
        valid_from as happened_on,
        'notice|' || subject_uscc || '|' || ref_no as event_key,
        told_legal_basis as legal_basis,
        concat_ws(' ', agency, ref_no) as source_ref,
        batch_id,
        row_no,
        is_backfill,
        known_at,
        known_on
    from mentions
)
{%- endmacro %}
