"""Why a capacity is recommended, in both languages."""

from datetime import date

from ml.allocation.recommend import Recommendation

_DOMAINS = {
    "prohibited_restricted": ("prohibited and restricted", "禁限管制"),
    "port_health": ("port health", "口岸公共卫生"),
    "biosecurity": ("biosecurity", "国门生物安全"),
    "food_safety": ("food safety", "食品安全"),
    "commodity_quality": ("commodity quality", "商品质量安全"),
    "tax": ("tax", "税收安全"),
    "ipr": ("intellectual property", "知识产权"),
    "other": ("other", "其他"),
}
# a capacity that moves by less is as it is
_SAME = 0.005


def run_words(made: Recommendation, month_on: date) -> tuple[str, str]:
    """Return what is asked: what all offices together are to do, and what that should gain."""
    findings, low, high = made.expected_gain()["findings"]
    revenue, revenue_low, revenue_high = made.expected_gain()["revenue_cny"]
    moved = made.recommended_rate / made.present_rate - 1
    more, fewer = int((moved > _SAME).sum()), int((moved < -_SAME).sum())
    hours = float(made.recommended.officer_hours.sum())
    today = float(made.present.officer_hours.sum())
    now = float(made.present.findings.sum())
    return (
        f"Inspection capacity of {month_on:%Y-%m}: {more} offices inspect more, {fewer} fewer, "
        f"with {hours:,.0f} officer-hours in all (today {today:,.0f}). "
        f"Expected: {findings:+,.1f} findings (95 % interval {low:+,.1f} to {high:+,.1f}; today "
        f"{now:,.0f}) and {revenue:+,.0f} CNY ({revenue_low:+,.0f} to {revenue_high:+,.0f})",
        f"{month_on:%Y年%m月}查验力量配置：{more}个关区增加，{fewer}个关区减少，合计{hours:,.0f}人时"
        f"（现为{today:,.0f}）。预计查获{findings:+,.1f}"
        f"（95%区间{low:+,.1f}至{high:+,.1f}；现为{now:,.0f}），"
        f"税款{revenue:+,.0f}元（{revenue_low:+,.0f}至{revenue_high:+,.0f}）",
    )


def cell_words(made: Recommendation, office: int, domain: int) -> tuple[str, str]:
    """Return why an office is to have this capacity, and what of it concerns a domain."""
    change = made.recommended_rate[office] / made.present_rate[office] - 1
    own = 100 * made.marginal_present["findings"][office].sum()
    usual = 100 * _usual(made)
    now, then = (each.officer_hours[office, domain] for each in (made.present, made.recommended))
    en, zh = _DOMAINS[made.domains[domain]]
    if abs(change) < _SAME:
        side_en, side_zh = "keeps its capacity", "维持现有查验力量"
    elif change > 0:
        side_en, side_zh = f"inspects {change:.0%} more", f"查验增加{change:.0%}"
    else:
        side_en, side_zh = f"inspects {-change:.0%} less", f"查验减少{-change:.0%}"
    return (
        f"The office {side_en}: its next 100 officer-hours would find {own:.1f}, those of all "
        f"offices {usual:.1f}. Of its hours, {en}: {now:,.0f} now, {then:,.0f} then",
        f"该关区{side_zh}：再投入100人时预计查获{own:.1f}，全部关区为{usual:.1f}。"
        f"其中{zh}人时：现{now:,.0f}，拟{then:,.0f}",
    )


def _usual(made: Recommendation) -> float:
    """Findings of one more officer-hour over all offices, each as large as its hours."""
    hours = made.present.officer_hours.sum(axis=1)
    return float(made.marginal_present["findings"].sum(axis=1) @ hours / hours.sum())
