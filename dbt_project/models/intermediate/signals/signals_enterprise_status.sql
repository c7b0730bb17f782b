{% set kinds = {
    'abnormal_operation': ('other', 'low'),
    'tax_arrears': ('tax', 'medium'),
    'licence_revoked': ('other', 'high'),
    'administrative_penalty': ('other', 'medium'),
} %}

with

messages as (select * from {{ ref('stg_enterprise_status') }}),

{{ envelope_signals('messages', feed='enterprise_status', channel=2, reliability='B', kinds=kinds) }}

select * from signals
