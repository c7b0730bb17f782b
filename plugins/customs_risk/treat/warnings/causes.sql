-- What stands at %(moment)s and is to be warned of. One row per cause, risk domain and subject; `is_public` says
-- whether public information bears it out by itself. Titles and advice are made of public code lists alone.
with

today as (
    select (%(moment)s::timestamptz at time zone %(zone)s)::date as "day"
),

countries as (select * from core.countries),

-- of goods: the newest edition of the Harmonized System; Chinese names are held for chapters
headings as (
    select distinct on (codes.hs_code)
        codes.hs_code as hs,
        split_part(codes.name_en, ';', 1) as goods_en,
        coalesce(codes.name_zh, chapters.name_zh) as goods_zh
    from reference.hs_codes as codes
    left join reference.hs_codes as chapters
        on codes.hs_edition = chapters.hs_edition and left(codes.hs_code, 2) = chapters.hs_code
    order by codes.hs_code asc, codes.hs_edition desc
),

domains (risk_domain, domain_en, domain_zh) as (
    values
    ('prohibited_restricted', 'prohibited or restricted goods', '禁限管制'),
    ('port_health', 'port public health', '口岸公共卫生'),
    ('biosecurity', 'national biosafety', '国门生物安全'),
    ('food_safety', 'food safety', '食品安全'),
    ('commodity_quality', 'commodity quality', '商品质量安全'),
    ('tax', 'tax security', '税收安全'),
    ('ipr', 'intellectual property', '知识产权'),
    ('other', 'other risks', '其他领域')
),

diseases as (
    select "key" as disease, "value" as disease_zh from jsonb_each_text(%(diseases)s::jsonb)
),

-- what somebody told that is adverse and still holds; of one event that several tell, who told it in public, or first
signals as (
    select distinct on (coalesce(told.event_key, told.signal_id), told.country, told.hs)
        told.signal_id,
        coalesce(told.event_key, told.signal_id) as event,
        told.feed,
        told.risk_domain,
        told.country,
        told.hs,
        told.severity,
        told.confidentiality = 'public' as is_public,
        told.happened_on
    from intermediate.int_latest_signals as told
    where told.is_adverse and told.is_in_force and told.confidentiality <> 'secret' and told.country is not null
    order by
        coalesce(told.event_key, told.signal_id) asc, told.country asc, told.hs asc,
        told.confidentiality = 'public' desc, told.first_known_at asc, told.signal_id asc
),

trade as (
    select
        declarations.origin_country as country,
        left(declarations.hs6, 4) as heading,
        count(*) as declarations
    from core.declarations as declarations
    cross join today
    where declarations.known_on > today."day" - %(trade_days)s::integer
    group by declarations.origin_country, left(declarations.hs6, 4)
),

focus_rises as (
    select
        'focus_rise' as cause,
        case focus.measure when 'price' then 'tax' else 'other' end as risk_domain,
        focus.subject_kind,
        focus.subject_key || '|' || focus.measure as subject_key,
        null::text as country,
        case when focus.subject_kind in ('hs6', 'hs6_origin', 'route') then left(focus.subject_key, 6) end as hs,
        case
            when focus.measure = 'find_rate' and focus.level_after >= %(focus_high_rate)s then 'high' else 'medium'
        end as "level",
        false as is_public,
        format('Trade that has left its own past (%%s, by %%s)', focus.measure, focus.subject_kind) as title_en,
        format('贸易偏离自身历史（%%s，按%%s）', focus.measure, focus.subject_kind) as title_zh,
        'Look at what changed, and whether the parameters in force meet it.' as advice_en,
        '核查变化原因，检视现行参数是否覆盖。' as advice_zh,
        focus.en as words_en,
        focus.zh as words_zh,
        jsonb_build_array(jsonb_build_object('mart', 'assessment.focus', 'key', focus.focus_id)) as evidence,
        1 as evidence_rows
    from assessment.focus as focus
    where focus.status = 'in_focus' and focus.is_adverse and focus.measure in ('find_rate', 'volume', 'price')
),

food_told as (
    select
        left(signals.hs, 4) as hs,
        signals.country,
        count(distinct signals.feed) as sources,
        count(distinct signals.feed) filter (where signals.is_public) as public_sources,
        count(*) as alerts,
        bool_or(signals.severity = 'high') as is_severe,
        string_agg(distinct signals.feed, ', ' order by signals.feed) as feeds,
        jsonb_agg(
            jsonb_build_object('mart', 'core.risk_signals', 'key', signals.signal_id) order by signals.signal_id
        ) as evidence
    from signals
    cross join today
    where
        signals.risk_domain = 'food_safety'
        and length(signals.hs) >= 4
        and signals.happened_on > today."day" - %(food_days)s::integer
    group by left(signals.hs, 4), signals.country
    having count(distinct signals.feed) >= %(food_sources)s
),

food_alerts as (
    select
        'food_alerts' as cause,
        'food_safety' as risk_domain,
        'commodity_origin' as subject_kind,
        food_told.hs || '|' || food_told.country as subject_key,
        food_told.country,
        food_told.hs,
        case when food_told.is_severe then 'high' else 'medium' end as "level",
        food_told.public_sources >= %(food_sources)s as is_public,
        format(
            'Food safety: alerts on %%s (HS %%s) from %%s',
            coalesce(headings.goods_en, 'goods'), food_told.hs, countries.name_en
        ) as title_en,
        format(
            '食品安全：原产于%%s的%%s（HS %%s）多次预警',
            coalesce(countries.name_zh, countries.name_en), coalesce(headings.goods_zh, '商品'), food_told.hs
        ) as title_zh,
        'Importers check their suppliers and test before import; what is unsafe is reported to customs.' as advice_en,
        '进口企业应核查供应商并加强进口前检测，发现问题及时向海关报告。' as advice_zh,
        format('%%s alerts of %%s sources: %%s', food_told.alerts, food_told.sources, food_told.feeds) as words_en,
        format('%%s个来源共%%s条预警：%%s', food_told.sources, food_told.alerts, food_told.feeds) as words_zh,
        food_told.evidence,
        food_told.alerts::integer as evidence_rows
    from food_told
    inner join countries using (country)
    left join headings using (hs)
),

-- an event's name is: outbreak, disease, country, quarter
outbreaks_told as (
    select
        signals.*,
        split_part(signals.event, '|', 2) as disease
    from signals
    cross join today
    where
        signals.risk_domain in ('biosecurity', 'port_health')
        and signals.event like 'outbreak|%%'
        and signals.happened_on > today."day" - %(outbreak_days)s::integer
),

outbreaks_known as (
    select
        told.risk_domain,
        told.country,
        told.disease,
        bool_or(told.is_public) as is_public,
        bool_or(told.severity = 'high') as is_severe,
        count(*) as signals,
        -- what carries it; where one report names no goods, all do
        case when not bool_or(told.hs is null) then array_agg(left(told.hs, 4)) end as headings,
        jsonb_agg(
            jsonb_build_object('mart', 'core.risk_signals', 'key', told.signal_id) order by told.signal_id
        ) as evidence
    from outbreaks_told as told
    group by told.risk_domain, told.country, told.disease
),

-- one outbreak to the trade in the goods that carry it
outbreaks_met as (
    select
        known.*,
        met.declarations
    from outbreaks_known as known
    cross join lateral (
        select sum(trade.declarations) as declarations
        from trade
        where
            trade.country = known.country
            and (known.headings is null or trade.heading = any(known.headings))
    ) as met
),

outbreaks as (
    select
        'outbreak' as cause,
        met.risk_domain,
        'country_disease' as subject_kind,
        met.country || '|' || met.disease as subject_key,
        met.country,
        null::text as hs,
        case when met.is_severe then 'high' else 'medium' end as "level",
        met.is_public,
        format('Outbreak of %%s in %%s', met.disease, countries.name_en) as title_en,
        format(
            '%%s暴发%%s疫情',
            coalesce(countries.name_zh, countries.name_en), coalesce(diseases.disease_zh, met.disease)
        ) as title_zh,
        case met.risk_domain
            when 'port_health'
                then 'Travellers and carriers from there watch for symptoms and report them to customs on arrival.'
            else 'Importers of animals and their products from there heed the quarantine requirements in force.'
        end as advice_en,
        case met.risk_domain
            when 'port_health' then '来自该地的人员及承运人注意症状，入境时主动向海关申报。'
            else '进口该地动物及其产品的企业应遵守现行检疫要求。'
        end as advice_zh,
        format('%%s reports; %%s declarations from there lately', met.signals, met.declarations) as words_en,
        format('通报%%s条；近期来自该地的报关单%%s份', met.signals, met.declarations) as words_zh,
        met.evidence,
        met.signals::integer as evidence_rows
    from outbreaks_met as met
    inner join countries using (country)
    left join diseases using (disease)
    where met.declarations > 0
),

findings_met as (
    select
        findings.risk_domain,
        findings.hs6,
        findings.origin_country as country,
        count(*) as findings,
        count(distinct findings.declaration_id) as declarations,
        sum(findings.additional_duty_cny) as duty_cny,
        jsonb_agg(
            jsonb_build_object('mart', 'core.findings', 'key', findings.result_id) order by findings.result_id
        ) as evidence
    from core.findings as findings
    cross join today
    where
        not findings.is_backfill
        and findings.known_on > today."day" - %(finding_days)s::integer
        and (
            findings.risk_domain in ('prohibited_restricted', 'food_safety', 'biosecurity', 'port_health')
            or findings.additional_duty_cny >= %(finding_duty_cny)s
        )
    group by findings.risk_domain, findings.hs6, findings.origin_country
),

serious_findings as (
    select
        'serious_finding' as cause,
        met.risk_domain,
        'commodity_origin' as subject_kind,
        met.hs6 || '|' || coalesce(met.country, '-') as subject_key,
        met.country,
        met.hs6 as hs,
        'high' as "level",
        false as is_public,
        format(
            'Findings of inspections: %%s, %%s (HS %%s) from %%s',
            domains.domain_en, coalesce(headings.goods_en, 'goods'), met.hs6, coalesce(countries.name_en, 'unknown')
        ) as title_en,
        format(
            '查获情况：%%s，原产于%%s的%%s（HS %%s）',
            domains.domain_zh, coalesce(countries.name_zh, countries.name_en, '不详'),
            coalesce(headings.goods_zh, '商品'), met.hs6
        ) as title_zh,
        'Examine such goods for the same; check what the same parties brought in before.' as advice_en,
        '对同类货物加强针对性查验，并回溯相关企业既往进口情况。' as advice_zh,
        format(
            '%%s findings on %%s declarations, additional duty %%s yuan',
            met.findings, met.declarations, coalesce(round(met.duty_cny), 0)
        ) as words_en,
        format(
            '%%s份报关单查获%%s起，补税%%s元', met.declarations, met.findings, coalesce(round(met.duty_cny), 0)
        ) as words_zh,
        met.evidence,
        met.findings::integer as evidence_rows
    from findings_met as met
    inner join domains using (risk_domain)
    left join countries using (country)
    left join headings on met.hs6 = headings.hs
),

final as (
    select * from focus_rises
    union all
    select * from food_alerts
    union all
    select * from outbreaks
    union all
    select * from serious_findings
)

select * from final
