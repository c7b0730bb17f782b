"""One declaration's story in order of time: one view for each schema, all of the same shape.

A row says when something became known here, what it is, and what it tells. ``at`` leaves out what
was not known by then. Times are those of the business: the sandbox's clock is not the wall's.
"""

from typing import LiteralString

from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

ONE = Filter("declaration_id", Words("Declaration", "报关单"))
AT = Filter("at", Words("As it was known at", "截至时点"), kind="time")


def _story(name: str, title: Words, reads: str, told: LiteralString) -> View:
    # what came within one minute is told in the order of the loop: systems' clocks differ a little
    query: LiteralString = (
        "with told as ("
        + told
        + """)
        select
            date_trunc('minute', happened_at) as happened_at, what_en, what_zh, told_en, told_zh,
            link, place
        from told
        where happened_at is not null
            and (%(at)s::timestamptz is null or happened_at <= %(at)s)
        order by 1, place
        limit %(most)s
        """
    )
    return View(
        name=name,
        title=title,
        reads=reads,
        query=query,
        filters=(ONE, AT),
        columns=(
            Column("happened_at", Words("Known", "获知时间"), "time"),
            Column("what", Words("What", "事项"), is_bilingual=True),
            Column("told", Words("Told", "内容"), is_bilingual=True),
            Column("link", Words("See", "参见")),
        ),
    )


DECLARED = _story(
    "declaration-story-core",
    Words("What was declared, heard and found", "申报、信号与结果"),
    "core",
    """
        select
            known_at as happened_at,
            case when is_first then 1 else 2 end as place,
            case when is_first then 'Declared' else 'Corrected' end as what_en,
            case when is_first then '申报' else '更正' end as what_zh,
            format('%%s (%%s) from %%s: %%s kg, CNY %%s, at office %%s by %%s', goods_name, hs6,
                origin_country, net_mass_kg, declared_value_cny, office_code,
                coalesce(importer_name, importer_id)) as told_en,
            format('%%s（%%s），原产%%s：%%s千克，%%s元，关区%%s，%%s', goods_name, hs6,
                origin_country, net_mass_kg, declared_value_cny, office_code,
                coalesce(importer_name, importer_id)) as told_zh,
            null as link
        from core.declaration_versions
        where declaration_id = %(declaration_id)s

        union all
        select
            heard.known_at,
            0,
            case when heard.is_adverse then 'Adverse signal' else 'Signal' end,
            case when heard.is_adverse then '不利信号' else '信号' end,
            format('%%s, on the %%s (%%s): %%s', heard.feed, subjects.role_en,
                subjects.subject_id, heard.title),
            format('%%s，涉及%%s（%%s）：%%s', heard.feed, subjects.role_zh,
                subjects.subject_id, heard.title),
            null
        from core.declarations as asked
        cross join lateral (
            values
            ('party', asked.importer_id, 'importer', '进口人'),
            ('party', asked.declarant_id, 'declarant', '申报单位'),
            ('party', asked.seller_id, 'seller', '境外卖方'),
            ('commodity', asked.hs6, 'goods', '商品'),
            ('vessel', asked.conveyance_id, 'vessel', '船舶')
        ) as subjects (subject_kind, subject_id, role_en, role_zh)
        cross join lateral (
            select signals.feed, signals.title, signals.is_adverse, signals.known_at
            from core.risk_signals as signals
            where
                signals.subject_kind = subjects.subject_kind
                and signals.subject_id = subjects.subject_id
                and signals.duplicate_of is null
                and (%(at)s::timestamptz is null or signals.known_at <= %(at)s)
            order by signals.known_at desc
            limit 10
        ) as heard
        where asked.declaration_id = %(declaration_id)s

        union all
        select
            results.known_at,
            8,
            case when results.has_finding then 'Found' else 'Inspected: nothing found' end,
            case when results.has_finding then '查获' else '已查验，未查获' end,
            format('%%s; additional duty CNY %%s; %%s officer-hours; inspected %%s',
                coalesce(kinds.name_en, 'no violation'), results.additional_duty_cny,
                results.officer_hours, to_char(results.inspected_at, 'YYYY-MM-DD HH24:MI')),
            format('%%s；补税%%s元；%%s工时；查验于%%s', coalesce(kinds.name_zh, '无违规'),
                results.additional_duty_cny, results.officer_hours,
                to_char(results.inspected_at, 'YYYY-MM-DD HH24:MI')),
            null
        from core.inspections as results
        left join reference.finding_types as kinds using (finding_type)
        where results.declaration_id = %(declaration_id)s
    """,
)

ASSESSED = _story(
    "declaration-story-assessment",
    Words("What was concluded", "评估结论"),
    "assessment",
    """
        select
            as_of as happened_at,
            3 as place,
            'Concluded' as what_en,
            '评估结论' as what_zh,
            format('level %%s, likelihood %%s %%%%; %%s', level,
                coalesce(round(100 * likelihood::numeric, 1)::text, '?'),
                coalesce(hazard_factors_en, 'no factor is told')) as told_en,
            format('等级%%s，可能性%%s%%%%；%%s',
                case level
                    when 'high' then '高' when 'medium' then '中' when 'low' then '低' else '未知'
                end,
                coalesce(round(100 * likelihood::numeric, 1)::text, '?'),
                coalesce(hazard_factors_zh, '无风险因素说明')) as told_zh,
            null as link
        from assessment.conclusions
        where declaration_id = %(declaration_id)s

        union all
        select reassessed_at, 9, 'Reassessed', '重新评估', words_en, words_zh, null
        from assessment.reassessments
        where declaration_id = %(declaration_id)s

        union all
        select
            made_at,
            4,
            'An expert said',
            '专家评估',
            format('%%s: level %%s; %%s', risk_domain, level, hazard_factors_en),
            format('%%s：等级%%s；%%s', risk_domain, level, hazard_factors_zh),
            null
        from assessment.expert_assessments
        where subject_kind = 'declaration' and subject_key = %(declaration_id)s
    """,
)

TREATED = _story(
    "declaration-story-treatment",
    Words("What was decided and done", "决定与处置"),
    "treatment",
    """
        select
            as_of as happened_at,
            5 as place,
            'Decided' as what_en,
            '决定' as what_zh,
            reason_en || '; lane ' || lane as told_en,
            reason_zh || '；通道' || case lane
                when 'high' then '高' when 'medium' then '中' else '低' end as told_zh,
            null as link
        from treatment.decisions
        where declaration_id = %(declaration_id)s

        union all
        select
            steps.happened_at, steps.place, steps.what_en, steps.what_zh, steps.told_en,
            steps.told_zh, 'queue/' || cards.instruction_id
        from treatment.instructions as issued
        cross join lateral (
            select followed.*
            from treatment.hit_cards as followed
            where followed.instruction_id = issued.instruction_id
            limit 1
        ) as cards
        cross join lateral (
            values
            (
                cards.dispatched_at, 6, 'Instruction sent', '指令下达', cards.what_to_examine_en,
                cards.what_to_examine_zh
            ),
            (
                cards.acknowledged_at, 7,
                case when cards.declined_because is null then 'Acknowledged' else 'Declined' end,
                case when cards.declined_because is null then '签收' else '未执行' end,
                concat_ws('; ', cards.declined_because, cards.remark),
                concat_ws('；', cards.declined_because, cards.remark)
            )
        ) as steps (happened_at, place, what_en, what_zh, told_en, told_zh)
        where issued.declaration_id = %(declaration_id)s

        union all
        select
            measures.effective_from, 5, 'Measure in force', '措施生效',
            format('%%s: %%s', measures.action_en, measures.reason_en),
            format('%%s：%%s', measures.action_zh, measures.reason_zh),
            null
        from treatment.treatments as treated
        cross join lateral unnest(treated.measure_ids) as applied (measure_id)
        cross join lateral (
            select told.effective_from, told.action_en, told.action_zh, told.reason_en,
                told.reason_zh
            from treatment.measures as told
            where told.measure_id = applied.measure_id
            limit 1
        ) as measures
        where treated.declaration_id = %(declaration_id)s

        union all
        select
            steps.happened_at, steps.place, steps.what_en, steps.what_zh, steps.told_en,
            steps.told_zh, null
        from treatment.treatments as treated
        inner join treatment.rebuttals as cases on cases.measure_id = any(treated.measure_ids)
        cross join lateral (
            values
            (cases.opened_at, 10, 'Party rebutted a measure', '当事人提出反证', cases.statement,
                cases.statement),
            (cases.reviewed_at, 11, 'Rebuttal reviewed', '反证审查', cases.review_en,
                cases.review_zh)
        ) as steps (happened_at, place, what_en, what_zh, told_en, told_zh)
        where treated.declaration_id = %(declaration_id)s

        union all
        select referred_at, 12, 'Referred', '移交', referral_kind || ': ' || reason_en,
            referral_kind || '：' || reason_zh, null
        from treatment.referrals
        where declaration_id = %(declaration_id)s
    """,
)

STORY: tuple[View, ...] = (DECLARED, ASSESSED, TREATED)
