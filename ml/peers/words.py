"""What peers are compared by and who they are, in words: English and Chinese."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Measure:
    """One thing that peers are compared by.

    A share is told as ``_hits`` of ``_trials``. A ratio is told as ``_value`` (its logarithm; of a
    spread, the cube root of the ratio of variances), the ``_variance`` that chance gives that, and
    ``_trials``. ``risky`` is the side that speaks of risk.
    """

    name: str
    unit: Literal["share", "ratio", "spread"]
    risky: Literal["above", "below"]
    en: str
    zh: str


MEASURES = (
    Measure("price", "ratio", "below", "unit price of the same goods", "同类货物单价"),
    Measure("price_spread", "spread", "above", "spread of unit prices", "单价离散程度"),
    Measure("find_rate", "share", "above", "inspections with a finding", "查验查获率"),
    Measure("reduced_rate", "share", "above", "declared at a reduced rate", "低税率申报占比"),
    Measure("correction", "share", "above", "corrected afterwards", "事后修改占比"),
    Measure("new_seller", "share", "above", "with a new seller", "新卖方占比"),
    Measure("transshipment", "share", "above", "transshipped", "转运占比"),
    Measure("off_hours", "share", "above", "declared at night or weekends", "夜间及周末申报占比"),
)

_KINDS = {
    "importer": ("importers", "进口商"),
    "declarant": ("declarants", "申报单位"),
    "hs6_origin": ("goods by origin", "分原产地商品"),
    "office": ("offices", "海关"),
}
_TRAITS = {
    "large": ("large", "大型"),
    "medium": ("medium-sized", "中型"),
    "small": ("small", "小型"),
    "air": ("mostly by air", "以空运为主"),
    "surface": ("mostly by sea or land", "以海运陆运为主"),
    "-": ("origins without a stated kind of rate", "未注明税率类型的原产地"),
}
_SIDES = {"above": ("above", "高"), "below": ("below", "低")}


def deviation_words(measure: Measure, row: Any) -> tuple[str, str]:
    """Return how a subject differs from its peers; ``row`` is one of ``deviations``."""
    en, zh = group_words(row.subject_kind, row.group_key)
    if measure.unit == "share":
        hits = round(row.value * row.observations)
        return (
            f"{hits:,} of {row.observations:,} {measure.en} ({100 * row.value:.1f} %), against "
            f"{100 * row.peer_value:.1f} % among its {row.peers:,} peers ({en})",
            f"{measure.zh}{row.value:.1%}（{row.observations:,}之{hits:,}），"
            f"其{row.peers:,}个同组对象（{zh}）为{row.peer_value:.1%}",
        )
    en_side, zh_side = _SIDES[row.direction]
    gap = abs(row.value / row.peer_value - 1)
    return (
        f"{measure.en} {100 * gap:.0f} % {en_side} that of its {row.peers:,} peers ({en})",
        f"{measure.zh}比其{row.peers:,}个同组对象（{zh}）{zh_side}{gap:.0%}",
    )


def group_words(kind: str, group_key: str) -> tuple[str, str]:
    """Return what a group of peers is, in English and in Chinese."""
    en, zh = _KINDS[kind]
    if group_key == "all":
        return f"all {en}", f"全部{zh}"
    english, chinese = zip(_KINDS[kind], *map(_trait_words, group_key.split("|")), strict=True)
    return ", ".join(english), "、".join(chinese)


def _trait_words(trait: str) -> tuple[str, str]:
    if trait in _TRAITS:
        return _TRAITS[trait]
    if not trait.isdigit():
        return f"origins under {trait}", f"{trait}项下原产地"
    return (
        (f"chapter {trait}", f"第{trait}章")
        if len(trait) == 2
        else (f"heading {trait}", f"品目{trait}")
    )
