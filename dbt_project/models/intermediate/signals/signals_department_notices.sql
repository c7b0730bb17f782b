{% set kinds = {
    'administrative_penalty': ('other', 'medium'),
    'drug_crime_lead': ('prohibited_restricted', 'high'),
    'export_control_breach': ('prohibited_restricted', 'high'),
    'food_safety_penalty': ('food_safety', 'medium'),
    'foreign_exchange_breach': ('tax', 'medium'),
    'forged_certificate': ('commodity_quality', 'high'),
    'infringement_ruling': ('ipr', 'high'),
    'quarantine_alert': ('biosecurity', 'high'),
    'quality_failure': ('commodity_quality', 'medium'),
    'tax_fraud': ('tax', 'high'),
} %}

with

messages as (select * from {{ ref('stg_department_notices') }}),

{{ envelope_signals('messages', feed='department_notices', channel=2, reliability='B', kinds=kinds) }}

select * from signals
