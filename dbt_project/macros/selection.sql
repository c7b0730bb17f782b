{#
    A number in [0, 1) that anyone can recompute: the first 32 bits of the MD5 of a text and the published seed.
    `purpose` makes draws for different questions independent of each other.
#}
{% macro draw(text, purpose) -%}
    (('x' || substr(md5({{ text }} || '|{{ purpose }}|{{ var("selection_seed") }}'), 1, 8))::bit(32)::bigint / 4294967296.0)::float8
{%- endmacro %}

{# The words of a conclusion's hazard factors, strongest first, in one language. #}
{% macro factor_words(hazard_factors, language, separator) -%}
    (
        select string_agg(factor.value ->> '{{ language }}', '{{ separator }}' order by factor.position)
        from jsonb_array_elements({{ hazard_factors }}) with ordinality as factor (value, position)
    )
{%- endmacro %}
