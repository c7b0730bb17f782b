"""What a condition may speak of: what a declaration says, and what was known when it came.

This is the one place where declared attributes are told. Stored features tell themselves in
ml/features.py: each of them is an attribute, a flag as a boolean.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

AttributeType = Literal["text", "number", "boolean", "date"]


@dataclass(frozen=True)
class Attribute:
    """One word of the language: its type, its meaning, and the SQL that it stands for."""

    name: str
    type: AttributeType
    meaning_en: str
    meaning_zh: str
    sql: str


def _declared(name: str, type_: AttributeType, en: str, zh: str) -> Attribute:
    return Attribute(name, type_, en, zh, f"declarations.{name}")


DECLARED: tuple[Attribute, ...] = (
    _declared("hs6", "text", "HS code, six digits", "商品编码前六位"),
    _declared("goods_name", "text", "name of the goods as declared", "申报品名"),
    _declared("origin_country", "text", "country of origin, ISO 3166 alpha-2", "原产国"),
    _declared("departure_country", "text", "country of departure, ISO 3166 alpha-2", "启运国"),
    _declared("transport_mode", "text", "mode of transport", "运输方式"),
    _declared("trade_mode", "text", "customs supervision mode", "监管方式"),
    _declared("process_type", "text", "clearance process", "通关流程类型"),
    _declared("import_use", "text", "use of the imported goods", "进口用途"),
    _declared("payment_type", "text", "method of duty payment", "缴税方式"),
    _declared("tax_type", "text", "kind of duty rate", "税率种类"),
    _declared("tax_rate_pct", "number", "duty rate in per cent", "税率（%）"),
    _declared("origin_indicator", "text", "origin marking", "原产地标识"),
    _declared("declared_value_cny", "number", "declared value in yuan", "申报价值（元）"),
    _declared("net_mass_kg", "number", "net mass in kilograms", "净重（千克）"),
    Attribute(
        "licence_count",
        "number",
        "licences and certificates declared; null where none is told of",
        "随附单证数（未申报为空）",
        # an integer could overflow where numbers are multiplied
        "declarations.licence_count::numeric",
    ),
    _declared("office_code", "text", "customs office in charge", "主管关区代码"),
    _declared("importer_id", "text", "importer, unified social credit code", "进口人代码"),
    _declared("importer_name", "text", "name of the importer as declared", "申报的进口人名称"),
    _declared("importer_credit_tier", "text", "credit tier when declared", "申报时信用等级"),
    _declared("declarant_id", "text", "declaring broker", "申报单位"),
    _declared("seller_id", "text", "foreign seller", "境外卖方"),
    _declared("seller_name", "text", "name of the seller as declared", "申报的境外卖方名称"),
    _declared("courier_id", "text", "courier", "快件运营人"),
    _declared("conveyance_id", "text", "IMO number of the vessel, or flight", "运输工具编号"),
    _declared("conveyance_name", "text", "name of the means of transport", "运输工具名称"),
    _declared("bill_no", "text", "bill of lading or waybill", "提运单号"),
    _declared("container_numbers", "text", "containers, with semicolons between", "集装箱号"),
    _declared("known_on", "date", "business day on which it became known", "获知的业务日"),
)


@cache
def attributes() -> dict[str, Attribute]:
    """Return every attribute by its name; where both tell it, what is declared counts."""
    from ml.features import FEATURES

    known = {
        feature.name: Attribute(
            feature.name,
            "boolean" if feature.unit == "flag" else "number",
            feature.meaning_en,
            feature.meaning_zh,
            f"(features.{feature.name} = 1)"
            if feature.unit == "flag"
            else f"features.{feature.name}",
        )
        for feature in FEATURES
    }
    return known | {attribute.name: attribute for attribute in DECLARED}
