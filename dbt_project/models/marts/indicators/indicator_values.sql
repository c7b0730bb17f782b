-- Asked for one indicator or one subject, this looks at theirs only: the windows are partitioned by both.

with

indicators as (select * from {{ ref('indicators') }}),

{{ changed_values() }},

-- many intervals to one definition
final as (
    select
        changed.indicator_code,
        changed.version,
        indicators.risk_domain,
        indicators.subject_type,
        changed.subject_kind,
        changed.subject_key,
        changed.valid_from,
        changed.next_valid_from as valid_to,
        changed.numerator,
        changed.denominator,
        changed.value,
        indicators.unit,
        changed.value_before as previous_value,
        {{ normalised(
            'changed.value', 'indicators.low_bound', 'indicators.high_bound', 'indicators.direction',
        ) }} as normalised
    from changed
    inner join indicators using (indicator_code, version)
)

select * from final
