"""What dynamic focus says of a change, in both languages."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["rate", "count", "mean"]
Direction = Literal["rising", "falling"]


@dataclass(frozen=True)
class Measure:
    """What is watched of a subject: events among units, numbers of events, or means of units.

    Series of one group are watched together, within one allowance of false alarms.
    """

    name: str
    kind: Kind
    adverse: Direction
    en: str
    zh: str
    group: str


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("find_rate", "rate", "rising", "find rate", "查获率", "find_rate"),
        Measure("volume", "count", "rising", "declarations", "报关单数", "volume"),
        Measure(
            "price",
            "mean",
            "falling",
            "declared prices, against the usual ones of commodity and origin,",
            "申报单价（相对同商品同原产地）",
            "price",
        ),
    )
}

# a subject by the parts of its key
_SUBJECTS = {
    "importer": ("importer {0}", "进口人{0}"),
    "declarant": ("declarant {0}", "申报单位{0}"),
    "seller": ("seller {0}", "境外卖方{0}"),
    "office": ("customs office {0}", "海关{0}"),
    "hs6": ("commodity {0}", "商品{0}"),
    "hs6_origin": ("commodity {0} from {1}", "原产{1}的商品{0}"),
    "route": (
        "commodity {0} from {2} by way of {1} (kind of duty {3})",
        "自{1}启运、原产{2}的商品{0}（税种{3}）",
    ),
    "party": ("enterprise {0}", "企业{0}"),
    "country": ("country {0}", "国家{0}"),
    "commodity": ("commodity {0}", "商品{0}"),
    "commodity_origin": ("commodity {0} from {1}", "原产{1}的商品{0}"),
    "vessel": ("vessel {0}", "船舶{0}"),
    "container": ("container {0}", "集装箱{0}"),
    "flight": ("flight {0}", "航班{0}"),
}
_MOVED = {"rising": ("rose", "升至"), "falling": ("fell", "降至")}


def indicator_measure(code: str, formula: str, direction: str, en: str, zh: str) -> Measure:
    """Return how an indicator is watched: the share or the number of its events."""
    return Measure(
        name=code,
        kind="rate" if formula == "share" else "count",
        adverse="rising" if direction == "higher_is_riskier" else "falling",
        en=en,
        zh=zh,
        group="indicators",
    )


def words(
    measure: Measure,
    subject: tuple[str, str],
    direction: Direction,
    levels: tuple[float, float],
    since: date,
) -> tuple[str, str]:
    """Return what changed, of whom, from what to what and since when: in English, in Chinese."""
    kind, key = subject
    en, zh = (text.format(*key.split("|")) for text in _SUBJECTS[kind])
    moved_en, moved_zh = _MOVED[direction]
    (before_en, before_zh), (after_en, after_zh) = (_level(measure.kind, each) for each in levels)
    return (
        f"{en}: {measure.en} {moved_en} from {before_en} to {after_en} since {since}",
        f"{zh}：{measure.zh}自{since.year}年{since.month}月{since.day}日起"
        f"由{before_zh}{moved_zh}{after_zh}",
    )


def _level(kind: Kind, level: float) -> tuple[str, str]:
    if kind == "rate":
        return f"{level:.1%}".replace("%", " %"), f"{level:.1%}"
    if kind == "count":
        return f"{level:,.1f} a week", f"每周{level:,.1f}"
    return f"{level:+.2f} standard deviations", f"{level:+.2f}个标准差"
