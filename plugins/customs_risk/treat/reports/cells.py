"""What cells and charts of every report show: counts, figures with intervals, how they moved."""

from collections.abc import Iterable
from typing import Any

from customs_risk.treat.reports.content import Cell, Chart, Section, Series, Table
from customs_risk.words import Words

_ROSE, _FELL, _SAME = (
    Words("rose", "上升"),
    Words("fell", "下降"),
    Words("not clear", "不明显"),
)
_NEW = Words("no figure before", "无上期数")


def series(name: Words, rates: Iterable[dict[str, Any] | None]) -> Series:
    told = [rate or {} for rate in rates]
    columns = (tuple(rate.get(end) for rate in told) for end in ("value", "low", "high"))
    return Series(name, *columns)


def change(now: dict[str, Any], before: dict[str, Any] | None) -> Words:
    """Return how a figure moved: it rose or fell if the two intervals have nothing in common."""
    if not before or before["value"] is None or now["value"] is None:
        return _NEW
    if None in (now["low"], now["high"], before["low"], before["high"]):
        return _SAME
    if now["low"] > before["high"]:
        return _ROSE
    return _FELL if now["high"] < before["low"] else _SAME


def count(value: float | None) -> Cell:
    if value is None:
        return Cell("–")
    text = f"{value:,.0f}" if float(value).is_integer() or value >= 1000 else f"{value:,.2f}"
    return Cell(text, float(value))


def figure(value: float | None, unit: str) -> Cell:
    return Cell("–") if value is None else Cell(_said(value, unit), float(value))


def interval(low: float | None, high: float | None, unit: str) -> Cell:
    if low is None or high is None:
        return Cell("–")
    return Cell(f"{_said(low, unit)} – {_said(high, unit)}")


def _said(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def listed(
    key: str,
    title: Words,
    columns: tuple[Words, ...],
    rows: Iterable[tuple[Cell, ...]],
    nothing: Words,
    chart: Chart | None = None,
) -> Section:
    """Return a section with a table and its chart, or what is said when there are no rows."""
    if told := tuple(rows):
        return Section(key, title, chart=chart, table=Table(columns, told))
    return Section(key, title, (nothing,))
