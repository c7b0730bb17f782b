{# What a declaration says, in the order in which it is kept: each version of it says all of this. #}
{% macro declared_columns() -%}
    {{ return([
        'importer_id', 'declaration_id', 'declared_at', 'office_code', 'process_type', 'trade_mode', 'import_use',
        'payment_type', 'transport_mode', 'declarant_id', 'importer_name', 'importer_credit_tier', 'seller_id',
        'seller_name', 'courier_id', 'conveyance_id', 'conveyance_name', 'bill_no', 'container_numbers', 'hs6',
        'goods_name', 'departure_country', 'origin_country', 'tax_rate_pct', 'tax_type', 'origin_indicator',
        'net_mass_kg', 'declared_value_cny',
    ]) }}
{%- endmacro %}
