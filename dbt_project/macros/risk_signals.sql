{# The feeds that carry risk information: each has a view signals_<feed>, all of the same columns. #}
{% macro signal_feeds() -%}
    {{ return([
        'comtrade',
        'cpsc_recalls',
        'department_notices',
        'disease_outbreak_news',
        'enterprise_credit',
        'enterprise_status',
        'fda_import_refusals',
        'focus',
        'monitoring_samples',
        'ofac_sdn',
        'other_notices',
        'party_reports',
        'rasff_notifications',
        'refused_entries',
        'seizure_reports',
        'wahis_events',
        'watch_list',
    ]) }}
{%- endmacro %}

{# The columns of a signal, in the order in which every feed's view tells them. #}
{% macro signal_columns() -%}
    {{ return([
        'signal_id', 'feed', 'channel', 'risk_domain', 'subject_type', 'mention_kind', 'mention_name',
        'mention_aliases', 'mention_identifiers', 'country', 'hs', 'title', 'severity', 'is_adverse', 'reliability',
        'confidentiality', 'valid_from', 'valid_to', 'is_in_force', 'happened_on', 'event_key', 'legal_basis',
        'source_ref', 'batch_id', 'row_no', 'is_backfill', 'known_at', 'known_on',
    ]) }}
{%- endmacro %}

{# What a mention is known by: its kind, names, identifiers and country, and nothing else. #}
{% macro mention_id(kind, names, identifiers, country) -%}
    md5(jsonb_build_array({{ kind }}, {{ names }}, {{ identifiers }}, {{ country }})::text)
{%- endmacro %}

{#
    Which of several signals that tell the same counts: the most reliable one, then the one that was known first. A text
    that sorts so, with the signal's number at its end, which begins with its feed.
#}
{% macro preference(signal) -%}
    (
        coalesce({{ signal }}.reliability, 'F')
        || to_char({{ signal }}.first_known_at at time zone 'utc', 'YYYYMMDDHH24MISSUS')
        || {{ signal }}.signal_id
    ) collate "C"
{%- endmacro %}

{% macro signal_of(preferred) -%}
    substr({{ preferred }}, 22)
{%- endmacro %}

{% macro told_by(preferred) -%}
    split_part(substr({{ preferred }}, 22), '|', 1)
{%- endmacro %}
