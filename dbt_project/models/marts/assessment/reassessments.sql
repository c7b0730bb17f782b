with

reassessments as (select * from {{ source('ml', 'reassessments') }}),

-- what a person reads of each reason
reasons (trigger, because_en, because_zh) as (
    values
    ('correction', 'the declaration was corrected', '报关单已更正'),
    ('signal', 'a risk signal on its parties or goods', '当事人或商品出现风险信号'),
    ('finding_of_goods', 'a finding in goods like these', '同类货物有查获'),
    ('finding_of_party', 'a finding of the same importer', '同一进口人有查获'),
    ('review', 'its review was due', '到期复审'),
    ('model', 'the model has learned since', '模型更新')
),

-- one to one: every reason has words
final as (
    select
        reassessments.importer_id,
        reassessments.declaration_id,
        reassessments.conclusion_no,
        reassessments.conclusion_no - 1 as supersedes_no,
        reassessments.trigger,
        reassessments.office_code,
        reassessments.level_before,
        reassessments.level_after,
        reassessments.likelihood_before,
        reassessments.likelihood_after,
        -- what somebody must hear of: what is high now, or was
        'high' in (reassessments.level_before, reassessments.level_after) as is_told,
        format(
            'Level %s instead of %s: %s', reassessments.level_after, reassessments.level_before, reasons.because_en
        ) as words_en,
        format(
            '风险等级由%s调整为%s：%s',
            {{ level_word('reassessments.level_before') }},
            {{ level_word('reassessments.level_after') }},
            reasons.because_zh
        ) as words_zh,
        reassessments.looked_on,
        reassessments.reassessed_at
    from reassessments
    inner join reasons using (trigger)
)

select * from final
