"""The dictionary of features: what each number means, in words, and which way it may push.

A feature is a column of intermediate.int_declaration_features, known strictly before the
declaration's day. Its direction is a promise that the model keeps (a monotone constraint): with
+1 a higher value never lowers the likelihood, with -1 never raises it, 0 leaves it open.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["share", "count", "log_count", "log_cny", "log_kg", "percent", "z", "flag", "tier"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """One model input.

    ``en`` and ``zh`` are its phrase as a hazard factor; ``{}`` stands for the value in its unit.
    A flag has a second phrase for when it is not raised. ``told_by`` names the feature whose
    phrase speaks for this one: evidence counts have no words of their own.
    """

    name: str
    meaning_en: str
    meaning_zh: str
    unit: Unit
    direction: Literal[-1, 0, 1]
    en: str
    zh: str
    en_not: str = ""
    zh_not: str = ""
    told_by: str = ""

    @property
    def feature_set(self) -> int:
        """The set that it came with; declarations that were scored before had no such feature."""
        return 2 if self.name in _SECOND_SET else 1


_SECOND_SET = {
    "licence_count",
    "is_licence_missing",
    "log_origin_signals",
    "is_transshipped",
    "is_by_air",
    "containers",
}

# what a profile is kept of: name in a column, in English, in Chinese
PROFILES: dict[str, tuple[str, str]] = {
    "importer": ("this importer", "该进口商"),
    "declarant": ("this declarant", "该申报单位"),
    "seller": ("this seller", "该境外卖方"),
    "office": ("this customs office", "该申报海关"),
    "hs6": ("this commodity code", "该商品编码"),
    "hs6_origin": ("this commodity from this origin", "该原产地的该商品"),
    "route": ("this commodity on this route", "该商品的该航线"),
    "office_origin": ("this origin at this office", "该海关的该原产地"),
    "importer_origin": ("this importer's goods from this origin", "该进口商自该原产地的货物"),
    "importer_hs6": ("this importer's trade in this commodity", "该进口商的该商品"),
    "consignment": ("the same goods, route and mass", "同商品、同航线、同重量的货物"),
}


def _rate(kind: str) -> Feature:
    en, zh = PROFILES[kind]
    return Feature(
        name=f"rate_{kind}",
        meaning_en=f"find rate of earlier inspections of {en}, smoothed towards the overall rate",
        meaning_zh=f"{zh}以往查验的查获率（向总体查获率平滑）",
        unit="share",
        direction=1,
        en=f"estimated find rate of {en} {{}}",
        zh=f"{zh}估计查获率{{}}",
    )


def _evidence(kind: str) -> Feature:
    en, zh = PROFILES[kind]
    return Feature(
        name=f"log_inspections_{kind}",
        meaning_en=f"earlier inspections of {en}, as log(1 + n)",
        meaning_zh=f"{zh}以往查验次数，取 log(1 + n)",
        unit="log_count",
        direction=0,
        en=f"{{}} earlier inspections of {en}",
        zh=f"{zh}以往查验{{}}次",
        told_by=f"rate_{kind}",
    )


def _recent(kind: str) -> Feature:
    en, zh = PROFILES[kind]
    return Feature(
        name=f"recent_rate_{kind}",
        meaning_en=f"find rate of {en} in the last 28 days, smoothed",
        meaning_zh=f"{zh}近28天的查获率（平滑）",
        unit="share",
        direction=1,
        en=f"estimated find rate of {en} in the last 28 days {{}}",
        zh=f"{zh}近28天估计查获率{{}}",
    )


def _revenue(kind: str) -> Feature:
    en, zh = PROFILES[kind]
    return Feature(
        name=f"revenue_per_inspection_{kind}",
        meaning_en=f"additional duty per earlier inspection of {en}, log(1 + CNY), smoothed",
        meaning_zh=f"{zh}以往每次查验补税额，取 log(1 + 元)（平滑）",
        unit="log_cny",
        direction=1,
        en=f"earlier inspections of {en} brought an estimated {{}} each",
        zh=f"{zh}以往每次查验估计补税{{}}",
    )


def _activity(kind: str) -> Feature:
    en, zh = PROFILES[kind]
    return Feature(
        name=f"log_declarations_{kind}",
        meaning_en=f"earlier declarations of {en}, as log(1 + n)",
        meaning_zh=f"{zh}以往申报次数，取 log(1 + n)",
        unit="log_count",
        direction=0,
        en=f"{{}} earlier declarations of {en}",
        zh=f"{zh}以往申报{{}}次",
    )


def _plain(
    name: str,
    unit: Unit,
    meaning: tuple[str, str],
    words: tuple[str, str],
    direction: Literal[-1, 0, 1] = 0,
) -> Feature:
    return Feature(name, *meaning, unit, direction, *words)


def _flag(
    name: str,
    meaning: tuple[str, str],
    raised: tuple[str, str],
    not_raised: tuple[str, str],
    direction: Literal[-1, 0, 1] = 0,
) -> Feature:
    return Feature(name, *meaning, "flag", direction, *raised, *not_raised)


FEATURES: tuple[Feature, ...] = (
    _plain(
        "log_value",
        "log_cny",
        ("log of declared value in CNY", "申报价值（元）的对数"),
        ("declared value {}", "申报价值{}"),
    ),
    _plain(
        "log_mass",
        "log_kg",
        ("log of net mass in kg", "净重（千克）的对数"),
        ("net mass {}", "净重{}"),
    ),
    _plain(
        "log_unit_value",
        "log_cny",
        ("log of declared value per kg in CNY", "每千克申报价格的对数"),
        ("declared price {} per kg", "申报单价每千克{}"),
    ),
    _plain(
        "tax_rate_pct",
        "percent",
        ("tax rate in per cent", "税率（%）"),
        ("tax rate {}", "税率{}"),
    ),
    _plain(
        "credit_tier_rank",
        "tier",
        ("importer's credit tier, 1 best to 5 worst", "进口商信用等级，1最优至5最差"),
        ("credit tier {} of 5", "信用等级第{}档（共5档）"),
        1,
    ),
    _plain(
        "rate_goods",
        "share",
        (
            "find rate of goods like these: same mass within route within origin within commodity",
            "同类货物查获率：由商品、原产地、航线至同重量逐级平滑",
        ),
        ("estimated find rate of goods like these {}", "同类货物估计查获率{}"),
        1,
    ),
    *(_rate(kind) for kind in PROFILES),
    *(_evidence(kind) for kind in PROFILES),
    *(_recent(kind) for kind in ("importer", "hs6_origin")),
    *(_revenue(kind) for kind in ("importer", "hs6_origin")),
    *(_activity(kind) for kind in ("importer", "importer_hs6", "consignment")),
    _flag(
        "is_first_importer_hs6",
        ("importer's first trade in this commodity", "进口商首次进口该商品"),
        ("importer's first trade in this commodity", "进口商首次进口该商品"),
        ("importer has traded this commodity before", "进口商曾进口该商品"),
    ),
    _flag(
        "is_first_importer_origin",
        ("importer's first from this origin", "进口商首次自该原产地进口"),
        ("importer's first goods from this origin", "进口商首次自该原产地进口"),
        ("importer has bought from this origin before", "进口商曾自该原产地进口"),
    ),
    _flag(
        "is_first_seller_importer",
        ("first trade of seller and importer", "买卖双方首次交易"),
        ("first trade between this seller and importer", "买卖双方首次交易"),
        ("seller and importer have traded before", "买卖双方曾有交易"),
    ),
    _plain(
        "price_z",
        "z",
        (
            "log price per kg against this commodity from this origin, standard deviations",
            "单价相对同商品同原产地的偏离（标准差）",
        ),
        ("price {} against this commodity and origin", "单价较同商品同原产地偏离{}"),
    ),
    _plain(
        "mass_z",
        "z",
        (
            "log mass against this commodity from this origin, standard deviations",
            "重量相对同商品同原产地的偏离（标准差）",
        ),
        ("mass {} against this commodity and origin", "重量较同商品同原产地偏离{}"),
    ),
    _plain(
        "price_z_importer_hs6",
        "z",
        (
            "log price per kg against the importer's own earlier trade, standard deviations",
            "单价相对该进口商以往同商品的偏离（标准差）",
        ),
        ("price {} against the importer's own earlier trade", "单价较该进口商以往偏离{}"),
    ),
    _flag(
        "has_government_notice",
        ("a government notice in force", "有效的政府部门通报"),
        ("a government notice on the importer is in force", "进口商有政府部门通报在效"),
        ("no government notice on the importer", "进口商无政府部门通报"),
        1,
    ),
    _flag(
        "has_watch_list_match",
        ("importer or seller on a watch list", "进口商或卖方在关注名单"),
        ("importer or seller is on a watch list", "进口商或卖方在关注名单上"),
        ("neither importer nor seller is on a watch list", "进口商和卖方均不在关注名单上"),
        1,
    ),
    _plain(
        "monitoring_fail_rate",
        "share",
        (
            "share of monitoring samples of this commodity and origin that fail, smoothed",
            "同商品同原产地监测样品不合格率（平滑）",
        ),
        ("monitoring samples of such goods that fail {}", "同类货物监测不合格率{}"),
        1,
    ),
    Feature(
        "log_monitoring_samples",
        "monitoring samples so far, log(1 + n)",
        "以往监测样品数，取 log(1 + n)",
        "log_count",
        0,
        "{} monitoring samples of such goods",
        "同类货物监测样品{}个",
        told_by="monitoring_fail_rate",
    ),
    _plain(
        "licence_count",
        "count",
        ("licences and certificates declared", "随附单证数"),
        ("{} licences and certificates declared", "随附单证{}份"),
    ),
    _flag(
        "is_licence_missing",
        (
            "no licence, where such goods were declared with one before",
            "未附单证，而同类货物以往附有单证",
        ),
        ("no licence, though such goods had one before", "未附单证，而同类货物以往附有单证"),
        ("no licence is missing that such goods had before", "未缺少同类货物以往所附单证"),
        1,
    ),
    _plain(
        "log_origin_signals",
        "log_count",
        (
            "risk signals about goods from this origin in the last 365 days, log(1 + n)",
            "近365天关于该原产地货物的风险信号数，取 log(1 + n)",
        ),
        (
            "{} risk signals about goods from this origin in the last 365 days",
            "近365天该原产地货物的风险信号{}条",
        ),
    ),
    _flag(
        "is_transshipped",
        ("goods that do not leave from their origin", "启运国与原产国不一致"),
        ("the goods do not leave from their origin", "启运国与原产国不一致"),
        ("the goods leave from their origin", "启运国与原产国一致"),
    ),
    _flag(
        "is_by_air",
        ("goods that come by air", "航空运输"),
        ("the goods come by air", "货物以航空运输"),
        ("the goods do not come by air", "货物不以航空运输"),
    ),
    _plain(
        "containers",
        "count",
        ("containers declared", "申报集装箱数"),
        ("{} containers declared", "申报集装箱{}个"),
    ),
)

NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
BY_NAME: dict[str, Feature] = {feature.name: feature for feature in FEATURES}


def directions(names: Sequence[str]) -> tuple[int, ...]:
    """Return the monotone constraint of each named feature. Raises KeyError for an unknown one."""
    return tuple(BY_NAME[name].direction for name in names)


_FORMATS: dict[Unit, tuple[Callable[[Floats], Floats], str, str]] = {
    "share": (lambda v: 100 * v, "{:.0f} %", "{:.0f}%"),
    "percent": (lambda v: v, "{:.1f} %", "{:.1f}%"),
    "count": (lambda v: v, "{:,.0f}", "{:,.0f}"),
    "log_count": (np.expm1, "{:,.0f}", "{:,.0f}"),
    "log_cny": (np.exp, "{:,.2f} CNY", "{:,.2f}元"),
    "log_kg": (np.exp, "{:,.1f} kg", "{:,.1f}千克"),
    "z": (lambda v: v, "{:+.1f} standard deviations", "{:+.1f}个标准差"),
    "tier": (lambda v: v, "{:.0f}", "{:.0f}"),
}


def phrases(feature: Feature, values: Floats) -> tuple[list[str], list[str]]:
    """Return the phrases of one feature for many values, in English and in Chinese."""
    if feature.unit == "flag":
        # 0 not raised, 1 raised, 2 not known
        state = np.where(np.isnan(values), 2, values >= 0.5).astype(int)
        english = (feature.en_not, feature.en, f"{feature.meaning_en}: not known")
        chinese = (feature.zh_not, feature.zh, f"{feature.meaning_zh}：未知")
        return [english[s] for s in state], [chinese[s] for s in state]
    convert, en_format, zh_format = _FORMATS[feature.unit]
    shown = convert(values)
    return (
        _filled(feature.en, en_format, shown, "not known"),
        _filled(feature.zh, zh_format, shown, "未知"),
    )


def _filled(template: str, number: str, values: Floats, unknown: str) -> list[str]:
    whole = template.replace("{}", number)
    missing = template.replace("{}", unknown)
    return [missing if value != value else whole.format(value) for value in values.tolist()]
