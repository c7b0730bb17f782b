"""Declarations: a list by office, day, way of selection, importer and finding; and each of them."""

from customs_risk.codes import LANES, LEVELS, METHODS, OFFICES
from customs_risk.web.page import Page, Section
from customs_risk.web.pages import declaration
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

_FINDING = {
    "true": Words("with a finding", "有查获"),
    "false": Words("inspected without one", "查验未查获"),
}

DECLARATIONS = View(
    name="declarations",
    title=Words("Declarations", "报关单"),
    reads="core",
    note=Words(
        "By the day on which a declaration became known, the newest first. Without a first day, "
        "the day of the last decision is shown; of one way of selection or result, the seven days "
        "up to it; of one importer, ninety.",
        "按获知日期倒序。未选起始日时显示最近决定日；指定选查方式或结果时为截至该日的七天；指定进口人时为九十天。",
    ),
    # what is listed is cut before anything is looked up for it; a condition on the decision or the
    # result is put to the whole period
    query="""
        with
        period as materialized (
            select
                coalesce(%(to_on)s::date, 'infinity') as to_on,
                coalesce(
                    %(from_on)s::date,
                    coalesce(
                        %(to_on)s::date,
                        (select max(decided_on) from treatment.decisions),
                        current_date
                    ) - case
                        when %(importer_id)s::text is not null then 89
                        when coalesce(%(method)s::text, %(has_finding)s::text) is not null then 6
                        else 0
                    end
                ) as from_on
        ),
        listed as materialized (
            select told.*
            from core.declarations as told
            where
                told.known_on >= (select period.from_on from period)
                and told.known_on <= (select period.to_on from period)
                and (%(office_code)s::text is null or told.office_code = %(office_code)s)
                and (%(importer_id)s::text is null or told.importer_id = %(importer_id)s)
                and (%(method)s::text is null or told.declaration_id in (
                    select decided.declaration_id
                    from treatment.decisions as decided
                    where
                        decided.selected_by = %(method)s
                        and decided.decided_on >= (select period.from_on - 7 from period)
                ))
                and (%(has_finding)s::text is null or told.declaration_id in (
                    select results.declaration_id
                    from core.inspections as results
                    where results.known_on >= (select period.from_on from period)
                    group by results.declaration_id
                    having bool_or(results.has_finding) = (%(has_finding)s = 'true')
                ))
            order by told.known_on desc, told.declaration_id
            limit %(most)s
        )
        select
            listed.known_on, listed.declaration_id, listed.office_code, listed.importer_id,
            listed.importer_name, listed.hs6, listed.goods_name, listed.origin_country,
            listed.declared_value_cny, listed.is_corrected, decided.lane, decided.selected_by,
            decided.level, results.has_finding, results.additional_duty_cny
        from listed
        left join treatment.decisions as decided
            on
                listed.importer_id = decided.importer_id
                and listed.declaration_id = decided.declaration_id
        left join lateral (
            select
                bool_or(found.has_finding) as has_finding,
                sum(found.additional_duty_cny) as additional_duty_cny
            from core.inspections as found
            where found.declaration_id = listed.declaration_id
        ) as results on true
        order by listed.known_on desc, listed.declaration_id
    """,
    filters=(
        Filter("office_code", Words("Office", "关区"), choices=OFFICES),
        Filter("from_on", Words("Known from", "获知起始日"), kind="date"),
        Filter("to_on", Words("to", "截止日"), kind="date"),
        Filter("method", Words("Selected by", "选查方式"), choices=METHODS),
        Filter("importer_id", Words("Importer", "进口人")),
        Filter("has_finding", Words("Result", "结果"), choices=_FINDING),
    ),
    most=200,
    columns=(
        Column("known_on", Words("Day", "日期"), "date"),
        Column(
            "declaration_id", Words("Declaration", "报关单"), link="declarations/{declaration_id}"
        ),
        Column("office_code", Words("Office", "关区"), codes=OFFICES),
        Column(
            "importer_id",
            Words("Importer", "进口人"),
            link="declarations?importer_id={importer_id}",
        ),
        Column("importer_name", Words("Importer's name", "进口人名称")),
        Column("hs6", Words("Commodity", "商品编码")),
        Column("goods_name", Words("Goods", "品名")),
        Column("origin_country", Words("Origin", "原产国")),
        Column("declared_value_cny", Words("Value", "申报价值"), "yuan"),
        Column("level", Words("Level", "风险等级"), codes=LEVELS),
        Column("lane", Words("Lane", "通道"), codes=LANES),
        Column("selected_by", Words("Selected by", "选查方式"), codes=METHODS),
        Column("has_finding", Words("Finding", "查获"), "flag"),
        Column("additional_duty_cny", Words("Additional duty", "补税"), "yuan"),
        Column("is_corrected", Words("Corrected", "已更正"), "flag"),
    ),
)

PAGE = Page(
    name="declarations",
    title=Words("Declarations", "报关单"),
    about=Words(
        "Each declaration with its lane, how it was selected and what was found; behind its number "
        "is its whole story, and what was known of it at any moment.",
        "每份报关单的通道、选查方式与结果；点击单号查看全过程及任一时点的所知。",
    ),
    reads="core",
    sections=(Section(DECLARATIONS),),
    below=(declaration.ONE,),
)
