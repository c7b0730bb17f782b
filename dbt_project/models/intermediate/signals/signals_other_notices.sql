{% set kinds = {
    'court_ruling': ('other', 'high'),
    'mutual_assistance_answer': ('tax', 'high'),
    'arbitration_award': ('other', 'low'),
    'industry_association_alert': ('commodity_quality', 'low'),
    'right_holder_alert': ('ipr', 'medium'),
} %}

with

messages as (select * from {{ ref('stg_other_notices') }}),

{{ envelope_signals(
    'messages', feed='other_notices', channel=7, reliability='D', kinds=kinds, legal_basis='messages.legal_basis'
) }}

select * from signals
