with

drift as (select * from {{ source('ml', 'drift') }}),

final as (
    select
        model_version,
        observed_on,
        measure,
        subject,
        rows as declarations,
        value,
        threshold,
        is_beyond,
        words_en,
        words_zh,
        observed_at
    from drift
)

select * from final
